"""Which commits on a mission's own branch neither its merge nor a review covers.

Candidates are those that the branch it lands on lacks. Covered are the merge of the mission, commits that change only
the mission's folder, approved work of lane-planning from before the merge, and merges that hold what git makes of their
sides. What the others changed and took back again does not land and is no matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from specify_cli.conditions.landing_rules import Stray, harmful
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.survey import RECEIPT
from specify_cli.workspaces.trees import attributes

KEPT = "refs/spec-kitty/merged"
LANDED = "landed"
_LISTED = ("log", "--no-walk=unsorted", "-z", "--format=%H%x00%an <%ae>%x00%s", "--stdin")


@frozen
class _Merges:
    """The merges of a mission into its branch.

    Args:
        covered: the commits that they brought.
        last: the newest, and the branch before it; None where nothing came in.
    """

    covered: frozenset[str]
    last: tuple[str, str] | None


def strays(
    place: MissionPlace,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    status: Status,
    before: str,
    tip: str,
    git: Git | None = None,
) -> tuple[Stray, ...]:
    """The commits that would land uncovered, parents first.

    Args:
        before, tip: the branch that it lands on, and the mission's own.
        git: that which has the objects.
    """
    git = git or place.git
    landed = [commit for ref, commit in git.branches(KEPT).items() if ref.endswith(f"/{LANDED}")]
    words = ("rev-list", "--topo-order", "--reverse", "--parents", "--right-only", "--cherry-pick")
    listed = git.run(*words, f"{before}...{tip}", *(f"^{each}" for each in landed if each != tip)).splitlines()
    graph = {words[0]: tuple(words[1:]) for words in map(str.split, listed) if words}
    merges = _merges(place, git, status)
    candidates = {commit: parents for commit, parents in graph.items() if commit not in merges.covered}
    changed = _changed(place, git, [commit for commit, parents in candidates.items() if len(parents) < 2])
    changed |= {commit: _resolved(place, git, commit, each) for commit, each in candidates.items() if len(each) > 1}
    owners = _planning(packages, manifest, status)
    if not any(changed.values()):
        return ()
    differing = set(git.changed_between(git.merge_base(before, tip) or before, tip))
    since = set(git.changed_between(merges.last[0], tip)) if merges.last else None
    found = []
    for commit, parents in candidates.items():
        paths = changed.get(commit, ())
        if not paths:
            continue
        early = merges.last is None or git.is_ancestor(commit, merges.last[1])
        if early and all(any(package.manifest.owns(path) for package in owners) for path in paths):
            continue
        if left := harmful(paths, differing, None if early else since):
            found.append(Stray(commit, "", left, len(parents) > 1))
    return _named(git, found)


def _merges(place: MissionPlace, git: Git, status: Status) -> _Merges:
    closed = [each.data for each in status.mission_events if each.type == "mission_closed"]
    named = [str(data["merged_commit"]) for data in closed if data.get("outcome") == "merged"]
    commits = [commit for commit in named if commit.isalnum() and git.kind_of(commit) == "commit"]
    covered: set[str] = set()
    for commit in commits:
        covered |= {commit, *git.run("rev-list", commit, "--not", f"{commit}^1").split()}
    receipt = _receipt(place)
    last = None
    if receipt is not None and commits and receipt[0] == commits[-1]:
        last = receipt
        covered |= set(git.run("rev-list", last[0], "--not", last[1]).split())
    elif commits:
        last = (commits[-1], git.resolve(f"{commits[-1]}^1") or commits[-1])
    return _Merges(frozenset(covered), last)


def _receipt(place: MissionPlace) -> tuple[str, str] | None:
    """The commit of the merge and the branch before it."""
    text = place.read(RECEIPT)
    try:
        data = files.parse_json(text or "{}", place.where(RECEIPT))
    except Refused:
        return None
    result, target = data.get("result"), data.get("target")
    if not isinstance(result, dict) or not isinstance(target, dict):
        return None
    pair = (str(result.get("commit")), str(target.get("before")))
    return pair if all(each.isalnum() for each in pair) else None


def _planning(packages: Sequence[WorkPackage], manifest: LanesManifest | None, status: Status) -> list[WorkPackage]:
    lane = next((each for each in manifest.lanes if each.is_planning), None) if manifest else None
    ids = lane.wp_ids if lane else ()
    over = (Lane.APPROVED, Lane.DONE)
    return [each for each in packages if each.id in ids and status.snapshot.lane_of(each.id) in over]


def _changed(place: MissionPlace, git: Git, commits: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Commit -> files outside of the mission's folder that it changes."""
    if not commits:
        return {}
    words = ("diff-tree", "--stdin", "-r", "--root", "--always", "--name-only", "-z", "--no-renames")
    said = git.run(*words, "--ignore-submodules=none", input="".join(f"{each}\n" for each in commits))
    found: dict[str, list[str]] = {each: [] for each in commits}
    asked, current = iter(commits), ""
    coming = next(asked)
    for part in said.split("\0"):
        if part == coming:
            current, coming = part, next(asked, "")
        elif part and not _is_own(place, part):
            found[current].append(part)
    return {commit: tuple(paths) for commit, paths in found.items()}


def _resolved(place: MissionPlace, git: Git, commit: str, parents: Sequence[str]) -> tuple[str, ...]:
    """Files in which a merge is not what git makes of its sides."""
    if len(parents) != 2:
        return tuple(path for path in git.changed_between(parents[0], commit) if not _is_own(place, path))
    merged = git.merge_tree(parents[0], parents[1], attributes=attributes(place, git))
    differing = git.changed_between(merged.tree, commit) if merged.tree != git.tree_of(commit) else []
    return tuple(path for path in dict.fromkeys([*merged.conflicts, *differing]) if not _is_own(place, path))


def _is_own(place: MissionPlace, path: str) -> bool:
    return path.startswith(f"{place.relative}/")


def _named(git: Git, found: Sequence[Stray]) -> tuple[Stray, ...]:
    if not found:
        return ()
    parts = git.run(*_LISTED, input="".join(f"{each.commit}\n" for each in found)).split("\0")
    what: Mapping[str, str] = {
        commit: f"{subject}, {author}"
        for commit, author, subject in zip(parts[0::3], parts[1::3], parts[2::3], strict=False)
    }
    return tuple(Stray(each.commit, what.get(each.commit, ""), each.paths, each.joins) for each in found)
