from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel import graph

NODES = [f"WP{number:02d}" for number in range(1, 9)]
graphs = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=4))


def acyclic(draw: st.DrawFn) -> dict[str, list[str]]:
    """A graph in which each node needs only nodes drawn before it, entries in any order."""
    order = draw(st.permutations(NODES))
    needs = {node: draw(st.lists(st.sampled_from(order[:index]))) if index else [] for index, node in enumerate(order)}
    return {node: needs[node] for node in draw(st.permutations(NODES))}


acyclic_graphs = st.composite(acyclic)()


def test_the_lowest_of_those_that_could_come_next_comes_next() -> None:
    assert graph.topological({"WP10": [], "WP9": ["WP10"], "WP2": []}) == ["WP2", "WP10", "WP9"]


def test_a_need_without_an_entry_of_its_own_counts_as_met() -> None:
    assert graph.topological({"WP02": ["WP01"]}) == ["WP02"]
    assert graph.find_cycle({"WP02": ["WP01"]}) is None


def test_a_cycle_is_told_as_a_closed_path_from_its_lowest_node() -> None:
    assert graph.find_cycle({"WP03": ["WP01"], "WP02": ["WP03"], "WP01": ["WP02"], "WP00": ["WP03"]}) == [
        "WP01",
        "WP02",
        "WP03",
        "WP01",
    ]
    assert graph.find_cycle({"WP01": ["WP01"]}) == ["WP01", "WP01"]


def test_a_circle_has_no_order() -> None:
    with pytest.raises(ValueError, match="circle"):
        graph.topological({"WP01": ["WP02"], "WP02": ["WP01"]})


def test_reachable_is_all_that_comes_before() -> None:
    needs = {"WP04": ["WP03"], "WP03": ["WP01", "WP02"], "WP02": [], "WP01": []}
    assert graph.reachable(needs, "WP04") == {"WP01", "WP02", "WP03"}
    assert graph.reachable(needs, "WP01") == set()
    assert graph.reachable({"WP01": ["WP01"]}, "WP01") == {"WP01"}


def test_dependents_are_the_direct_ones_in_id_order() -> None:
    assert graph.dependents({"WP10": ["WP01"], "WP9": ["WP01", "WP10"], "WP01": []}, "WP01") == ["WP9", "WP10"]


def test_a_chain_of_ten_thousand_is_no_trouble() -> None:
    chain = {f"WP{number}": [f"WP{number - 1}"] if number else [] for number in range(10_000)}
    assert graph.find_cycle(chain) is None
    assert graph.topological(chain)[-1] == "WP9999"
    chain["WP0"] = ["WP9999"]
    assert len(graph.find_cycle(chain) or []) == 10_001


@given(acyclic_graphs)
def test_an_order_puts_every_need_first_and_does_not_depend_on_how_the_graph_was_made(
    needs: dict[str, list[str]],
) -> None:
    order = graph.topological(needs)
    assert sorted(order) == sorted(needs)
    assert all(order.index(need) < order.index(node) for node, listed in needs.items() for need in listed)
    assert graph.topological({node: list(reversed(needs[node])) for node in reversed(list(needs))}) == order


@given(graphs)
def test_a_graph_has_either_a_circle_or_an_order(needs: dict[str, list[str]]) -> None:
    cycle = graph.find_cycle(needs)
    if cycle is None:
        assert len(graph.topological(needs)) == len(needs)
    else:
        assert cycle[0] == cycle[-1]
        assert all(after in needs[before] for before, after in itertools.pairwise(cycle))
        with pytest.raises(ValueError, match="circle"):
            graph.topological(needs)


@given(graphs, st.sampled_from(NODES))
def test_a_node_reaches_itself_only_on_a_circle(needs: dict[str, list[str]], node: str) -> None:
    if node in graph.reachable(needs, node):
        assert graph.find_cycle(needs) is not None
