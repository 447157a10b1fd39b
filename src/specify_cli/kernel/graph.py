"""Small directed graphs: a mapping from each node to the nodes it depends on.

Every answer is the same for the same graph, whatever the order in which it was put together; «lower» means by
`text.natural_key`, so that `WP9` comes before `WP10`. A need without an entry of its own counts as met: a caller may
pass a part of a graph.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from specify_cli.kernel.text import natural_key

Graph = Mapping[str, Sequence[str]]


def find_cycle(graph: Graph) -> list[str] | None:
    """A circle of dependencies, or None.

    Returns:
        The nodes along the circle, each depending on the next, the first repeated at the end:
        `["WP01", "WP03", "WP01"]`. It begins with its lowest node.
    """
    finished: set[str] = set()
    for start in sorted(graph, key=natural_key):
        cycle = None if start in finished else _cycle_from(graph, start, finished)
        if cycle is not None:
            lowest = cycle.index(min(cycle, key=natural_key))
            turned = cycle[lowest:] + cycle[:lowest]
            return [*turned, turned[0]]
    return None


def _cycle_from(graph: Graph, start: str, finished: set[str]) -> list[str] | None:
    path = [start]
    on_path = {start}
    branches = [_known_needs(graph, start)]
    while branches:
        need = next(branches[-1], None)
        if need is None:
            branches.pop()
            done = path.pop()
            on_path.discard(done)
            finished.add(done)
        elif need in on_path:
            return path[path.index(need) :]
        elif need not in finished:
            path.append(need)
            on_path.add(need)
            branches.append(_known_needs(graph, need))
    return None


def _known_needs(graph: Graph, node: str) -> Iterator[str]:
    return iter(sorted((need for need in graph[node] if need in graph), key=natural_key))


def topological(graph: Graph) -> list[str]:
    """All nodes, each after everything it depends on; of those that could come next, the lowest.

    Raises:
        ValueError: the graph has a circle; ask `find_cycle` first.
    """
    waiting = {node: {need for need in needs if need in graph} for node, needs in graph.items()}
    dependents: dict[str, list[str]] = {node: [] for node in graph}
    for node, needs in waiting.items():
        for need in needs:
            dependents[need].append(node)
    ready = [(natural_key(node), node) for node, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, node = heapq.heappop(ready)
        order.append(node)
        for dependent in dependents[node]:
            waiting[dependent].discard(node)
            if not waiting[dependent]:
                heapq.heappush(ready, (natural_key(dependent), dependent))
    if len(order) < len(graph):
        raise ValueError("the graph has a circle")
    return order


def reachable(graph: Graph, start: str) -> set[str]:
    """Everything that a node depends on, directly or not; the node itself only where it is on a circle."""
    found: set[str] = set()
    ahead = list(graph.get(start, ()))
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead.extend(graph.get(node, ()))
    return found


def dependents(graph: Graph, node: str) -> list[str]:
    """The nodes that depend on a node directly, lowest first."""
    return sorted((other for other, needs in graph.items() if node in needs), key=natural_key)


def levels(graph: Graph) -> dict[str, int]:
    """Node -> the earliest turn it can be had in, from 0, where each turn takes everything that waits for nothing.

    Raises:
        ValueError: the graph has a circle.
    """
    found: dict[str, int] = {}
    for node in topological(graph):
        found[node] = max((found[need] + 1 for need in graph[node] if need in graph), default=0)
    return found
