"""Ordering edges: work packages that write the same files are done one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from specify_cli.kernel import graph
from specify_cli.kernel.graph import Graph
from specify_cli.kernel.text import natural_key
from specify_cli.lanes.models import WRITE_SCOPE_OVERLAP, OrderingEdge
from specify_cli.lanes.ownership import OwnershipManifest, shared_globs


class _Ancestors:
    """Who comes before whom, as one bit set a node; an edge is added in one pass over the nodes."""

    def __init__(self, needs: Graph) -> None:
        order = graph.topological(needs)
        self.bit = {node: 1 << index for index, node in enumerate(order)}
        self.before: dict[str, int] = {}
        for node in order:
            known = [need for need in needs[node] if need in self.bit]
            self.before[node] = 0
            for need in known:
                self.before[node] |= self.bit[need] | self.before[need]

    def has(self, before: str, after: str) -> bool:
        return bool(self.before[after] & self.bit[before])

    def add(self, before: str, after: str) -> None:
        gained = self.bit[before] | self.before[before]
        for node, known in self.before.items():
            if node == after or known & self.bit[after]:
                self.before[node] = known | gained


def order_overlaps(
    dependencies: Graph,
    manifests: Mapping[str, OwnershipManifest],
    started: Collection[str] = (),
    finished: Collection[str] = (),
) -> list[OrderingEdge]:
    """Edges between code work packages that write a common path and that nothing orders yet.

    Each work package is held against those before it, the nearest first, and each new edge counts for the pairs after
    it: of many that write one file, each has an edge to its neighbour alone. The lower id comes first, unless only the
    other one has been started: then that one does. A path through planning work packages decides the direction and
    still gets its edge, because no lane would otherwise receive the other's commits.

    Args:
        dependencies: every work package -> what it depends on; without a circle.
        manifests: what each code work package owns.
        started: work packages that have been begun.
        finished: work packages whose work lies in the target already: nobody waits for them.
    """
    whole = _Ancestors(dependencies)
    code = {wp_id: [need for need in needs if need in manifests] for wp_id, needs in dependencies.items()}
    through_code = _Ancestors({wp_id: needs for wp_id, needs in code.items() if wp_id in manifests})
    edges: list[OrderingEdge] = []
    for low, high in _nearest_first(wp_id for wp_id in manifests if wp_id not in finished):
        if through_code.has(low, high) or through_code.has(high, low):
            continue
        evidence = shared_globs(manifests[low], manifests[high])
        if evidence is None:
            continue
        turned = whole.has(high, low) or (not whole.has(low, high) and high in started and low not in started)
        before, after = (high, low) if turned else (low, high)
        whole.add(before, after)
        through_code.add(before, after)
        edges.append(OrderingEdge(before, after, WRITE_SCOPE_OVERLAP, " ~ ".join(evidence)))
    return sorted(edges, key=lambda edge: (natural_key(edge.before), natural_key(edge.after)))


def _nearest_first(wp_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """All pairs, the lower id first: each with the one before it, then with the one before that."""
    ordered = sorted(wp_ids, key=natural_key)
    for at, high in enumerate(ordered):
        yield from ((low, high) for low in reversed(ordered[:at]))


def with_edges(dependencies: Graph, edges: Sequence[OrderingEdge]) -> dict[str, list[str]]:
    """The dependencies with the ordering edges among them: what readiness, base and merge order go by."""
    needs = {wp_id: list(dict.fromkeys(listed)) for wp_id, listed in dependencies.items()}
    for edge in edges:
        if edge.after in needs and edge.before not in needs[edge.after]:
            needs[edge.after].append(edge.before)
    return needs
