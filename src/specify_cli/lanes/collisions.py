"""Work packages of different missions that are to write the same files; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TypeVar

from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen
from specify_cli.lanes import globs

T = TypeVar("T")


@frozen
class Owner:
    """Who is to write some files.

    Args:
        mission: its slug.
        name: the work package, or the lane.
        owned: globs below the project; those that cannot be owned count for nothing.
    """

    mission: str
    name: str
    owned: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.mission} {self.name}"


@frozen
class Collision:
    """Two owners in different missions, and two globs, one of each, that cover a common path."""

    one: Owner
    other: Owner
    globs: tuple[str, str]

    @property
    def where(self) -> str:
        """What both write, in words."""
        mine, yours = self.globs
        return mine if mine == yours else f"{mine} ~ {yours}"


def collisions(owners: Sequence[Owner]) -> list[Collision]:
    """All pairs, in the order of missions and names.

    Only patterns whose plain beginnings agree are held against each other, so that many missions cost little.
    """
    ordered = sorted(owners, key=lambda owner: (natural_key(owner.mission), natural_key(owner.name)))
    by_root: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    for at, owner in enumerate(ordered):
        for pattern, root in _rooted(owner):
            by_root[root].append((at, pattern))
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for one, other in _near(by_root):
        (low, mine), (high, yours) = sorted((one, other))
        apart = ordered[low].mission != ordered[high].mission
        if apart and (low, high) not in found and globs.overlaps(mine, yours):
            found[low, high] = mine, yours
    return [Collision(ordered[low], ordered[high], shared) for (low, high), shared in sorted(found.items())]


def _near(by_root: Mapping[tuple[str, ...], Sequence[T]]) -> Iterator[tuple[T, T]]:
    for root, longer in by_root.items():
        above = [each for length in range(len(root) + 1) for each in by_root.get(root[:length], ())]
        yield from product(longer, above)


def _rooted(owner: Owner) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in owner.owned:
        try:
            listed = globs.roots(pattern)
        except ValueError:
            continue
        yield from ((pattern, root) for root in listed)
