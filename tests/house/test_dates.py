"""The tests pass on any day: none compares a date that stands in it with the clock of the machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source import Module, dotted, modules, modules_of_tests, nodes

# Who else asks the machine gets another day than the test has, as soon as the day is moved (`--today`).
REAL_CLOCKS = {
    *(f"datetime.{name}" for name in ("now", "utcnow", "today", "datetime.now", "datetime.utcnow", "datetime.today")),
    *(f"{name}.today" for name in ("date", "datetime.date")),
    *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")),
}
DOOR = "support.today"
# What tells the time that it is, or compares with it.
READINGS = {"clock.now", "clock.epoch", "clock.system", "later", "is_quiet"}
DATE = re.compile(r"\b(19|20)\d\d-[01]\d-")
GIT_DATES = {"GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"}

# (module, function): why it may.
EXCEPTIONS = {("kernel.test_git", "test_a_commit_is_made_of_a_tree"): "reads the date back, and no age"}


def real_clocks(module: Module) -> Iterator[str]:
    """Where a module of the tests asks the machine for the time."""
    names = {
        alias.asname or alias.name: f"time.{alias.name}"
        for node in nodes(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    for name, call in module.calls():
        if names.get(name, name) in REAL_CLOCKS:
            yield f"{module.at(call)} {name}"


def mixtures(module: Module) -> Iterator[str]:
    """Functions that name a date and look at the clock, both where the clock is not set."""
    fixed = {
        target.id
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _has_date(node.value, set())
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for function in module.functions():
        nodes = list(_where_the_clock_runs(function))
        if any(_is_date(node, fixed) for node in nodes) and any(_is_reading(node) for node in nodes):
            yield f"{module.at(function)} {function.name}"


def dates_for_git(module: Module) -> Iterator[tuple[str, str]]:
    """Functions that give git a date that stands there; commits with their own dates have an age on every day."""
    for function in module.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in GIT_DATES and isinstance(value, ast.Constant):
                        yield function.name, module.at(node)


def _where_the_clock_runs(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.With) and any(_sets_the_clock(item.context_expr) for item in child.items):
            continue
        yield child
        yield from _where_the_clock_runs(child)


def _sets_the_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == "clock.use"


def _has_date(node: ast.AST, fixed: set[str]) -> bool:
    return any(_is_date(each, fixed) for each in ast.walk(node))


def _is_date(node: ast.AST, fixed: set[str]) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and DATE.search(node.value) is not None
    if isinstance(node, ast.Call) and dotted(node.func) in {"datetime", "date", "datetime.datetime", "datetime.date"}:
        return bool(node.args) and isinstance(node.args[0], ast.Constant)
    return isinstance(node, ast.Name) and node.id in fixed


def _is_reading(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = dotted(node.func)
    return name in READINGS or (name == "clock.stamp" and not node.args)


def test_the_tests_ask_one_module_for_the_time() -> None:
    assert not [found for module in modules_of_tests() if module.name != DOOR for found in real_clocks(module)]


def test_no_test_compares_a_date_that_stands_in_it_with_the_running_clock() -> None:
    assert not [found for module in modules_of_tests() for found in mixtures(module)]


def test_no_test_commits_on_a_date_that_stands_in_it() -> None:
    found = [
        (module.name, function, place)
        for module in modules_of_tests()
        for function, place in dates_for_git(module)
        if (module.name, function) not in EXCEPTIONS
    ]
    assert not found


def test_the_time_of_a_file_is_read_on_our_clock() -> None:
    translated = {
        id(node)
        for module in modules()
        for name, call in module.calls()
        if name == "clock.file_time"
        for node in call.args
    }
    assert not [
        f"{module.at(node)} {node.attr}"
        for module in modules()
        for node in nodes(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"st_mtime", "st_ctime", "st_atime", "st_birthtime"}
        and id(node) not in translated
    ]


def sample(source: str) -> Module:
    return Module("sample", Path(__file__), ast.parse(source))


@pytest.mark.parametrize("call", ["datetime.now(UTC)", "date.today()", "time.time()", "seconds()"])
def test_a_real_clock_is_found(call: str) -> None:
    assert len([*real_clocks(sample(f"from time import time as seconds\n\ndef test_x():\n    assert {call}\n"))]) == 1


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("assert not is_quiet(OLD, None, 15)", 1),
        ("assert clock.stamp() > '2026-11-20'", 1),
        ("assert clock.now() > datetime(2026, 11, 20)", 1),
        ("assert clock.parse(f'2026-11-{day}T12:00') < clock.now()", 1),
        ("with later(20):\n        assert begun('2026-11-20T12:00:00+00:00')", 1),
        ("with clock.use(lambda: OLD):\n        assert not is_quiet(OLD, None, 15)", 0),
        ("assert clock.stamp(OLD) == '2026-01-01'", 0),
        ("assert clock.stamp() > ago(days=2)", 0),
    ],
)
def test_a_mixture_is_found(body: str, count: int) -> None:
    source = f"OLD = Lease('claude', '2026-01-01T00:00:00+00:00')\n\ndef test_x():\n    {body}\n"
    assert len([*mixtures(sample(source))]) == count


def test_a_commit_on_a_fixed_date_is_found() -> None:
    source = "def commit():\n    env = {**os.environ, 'GIT_AUTHOR_DATE': '2026-11-20T12:00:00+00:00'}\n"
    assert [name for name, _ in dates_for_git(sample(source))] == ["commit"]
