from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.release.stale import find_stale
from tests.release.seeded import CHANGES, Change


def marked(change: Change) -> set[int]:
    """The lines that became stale."""
    return {at for at, line in enumerate(change.test.splitlines(), 1) if line.endswith("# stale")}


def found(change: Change) -> set[int]:
    """The lines that are reported."""
    after: Mapping[str, str] = {"app.py": change.after} if change.after else {}
    stale = find_stale({"app.py": change.before}, after, {"test_app.py": change.test}, [change.elsewhere])
    return {each.line for each in stale}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name.replace(" ", "-"))
def test_each_seeded_change(change: Change) -> None:
    assert found(change) == marked(change)


def test_recall_and_false_positives_of_the_whole_set() -> None:
    stale = sum(len(marked(change)) for change in CHANGES)
    right = sum(len(found(change) & marked(change)) for change in CHANGES)
    reported = sum(len(found(change)) for change in CHANGES)
    assert right / stale >= 0.9
    assert (reported - right) / reported <= 0.1


def test_a_file_that_is_no_python_says_nothing() -> None:
    assert find_stale({"a.py": "def ("}, {"a.py": "x = 1"}, {"t.py": "assert ("}, ["\0"]) == []


@given(st.sampled_from(CHANGES))
def test_no_change_makes_nothing_stale(change: Change) -> None:
    source = {"app.py": change.before}
    assert find_stale(source, source, {"test_app.py": change.test}) == []


def test_a_large_change_is_read_in_seconds() -> None:
    def source(number: int, word: str) -> str:
        return "".join(f'def f{number}_{each}():\n    return "the {word} text {number} {each}"\n' for each in range(40))

    before = {f"a{number}.py": source(number, "old") for number in range(40)}
    after = {f"a{number}.py": source(number, "new") for number in range(40)}
    tests = {
        f"test_{number}.py": "def test():\n"
        + "".join(f'    assert g() == "claim {number} {each}"\n' for each in range(40))
        for number in range(40)
    }
    began = time.process_time()
    assert find_stale(before, after, tests) == []
    assert time.process_time() - began < 5
