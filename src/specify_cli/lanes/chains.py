"""Covering code work packages by chains: each chain is one lane."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from specify_cli.kernel.graph import Graph, reachable, topological
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import lane_id_at, lane_order
from specify_cli.lanes.models import DEPENDENCY, WRITE_SCOPE_OVERLAP, CollapseEvent


@frozen
class Cover:
    """Lanes and how they hang together.

    Args:
        lanes: lane -> its work packages in the order of the work.
        depends_on: lane -> lanes that hold a predecessor of one of its work packages; never a circle.
        depth: lane -> how deep it lies in that graph, from 0.
        joins: one for each work package that continues a lane.
    """

    lanes: dict[str, list[str]]
    depends_on: dict[str, list[str]]
    depth: dict[str, int]
    joins: list[CollapseEvent]


class _Chains:
    """Lanes while they grow, named by their first member until all are known."""

    def __init__(self, needs: Graph) -> None:
        self.needs = needs
        self.members: dict[str, list[str]] = {}
        self.lane_of: dict[str, str] = {}
        self.depends_on: dict[str, list[str]] = {}

    def put(self, wp_id: str, lane: str) -> None:
        self.members.setdefault(lane, []).append(wp_id)
        self.depends_on.setdefault(lane, [])
        self.lane_of[wp_id] = lane

    def connect(self) -> None:
        """Enter every dependency among lanes; one that would close a circle is left out.

        Only work that has been begun under another plan can bring such a circle about, and its new dependencies are
        reported, not enforced.
        """
        for wp_id, needs in self.needs.items():
            if wp_id in self.lane_of:
                self.link(self.lane_of[wp_id], [self.lane_of[need] for need in needs if need in self.lane_of])

    def link(self, lane: str, others: Sequence[str]) -> None:
        for other in sorted(set(others) - {lane, *self.depends_on[lane]}, key=natural_key):
            if lane not in reachable(self.depends_on, other):
                self.depends_on[lane].append(other)

    def to_continue(self, wp_id: str) -> str | None:
        """The predecessor whose lane a work package continues: the longest lane's, then the lowest id's."""
        ends = [need for need in self.needs[wp_id] if self.members[self.lane_of[need]][-1] == need]
        ends.sort(key=lambda need: (-len(self.members[self.lane_of[need]]), natural_key(need)))
        return next((need for need in ends if not self._closes_a_circle(wp_id, self.lane_of[need])), None)

    def _closes_a_circle(self, wp_id: str, lane: str) -> bool:
        others = {self.lane_of[need] for need in self.needs[wp_id]} - {lane}
        return any(lane in reachable(self.depends_on, other) for other in others)


def cover(needs: Graph, *, declared: Graph, pinned: Mapping[str, str], reserved: Collection[str] = ()) -> Cover:
    """Cover work packages by chains.

    In topological order each continues the lane of a predecessor that is the last of its lane, where that closes no
    circle among lanes, and opens a lane otherwise.

    Args:
        needs: code work package -> code work packages before it, ordering edges included; without a circle.
        declared: what each declares to depend on; the rest of `needs` came from ordering edges.
        pinned: lanes that work packages keep because they have been begun.
        reserved: names that no new lane may take.
    """
    chains = _Chains(needs)
    joins: list[CollapseEvent] = []
    order = topological(needs)
    for wp_id in order:
        if wp_id in pinned:
            chains.put(wp_id, pinned[wp_id])
    chains.connect()
    for wp_id in order:
        if wp_id in pinned:
            continue
        before = chains.to_continue(wp_id)
        lane = wp_id if before is None else chains.lane_of[before]
        chains.put(wp_id, lane)
        chains.link(lane, [chains.lane_of[need] for need in needs[wp_id]])
        if before is not None:
            joins.append(_join(wp_id, before, declared))
    # Begun work that came to depend on work not yet begun: entered last, so that it gives way.
    chains.connect()
    return _named(chains, joins, pinned, reserved)


def _join(wp_id: str, before: str, declared: Graph) -> CollapseEvent:
    if before in declared.get(wp_id, ()):
        return CollapseEvent(wp_id, before, DEPENDENCY, f"{wp_id} depends on {before}")
    return CollapseEvent(wp_id, before, WRITE_SCOPE_OVERLAP, f"{wp_id} and {before} write the same files")


def _named(chains: _Chains, joins: list[CollapseEvent], pinned: Mapping[str, str], reserved: Collection[str]) -> Cover:
    """Give new lanes their names, in the order of their lowest work package; the names of begun lanes stay."""
    taken = {*pinned.values(), *reserved}
    names = {lane: lane for lane in pinned.values()}
    index = 0
    by_lowest = sorted(chains.members, key=lambda lane: min(natural_key(wp_id) for wp_id in chains.members[lane]))
    for lane in by_lowest:
        if lane in names:
            continue
        while lane_id_at(index) in taken:
            index += 1
        names[lane] = lane_id_at(index)
        index += 1
    depends_on = {
        names[lane]: sorted((names[other] for other in others), key=lane_order)
        for lane, others in chains.depends_on.items()
    }
    depth: dict[str, int] = {}
    for lane in topological(depends_on):
        depth[lane] = max((depth[other] + 1 for other in depends_on[lane]), default=0)
    lanes = {names[lane]: wp_ids for lane, wp_ids in chains.members.items()}
    return Cover(lanes, depends_on, depth, sorted(joins, key=lambda join: natural_key(join.wp_a)))
