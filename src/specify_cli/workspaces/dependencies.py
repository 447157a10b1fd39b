"""Bringing the work that a work package builds on into its lane, computed before any file moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.core.commits import no_identity
from specify_cli.home import MissionPlace, fetch_command
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.errors import Conflict, Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.workspaces.records import workspace_records
from specify_cli.workspaces.trees import Workbench


@frozen
class Needed:
    """A work package that another builds on, and the commit that holds it.

    Args:
        branch: its lane's branch; for a planning work package the target branch.
        same_lane: it lies in the same lane, so its work is there already.
        commit: its approved head; None where the branch's tip counts, as that of the target does.
    """

    wp_id: str
    branch: str
    same_lane: bool = False
    commit: str | None = None

    def found(self, refs: Mapping[str, str]) -> str | None:
        """The commit to bring in; None where this clone has no such branch.

        Args:
            refs: full name -> commit of all local branches.
        """
        tip = refs.get(f"refs/heads/{self.branch}")
        return tip and (self.commit or tip)

    @property
    def name(self) -> str:
        """What git knows it by."""
        return self.commit[:12] if self.commit else self.branch


def bring_together(
    place: MissionPlace,
    git: Git,
    refs: dict[str, str],
    start: str,
    needed: Sequence[Needed],
    wp_id: str,
    *,
    trial: bool = False,
    settle: bool = False,
) -> tuple[str, tuple[str, ...]]:
    """The commit that holds a lane's tip and all it needs, made in the object database.

    Args:
        refs: full name -> commit of all local branches.
        start: the lane's tip.
        needed: what must be in it.
        wp_id: the work package that begins.
        trial: nobody will use the commit: it is not signed.
        settle: leave out what conflicts; whoever works there merges it by hand.

    Returns:
        The commit (`start` itself where nothing was missing), and in words what was brought.

    Raises:
        Refused: `LANE_BRANCH_MISSING`.
        Conflict: `DEPENDENCY_CONFLICT`, naming files and both work packages.
    """
    current = start
    brought: list[str] = []
    holders = [need.wp_id for need in needed if need.same_lane]
    for need in needed:
        if need.same_lane:
            continue
        tip = need.found(refs)
        if tip is None or (need.commit is not None and git.resolve(tip) is None):
            raise branch_missing(place, need.branch, f"{wp_id} builds on {need.wp_id}, whose branch")
        if tip == current or git.is_ancestor(tip, current):
            continue
        try:
            current = _merge(place, git, current, tip, need, wp_id, holders, trial=trial)
        except Conflict:
            if settle:
                continue
            raise
        brought.append(f"{need.wp_id} ({need.branch})")
        holders.append(need.wp_id)
    return current, tuple(brought)


def branch_missing(place: MissionPlace, branch: str, what: str = "branch") -> Refused:
    """The refusal for work that this clone does not have."""
    said = f"{what} {branch} is not in this clone"
    return Refused(said, "LANE_BRANCH_MISSING", hint=way_back(place, branch), details={"branch": branch})


def way_back(place: MissionPlace, branch: str) -> Command:
    """The command that brings a lane's branch back: from its last work that this clone still has, else fetched."""
    git, wanted = place.git, (each for each in workspace_records(place) if each.branch == branch)
    heads = [span.head for record in wanted for span in record.wps.values() if span.head and git.resolve(span.head)]
    last = next((head for head in heads if all(git.is_ancestor(each, head) for each in heads)), None)
    return git_command(place.repo.root, "branch", branch, last) if last else fetch_command(place.repo, branch)


def still_missing(git: Git, refs: dict[str, str], commit: str, needed: Sequence[Needed]) -> tuple[Needed, ...]:
    """What a commit does not hold of the work that it should build on."""
    return tuple(
        need
        for need in needed
        if not need.same_lane and ((tip := need.found(refs)) is None or not git.is_ancestor(tip, commit))
    )


def _merge(
    place: MissionPlace,
    git: Git,
    current: str,
    tip: str,
    need: Needed,
    wp_id: str,
    holders: Sequence[str],
    *,
    trial: bool,
) -> str:
    if git.is_ancestor(current, tip):
        return tip
    merged = git.merge_tree(current, tip)
    mine = f"{place.relative}/"
    conflicts = [path for path in merged.conflicts if not path.startswith(mine)]
    if conflicts:
        others = " and ".join([*holders, need.wp_id])
        raise Conflict(
            f"{wp_id} builds on {others}, whose changes of {', '.join(conflicts[:5])} conflict",
            "DEPENDENCY_CONFLICT",
            hint=spec_kitty("agent action implement", wp_id, "--agent", "NAME", "--mission", place.slug, "--settle"),
            details={"files": conflicts, "wps": [*holders, need.wp_id], "wp_id": wp_id},
        )
    if git.identity() is None:
        raise no_identity(git)
    tree = merged.tree
    if merged.conflicts:
        # The mission's own documents in a lane are a copy of the day it was made; the newer copy is taken.
        fresh = {path: git.show_bytes(f"{tip}:{path}") for path in merged.conflicts}
        tree = git.edit_tree(tree, fresh, scratch=place.state / f"index-{wp_id}")
    if trial:
        return Workbench(place, 0).passing_commit(tree, current, tip)
    return git.commit_tree(tree, (current, tip), f"Bring {need.wp_id} into the lane of {wp_id}\n")
