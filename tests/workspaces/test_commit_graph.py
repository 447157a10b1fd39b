"""The rule of what was reviewed, on small random histories, against the rule written down plainly."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.workspaces.commit_graph import CommitGraph, ReviewedSpan, graph_of

TARGET = "t"


@dataclass(frozen=True)
class History:
    """Commits in the order in which they were made, what was approved, and what git says of each."""

    parents: dict[str, tuple[str, ...]]
    spans: tuple[ReviewedSpan, ...]
    void: frozenset[str]
    clean: frozenset[str]
    tips: tuple[str, ...]

    @property
    def graph(self) -> CommitGraph:
        """As git lists it: children first."""
        return CommitGraph(dict(reversed(self.parents.items())))

    def uncovered(self) -> list[str]:
        """What the rule under test finds."""
        graph = self.graph
        reviewed = graph.reviewed(self.spans)
        return graph.uncovered(self.tips, reviewed, void=self.void.__contains__, clean=self.clean.__contains__)


@st.composite
def histories(draw: st.DrawFn) -> History:
    names = [f"c{number}" for number in range(draw(st.integers(1, 8)))]
    parents: dict[str, tuple[str, ...]] = {}
    for index, name in enumerate(names):
        known = [TARGET, *names[:index]]
        parents[name] = tuple(draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True)))
    some = st.sampled_from(names)
    spans = draw(st.lists(st.builds(ReviewedSpan, st.sampled_from([None, TARGET, *names]), some), max_size=3))
    marked = st.frozensets(some)
    return History(parents, tuple(spans), draw(marked), draw(marked), tuple(draw(st.lists(some, min_size=1))))


def contains(history: History, newer: str | None, older: str) -> bool:
    if newer is None or newer not in history.parents:
        return False
    return newer == older or any(contains(history, each, older) for each in history.parents[newer])


def is_covered(history: History, commit: str) -> bool:
    if commit not in history.parents:
        return True  # it is on the target
    for span in history.spans:
        if contains(history, span.head, commit) and not contains(history, span.base, commit):
            return True
    parents = history.parents[commit]
    if len(parents) == 1:
        return commit in history.void
    return commit in history.clean and all(is_covered(history, each) for each in parents)


@given(histories())
def test_the_rule_is_the_plain_one(history: History) -> None:
    coming = [each for each in history.parents if any(contains(history, tip, each) for tip in history.tips)]
    assert history.uncovered() == [each for each in coming if not is_covered(history, each)]


@given(histories())
def test_the_base_of_the_next_review_has_everything_uncovered_above_it(history: History) -> None:
    tip = history.tips[0]
    left = [each for each in history.uncovered() if contains(history, tip, each)]
    found = history.graph.last_covered(tip, left)
    assert not any(contains(history, found, each) for each in left)
    line: str | None = tip
    while line != found:
        assert line in history.parents
        assert any(contains(history, line, each) for each in left), "a newer commit would have done"
        line = history.parents[line][0]


@given(histories(), st.data())
def test_an_approval_more_never_uncovers_a_commit(history: History, data: st.DataObject) -> None:
    head = data.draw(st.sampled_from(list(history.parents)))
    more = History(
        history.parents, (*history.spans, ReviewedSpan(None, head)), history.void, history.clean, history.tips
    )
    assert set(more.uncovered()) <= set(history.uncovered())


def test_what_git_lists_is_read() -> None:
    graph = graph_of(["c b", "b a x", "a"])
    assert graph.parents == {"c": ("b",), "b": ("a", "x"), "a": ()}
    assert graph.parents_first({"a", "c"}) == ["a", "c"]
    assert graph.last_covered("c", {"a"}) is None, "nothing below the first commit of all"
