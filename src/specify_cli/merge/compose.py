"""The commits of a merge, made in the object database before anything refers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.merge import plan
from specify_cli.merge.plan import Composed, Titles
from specify_cli.status import lines, store
from specify_cli.workspaces.forecast_models import TARGET_STEP, Forecast, Outcome
from specify_cli.workspaces.records import Span
from specify_cli.workspaces.trees import Workbench, workbench

_PERSON = "%an%n%ae%n%aI"


@frozen
class Picks:
    """What the strategy rebase needs to know of the work packages.

    Args:
        order: work packages in the order in which they are applied.
        spans: work package -> its commits; those without are not applied.
    """

    order: Sequence[str]
    spans: Mapping[str, Span]


def compose(
    place: MissionPlace, forecast: Forecast, strategy: str, titles: Titles, wps: Sequence[str], picks: Picks
) -> Composed:
    """Make the commits that a forecast without conflicts stands for.

    Args:
        strategy: for mission -> target.
        wps: the work packages that come in, for the message.
        picks: their commits, for the strategy rebase.

    Raises:
        Refused: `REBASE_NOT_LINEAR`.
    """
    lanes, mission = _mission_commits(place, forecast, titles)
    kept = mission if forecast.mission is not None else None
    if plan.is_empty(forecast):
        return Composed(forecast.target, place.git.tree_of(forecast.target) or "", kept, lanes)
    if strategy == "rebase":
        applied = rebase(place, forecast, titles, picks)
        return Composed(applied[-1][1], forecast.tree, kept, lanes, applied)
    parents = [forecast.target] if strategy == "squash" else [forecast.target, mission]
    message = plan.code_message(titles, wps, place.mission_id)
    return Composed(place.git.commit_tree(forecast.tree, parents, message), forecast.tree, kept, lanes)


def _mission_commits(place: MissionPlace, forecast: Forecast, titles: Titles) -> tuple[dict[str, str], str]:
    """The lanes' merges again, as commits that stay: signed, with messages, by the user."""
    current = forecast.mission or forecast.target
    found: dict[str, str] = {}
    for step in forecast.steps:
        if step.name == TARGET_STEP:
            continue
        if step.outcome is not Outcome.CONTAINED:
            message = plan.lane_message(titles, step.name, step.wps)
            current = place.git.commit_tree(step.tree, [current, step.theirs], message)
        found[step.name] = current
    return found, current


def rebase(place: MissionPlace, forecast: Forecast, titles: Titles, picks: Picks) -> tuple[tuple[str, str], ...]:
    """One commit for each work package on top of the target.

    Raises:
        Refused: `REBASE_NOT_LINEAR`: they do not apply one by one, or together give another tree than the merge does.
    """
    resolved = [step.name for step in forecast.steps if step.outcome is Outcome.RESOLVED]
    if resolved:
        raise _not_linear(place, f"the merge of {', '.join(resolved)} holds a resolved conflict")
    git, bench = place.git, workbench(place, [forecast.result])
    current, tree = forecast.target, git.tree_of(forecast.target) or ""
    applied: list[tuple[str, str]] = []
    for wp_id in picks.order:
        span = picks.spans.get(wp_id)
        if span is None or span.head is None or span.head == span.base:
            continue
        after = _apply(place, bench, tree, wp_id, span)
        if after != tree:
            current = git.commit_tree(after, [current], plan.pick_message(titles, wp_id), env=_author(git, span.head))
            applied.append((wp_id, current))
            tree = after
    if tree != forecast.tree or not applied:
        raise _not_linear(place, "the work packages applied one by one do not give what their lanes hold together")
    return tuple(applied)


def _apply(place: MissionPlace, bench: Workbench, tree: str, wp_id: str, span: Span) -> str:
    """A work package's change applied to a tree: a merge whose ancestor is the work package's base."""
    git = place.git
    base = bench.passing_commit(git.tree_of(span.base) or "")
    ours = bench.passing_commit(tree, base)
    merged = bench.merge(ours, bench.passing_commit(git.tree_of(span.head or "") or "", base))
    if merged.conflicts:
        raise _not_linear(place, f"{wp_id} does not apply by itself: {', '.join(merged.conflicts[:5])}")
    return merged.tree


def _not_linear(place: MissionPlace, why: str) -> Refused:
    return Refused(
        f"{place.slug} cannot be rebased to one commit per work package: {why}",
        "REBASE_NOT_LINEAR",
        hint=f"spec-kitty merge --strategy squash --mission {place.slug}",
    )


def _author(git: Git, commit: str) -> dict[str, str]:
    """The author of a commit, for the commit that stands for it."""
    name, mail, at = git.run("log", "-1", f"--format={_PERSON}", commit).splitlines()[:3]
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": at}


def published(log: store.LogFile, more: Sequence[Mapping[str, object]]) -> bytes:
    """A log's copy as it is once everything recorded, and what is about to be, is published."""
    data = (files.read_bytes(log.copy) if log.copy is not None else None) or b""
    if data and not data.endswith(b"\n"):
        tail = data.rpartition(b"\n")[2]
        data = data + b"\n" if lines.parse_line(tail) is not None else data[: len(data) - len(tail)]
    reading = store.read(log)
    missing = sorted((reading.objects[index] for index in reading.unpublished), key=_moment)
    return data + lines.encode([*missing, *more])


def _moment(entry: Mapping[str, object]) -> tuple[str, str]:
    return clock.sort_key(str(entry.get("at") or "")), str(entry.get("event_id") or "")


def status_commit(place: MissionPlace, code: str, contents: Mapping[str, bytes], message: str) -> str:
    """The commit on top of the code: the mission's folder as it is on disk, with these files in it.

    Args:
        code: the commit below.
        contents: name below the mission's folder -> content.
    """
    git = place.git
    scratch = workbench(place, []).scratch("status")
    env = {"GIT_INDEX_FILE": str(scratch)}
    try:
        git.run("read-tree", code, env=env, write=True)
        git.run("add", "--all", "--", place.relative, env=env, write=True)
        listed = "".join(
            f"100644 {git.hash_object(data)}\t{place.relative}/{name}\0" for name, data in contents.items()
        )
        git.run("update-index", "--add", "-z", "--index-info", input=listed, env=env, write=True)
        tree = git.run("write-tree", env=env, write=True).strip()
    finally:
        files.remove(scratch)
    return git.commit_tree(tree, [code], message)
