"""The commits that a target lacks, and the rule of which of them were reviewed; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from specify_cli.kernel.values import frozen


@frozen
class ReviewedSpan:
    """The commits that an approval is about: those of `head` without those of `base`."""

    base: str | None
    head: str


@frozen
class CommitGraph:
    """Commits and their parents; a parent that is no key is on the target already.

    Args:
        parents: commit -> its parents, in the order in which git lists them: children first.
    """

    parents: dict[str, tuple[str, ...]]

    def reachable(self, tips: Iterable[str | None]) -> set[str]:
        """The commits of the graph that some commits contain, themselves included."""
        found: set[str] = set()
        waiting = [tip for tip in tips if tip is not None and tip in self.parents]
        while waiting:
            commit = waiting.pop()
            if commit not in found:
                found.add(commit)
                waiting += [parent for parent in self.parents[commit] if parent in self.parents]
        return found

    def reviewed(self, spans: Iterable[ReviewedSpan]) -> set[str]:
        """Rule (a): the commits that lie in an approved span."""
        found: set[str] = set()
        for span in spans:
            found |= self.reachable([span.head]) - self.reachable([span.base])
        return found

    def uncovered(
        self,
        tips: Collection[str],
        reviewed: Collection[str],
        *,
        void: Callable[[str], bool],
        clean: Callable[[str], bool],
    ) -> list[str]:
        """The commits of some tips that no review covers, parents first.

        Args:
            tips: what is to be merged.
            reviewed: what lies in an approved span.
            void: whether a commit with at most one parent changes nothing that a merge takes.
            clean: rule (b): whether a merge holds what git makes of its parents, and nothing else.
        """
        covered, left = set(reviewed), list[str]()
        for commit in self.parents_first(self.reachable(tips)):
            parents = self.parents[commit]
            if commit in covered:
                continue
            if len(parents) < 2:
                fine = void(commit)
            else:
                fine = all(each in covered or each not in self.parents for each in parents) and clean(commit)
            if fine:
                covered.add(commit)
            else:
                left.append(commit)
        return left

    def last_covered(self, tip: str, left: Collection[str]) -> str | None:
        """The newest commit on the way down from a tip below which nothing is uncovered; None where it is the target.

        Args:
            tip: where to begin; from a merge the way leads to the side that was merged into.
            left: what `uncovered` found.
        """
        tainted: set[str] = set()
        for commit in self.parents_first(self.reachable([tip])):
            if commit in left or any(parent in tainted for parent in self.parents[commit]):
                tainted.add(commit)
        current: str | None = tip
        while current is not None and current in tainted:
            current = next(iter(self.parents[current]), None)
        return current

    def parents_first(self, among: Collection[str]) -> list[str]:
        """Some commits of the graph, each after its parents."""
        return [commit for commit in reversed(self.parents) if commit in among]


def graph_of(lines: Iterable[str]) -> CommitGraph:
    """The graph of what `git rev-list --topo-order --parents` lists."""
    split = (line.split() for line in lines)
    return CommitGraph({words[0]: tuple(words[1:]) for words in split if words})
