"""Which commits of a mission's lanes were reviewed: the rule of `commit_graph`, asked of git in a few processes.

A commit is covered iff (a) it lies in base..head of a work package, not canceled, whose latest verdict approves
exactly the head that was shown; or (b) it is a merge that holds what git makes of its parents, each of them covered or
on the target. A commit that changes nothing but a lane's copy of the mission's folder brings nothing, since no merge
takes that; one that repeats a reviewed commit beside it (same parents, same tree) brings nothing either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import mission_branch_name
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.approvals import ReviewRecord, review_records
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces.commit_graph import CommitGraph, ReviewedSpan, graph_of
from specify_cli.workspaces.coverage_models import Coverage, Uncovered
from specify_cli.workspaces.forecast_models import Forecast, LaneTip
from specify_cli.workspaces.planned_coverage import planned_coverage
from specify_cli.workspaces.records import LaneRecord, read_record
from specify_cli.workspaces.survey import RECEIPT
from specify_cli.workspaces.trees import attributes

_LISTED = ("log", "--no-walk=unsorted", "-z", "--format=%H%x00%an <%ae>%x00%s", "--stdin")


@frozen
class _Lane:
    """A lane as the rule sees it.

    Args:
        bases: its work packages that were begun, in order, each with the commit it began from where that is known.
        reach: the commits of the graph that its tip contains.
    """

    lane_id: str
    bases: tuple[tuple[str, str | None], ...]
    reach: frozenset[str]


def coverage_of(
    place: MissionPlace,
    forecast: Forecast,
    events: Iterable[StatusEvent],
    packages: Sequence[WorkPackage],
    manifest: LanesManifest,
    *,
    by_other: bool = False,
    elsewhere: Git | None = None,
) -> Coverage:
    """What of a mission that is about to be merged was reviewed.

    Args:
        forecast: the merge.
        packages: the work packages that have a prompt file.
        manifest: the lanes.
        events: the status log in fold order.
        by_other: whether `review.by` is other.
        elsewhere: git that puts its objects somewhere else.

    Raises:
        Refused: `HISTORY_CUT_OFF`.
    """
    git = elsewhere or place.git
    records = review_records(events, by_other=by_other)
    coming = [lane for lane in forecast.code_lanes if lane.tip is not None and not lane.in_target]
    tips = [*(str(lane.tip) for lane in coming), *([forecast.mission] if forecast.mission else [])]
    before = _merged_before(place)
    graph = _graph(git, tips, records.values(), [forecast.target, *before])
    _require_whole(git, graph)
    rule = _Rule(place, git, graph, records)
    lanes = [_lane(graph, lane.lane_id, lane.wp_ids, lane.record, str(lane.tip), records) for lane in coming]
    uncovered = tuple(rule.explained(rule.uncovered(tips), lanes))
    arrived = tuple(_arrived(place, git, forecast, records, before))
    planned = planned_coverage(place, packages, manifest, records, forecast.target, elsewhere=elsewhere)
    worktree = next((lane.record.path.as_posix() for lane in reversed(coming) if lane.record), None)
    home = place.home.path.as_posix() if place.home else None
    return Coverage(
        records, (*uncovered, *planned.uncovered), arrived, worktree, planned.outdated, planned.others, home,
        tuple(_lost(git, forecast.code_lanes, graph, records)),
    )  # fmt: skip


def reviewed_base(
    place: MissionPlace, records: Mapping[str, ReviewRecord], tip: str, target: str | None
) -> tuple[str, tuple[Uncovered, ...]]:
    """The newest commit below a tip under which everything was reviewed: where the next work package begins.

    Returns:
        That commit, and the commits between it and the tip that no review covers: the next reviewer sees them.
    """
    if target is None or tip == target:
        return tip, ()
    git = place.git
    graph = _graph(git, [tip], records.values(), [target, *_merged_before(place)])
    rule = _Rule(place, git, graph, records)
    left = rule.uncovered([tip])
    if not left:
        return tip, ()
    base = graph.last_covered(tip, set(left)) or git.merge_base(tip, target) or tip
    return base, tuple(rule.told(left))


def unreviewed_below(
    place: MissionPlace,
    manifest: LanesManifest,
    events: Iterable[StatusEvent],
    wp_id: str,
    *,
    by_other: bool = False,
) -> tuple[Uncovered, ...]:
    """The commits below a work package's base that no review covers and none that is still to come will.

    Raises:
        Refused: `HISTORY_CUT_OFF`.
    """
    records = review_records(events, by_other=by_other)
    lane, record, git = manifest.lane_for_wp(wp_id), records.get(wp_id), place.git
    target = git.branch_tip(place.target_branch)
    if lane is None or lane.is_planning or record is None or record.base is None or target in (None, record.base):
        return ()
    graph = _graph(git, [record.base], records.values(), [str(target), *_merged_before(place)])
    _require_whole(git, graph)
    rule = _Rule(place, git, graph, records)
    left = rule.uncovered([record.base])
    known = read_record(place, lane.lane_id) if left else None
    return tuple(rule.explained(left, [_lane(graph, lane.lane_id, lane.wp_ids, known, record.base, records)]))


def lower_base(
    place: MissionPlace, manifest: LanesManifest, events: Sequence[StatusEvent], wp_id: str, *, by_other: bool = False
) -> str | None:
    """A commit below a work package's base from which its review has to begin; None where it begins right.

    That is so where nobody will review what lies between: the work package that it is of was canceled since.

    Raises:
        Refused: `HISTORY_CUT_OFF`.
    """
    if not unreviewed_below(place, manifest, events, wp_id, by_other=by_other):
        return None
    records = review_records(events, by_other=by_other)
    base = str(records[wp_id].base)
    lower, _ = reviewed_base(place, records, base, place.git.branch_tip(place.target_branch))
    return lower if lower != base else None


class _Rule:
    """The rule, with what git says of the commits of one graph; each question is asked once."""

    def __init__(self, place: MissionPlace, git: Git, graph: CommitGraph, records: Mapping[str, ReviewRecord]) -> None:
        self._place, self._git, self._graph, self._records = place, git, graph, records
        spans = [ReviewedSpan(each.base, head) for each in records.values() if (head := each.covers) is not None]
        self._reviewed = graph.reviewed(spans)
        self._void: set[str] = set()
        self._unclean: set[str] = set()

    def uncovered(self, tips: Collection[str]) -> list[str]:
        """The commits of some tips that no review covers, parents first."""
        waiting = self._graph.reachable(tips) - self._reviewed
        plain = [each for each in self._graph.parents_first(waiting) if len(self._graph.parents[each]) < 2]
        if plain:
            self._void = self._changing_nothing(plain)
            self._void |= self._repeated([each for each in plain if each not in self._void], tips)
        return self._graph.uncovered(tips, self._reviewed, void=self._void.__contains__, clean=self._clean)

    def explained(self, left: Sequence[str], lanes: Sequence[_Lane]) -> Iterator[Uncovered]:
        """The commits that no review covers, each with the reason; those that a review under way will see left out."""
        trees = self._approved_trees() if left else {}
        shown = self._shown(left)
        for commit in left:
            lane = next((each for each in lanes if commit in each.reach), None)
            owner, before = self._between(commit, lane) if lane else (None, None)
            if owner is not None and self._records[owner].is_open:
                continue
            canceled = self._canceled(commit, lane, owner) if lane else None
            why = self._why(commit, lane, owner, before, canceled, trees)
            subject, author = shown.get(commit, ("", ""))
            lane_id = lane.lane_id if lane else None
            yield Uncovered(commit, subject, author, lane_id, owner, canceled or owner, before, why)

    def told(self, left: Sequence[str]) -> Iterator[Uncovered]:
        """The commits that no review covers, by name alone."""
        for commit, (subject, author) in self._shown(left).items():
            yield Uncovered(commit, subject, author, None, None, None, None, "not reviewed yet")

    @cached_property
    def _attributes(self) -> Path | None:
        return attributes(self._place, self._git)

    @cached_property
    def _trees(self) -> dict[str, str]:
        """Merge -> its tree."""
        merges = [commit for commit, parents in self._graph.parents.items() if len(parents) > 1]
        read = zip(merges, self._git.commit_objects(merges), strict=True)
        return {commit: data[0] for commit, data in read if data is not None}

    def _changing_nothing(self, commits: Sequence[str]) -> set[str]:
        """Commits that change nothing outside of the mission's own folder."""
        words = ("diff-tree", "--stdin", "-r", "--root", "--always", "--name-only", "-z", "--no-renames")
        said = self._git.run(*words, "--ignore-submodules=none", input="".join(f"{each}\n" for each in commits))
        found, asked, current = set(commits), iter(commits), ""
        coming = next(asked)
        for part in said.split("\0"):
            if part == coming:
                current, coming = part, next(asked, "")
            elif part and not self._is_own(part):
                found.discard(current)
        return found

    def _repeated(self, commits: Sequence[str], tips: Collection[str]) -> set[str]:
        """Commits that hold what a reviewed commit beside them holds: amended, and then joined with what was meant."""
        if not commits:
            return set()
        parents = self._graph.parents
        places = {parents[each] for each in commits}
        beside = [each for each in self._graph.reachable(tips) & self._reviewed if parents[each] in places]
        asked = [*commits, *beside]
        read = dict(zip(asked, self._git.commit_objects(asked), strict=True)) if beside else {}
        known = {read[each] for each in beside}
        return {each for each in commits if read.get(each) is not None and read[each] in known}

    def _clean(self, commit: str) -> bool:
        """Whether a merge of two commits is the one that git makes of them; the mission's own folder does not count."""
        parents, git = self._graph.parents[commit], self._git
        if len(parents) == 2:
            merged = git.merge_tree(*parents, attributes=self._attributes)
            if all(map(self._is_own, merged.conflicts)):
                differing = git.changed_between(merged.tree, commit) if merged.tree != self._trees[commit] else []
                if all(map(self._is_own, differing)):
                    return True
        self._unclean.add(commit)
        return False

    def _is_own(self, path: str) -> bool:
        return path.startswith(f"{self._place.relative}/")

    def _between(self, commit: str, lane: _Lane) -> tuple[str | None, str | None]:
        """The work package whose review can take a commit in, and the one that began above it."""
        owner = before = None
        for wp_id, base in lane.bases:
            if self._records[wp_id].lane is Lane.CANCELED:
                continue
            if commit in self._graph.reachable([base]):
                before = before or wp_id
            elif before is None:
                owner = wp_id
        return owner, before

    def _canceled(self, commit: str, lane: _Lane, owner: str | None) -> str | None:
        """The canceled work package that a commit comes with."""
        names = [wp_id for wp_id, _ in lane.bases]
        later = lane.bases[names.index(owner) + 1 if owner else 0 :]
        found = [
            wp_id
            for wp_id, base in later
            if self._records[wp_id].lane is Lane.CANCELED and commit not in self._graph.reachable([base])
        ]
        return found[-1] if found else None

    def _why(
        self,
        commit: str,
        lane: _Lane | None,
        owner: str | None,
        before: str | None,
        canceled: str | None,
        trees: Mapping[str, str],
    ) -> str:
        if lane is None:
            return f"on {mission_branch_name(self._place.slug)} itself"
        if commit in self._unclean:
            return "a merge that holds more than git makes of its sides, such as a conflict resolved by hand"
        tree = self._git.tree_of(commit) if trees else None
        if tree in trees:
            return f"rebased or amended: the same tree as {trees[str(tree)][:10]}, which was approved"
        if canceled is not None:
            return f"work of {canceled}, which is canceled"
        approval = self._records[owner].approval if owner else None
        if owner and approval is not None and approval.doubt is not None:
            return f"work of {owner}, which was {approval.doubt.value}"
        parts = [f"after the approval of {owner}"] if owner else []
        parts += [f"before {before} began"] if before else []
        return " and ".join(parts) or "outside of every work package"

    def _approved_trees(self) -> dict[str, str]:
        heads = [head for record in self._records.values() if (head := record.covers)]
        read = self._git.commit_objects(heads) if heads else []
        return {data[0]: head for head, data in zip(heads, read, strict=True) if data is not None}

    def _shown(self, commits: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Commit -> subject and author."""
        if not commits:
            return {}
        parts = self._git.run(*_LISTED, input="".join(f"{each}\n" for each in commits)).split("\0")
        listed = zip(parts[0::3], parts[1::3], parts[2::3], strict=False)
        return {commit: (subject, author) for commit, author, subject in listed}


def _lost(
    git: Git, lanes: Iterable[LaneTip], graph: CommitGraph, records: Mapping[str, ReviewRecord]
) -> Iterator[tuple[str, str, str]]:
    """Approved heads that their lanes no longer hold: one was reset, amended or rebased."""
    for lane in lanes:
        reach = graph.reachable([lane.tip])
        for wp_id in lane.wp_ids if lane.tip is not None else ():
            head = records[wp_id].covers if wp_id in records else None
            if head is None or head in reach or head == lane.tip:
                continue
            # What is in no lane may be on the target; a lane that the target has is not in the graph.
            if not git.is_ancestor(head, str(lane.tip)):
                yield wp_id, lane.lane_id, head


def _graph(git: Git, tips: Iterable[str], records: Iterable[ReviewRecord], without: Iterable[str]) -> CommitGraph:
    """The commits of some tips, and of all that is recorded, that others lack."""
    names = {name for record in records for name in (record.base, record.covers) if name}
    asked = [*dict.fromkeys([*tips, *names]), *(f"^{each}" for each in without)]
    # What a log names may be a commit that this clone does not have.
    words = ("rev-list", "--topo-order", "--parents", "--ignore-missing", "--stdin")
    return graph_of(git.run(*words, input="".join(f"{each}\n" for each in asked)).splitlines())


def _require_whole(git: Git, graph: CommitGraph) -> None:
    """What lies below a commit that names parents is looked at, whatever `.git/shallow` says.

    Raises:
        Refused: `HISTORY_CUT_OFF`: the commits below are not shown by git, and would be merged.
    """
    ends = [commit for commit, parents in graph.parents.items() if not parents]
    read = zip(ends, git.commit_objects(ends), strict=True)
    cut = [commit for commit, data in read if data is not None and data[1]]
    if cut:
        raise Refused(
            f"the history in this clone ends at {some([each[:10] for each in cut], 3)} (.git/shallow), so nobody can"
            " tell which commits below were reviewed",
            "HISTORY_CUT_OFF",
            hint=git.unshallow,
            details={"commits": cut},
        )


def _lane(
    graph: CommitGraph,
    lane_id: str,
    wp_ids: Sequence[str],
    record: LaneRecord | None,
    tip: str,
    records: Mapping[str, ReviewRecord],
) -> _Lane:
    spans = record.wps if record else {}
    bases = [
        (wp_id, records[wp_id].base or (spans[wp_id].base if wp_id in spans else None))
        for wp_id in wp_ids
        if wp_id in records and (records[wp_id].lane_id is not None or wp_id in spans)
    ]
    return _Lane(lane_id, tuple(bases), frozenset(graph.reachable([tip])))


def _merged_before(place: MissionPlace) -> list[str]:
    """What an earlier merge of a mission that was opened again took in, as its receipt says."""
    text = place.read(RECEIPT) if place.meta.get("merged_at") else None
    if text is None:
        return []
    try:
        data = files.parse_json(text, place.where(RECEIPT))
    except Refused:
        return []
    mission, lanes = data.get("mission"), data.get("lanes")
    named = [mission.get("after")] if isinstance(mission, dict) else []
    named += [lane.get("tip") for lane in lanes if isinstance(lane, dict)] if isinstance(lanes, list) else []
    return [name for name in named if isinstance(name, str) and name.isalnum()]


def _arrived(
    place: MissionPlace,
    git: Git,
    forecast: Forecast,
    records: Mapping[str, ReviewRecord],
    before: Sequence[str],
) -> Iterator[Uncovered]:
    """Commits that no review covers in lanes which came into the target by another way than a merge of ours."""
    for lane in forecast.code_lanes:
        waiting = any(records[wp_id].lane is Lane.APPROVED for wp_id in lane.wp_ids if wp_id in records)
        if lane.in_target and lane.tip is not None and waiting:
            without = [_target_before(git, forecast.target, lane, records), *before]
            graph = _graph(git, [lane.tip], records.values(), [each for each in without if each])
            rule = _Rule(place, git, graph, records)
            seen = _lane(graph, lane.lane_id, lane.wp_ids, lane.record, lane.tip, records)
            yield from rule.explained(rule.uncovered([lane.tip]), [seen])


def _target_before(git: Git, target: str, lane: LaneTip, records: Mapping[str, ReviewRecord]) -> str | None:
    """The target's commit before a lane came in; where a host squashed it, the target as it is."""
    tip = str(lane.tip)
    if not git.is_ancestor(tip, target):
        return target
    listed = git.run("rev-list", "--first-parent", "--ancestry-path", "--parents", f"{tip}..{target}").splitlines()
    words = listed[-1].split() if listed else []
    if len(words) > 2:
        return words[1]
    return next((records[wp_id].base for wp_id in lane.wp_ids if wp_id in records), None)
