"""Work that the host of a pull request has brought into the target by a commit of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.kernel.values import replace
from specify_cli.workspaces.forecast_models import LaneTip
from specify_cli.workspaces.trees import Workbench

_FAR = 200  # commits of the target, and files of the work, that are looked at


def pull_ref(slug: str) -> str:
    """Where the commit of a mission's pull request is kept until it is merged, so that the next one builds on it."""
    return f"refs/spec-kitty/pull/{slug}"


def with_arrived(bench: Workbench, target: str, start: str | None, lanes: Sequence[LaneTip]) -> tuple[LaneTip, ...]:
    """The lanes; those that the target has or had as a whole are `in_target`.

    A host that squashes or rebases leaves no trace of a lane. It is known by a commit of the target into which
    merging the lane brings nothing; what others changed since then stands, as it does after any merge.

    Args:
        start: a commit from which the lanes began, where one is known.
    """
    git, own = bench.git, bench.place.relative
    code = [lane for lane in lanes if lane.tip is not None and not lane.planning and not lane.given_up]
    merged = set(git.run("for-each-ref", f"--merged={target}", "--format=%(objectname)", "refs/heads/kitty").split())
    contained = {
        lane.tip: lane.tip in merged or (lane.gone and git.is_ancestor(str(lane.tip), target)) for lane in code
    }
    waiting = [str(tip) for tip, there in contained.items() if not there]
    if waiting and (start is None or git.commits(f"{start}..{target}", ".", f":(exclude,literal){own}")):
        whole = git.resolve(pull_ref(bench.place.slug))
        all_there = whole and all(git.is_ancestor(tip, whole) for tip in waiting) and arrived(bench, target, whole)
        contained |= {tip: all_there or arrived(bench, target, tip) for tip in waiting}
    return tuple(_of(lane, contained) for lane in lanes)


def _of(lane: LaneTip, contained: Mapping[str | None, bool]) -> LaneTip:
    there = contained.get(lane.tip, False)
    # Without its branch, work that has not arrived is work that this clone does not have.
    return replace(lane, in_target=there, tip=lane.tip if there or not lane.gone else None)


def arrived(bench: Workbench, target: str, tip: str) -> bool:
    """Whether some commit of the target held all that a commit brings."""
    git = bench.git
    base = git.merge_base(target, tip)
    if base is None or base == target:
        return False
    paths = [path for path in git.changed_between(base, tip) if not bench.is_own(path)][:_FAR]
    words = ("--literal-pathspecs", "rev-list", "--full-history", "--no-merges", f"-n{_FAR}")
    later = git.run(*words, target, f"^{tip}", "--", *paths).split() if paths else []
    return any(_holds(bench, commit, tip) for commit in reversed(later))


def _holds(bench: Workbench, commit: str, tip: str) -> bool:
    merged = bench.merge(commit, tip)
    return not merged.conflicts and merged.tree == bench.git.tree_of(commit)
