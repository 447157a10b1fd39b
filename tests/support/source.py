"""The source of the program and of its tests, read as syntax: what the house tests look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "specify_cli"
TESTS = ROOT / "tests"


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the program or of its tests.

    Args:
        name: dotted, without `specify_cli.` or `tests.`; empty for the package itself.
        path: its file.
        tree: its syntax.
    """

    name: str
    path: Path
    tree: ast.Module

    @property
    def floor(self) -> str:
        """Its package on the first level."""
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    def at(self, node: ast.AST) -> str:
        """Where something stands, as editors like it."""
        return f"{self}:{getattr(node, 'lineno', 1)}"

    def imports(self) -> Sequence[tuple[str, ast.AST]]:
        """Every module it imports at run time, by full name (`a.b` and `a.b.c` for `from a.b import c`)."""
        return _imports(self.tree)

    def calls(self) -> Sequence[tuple[str, ast.Call]]:
        """Every call, by the dotted name of what is called, as far as it is written out."""
        return _calls(self.tree)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        for node in nodes(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def nodes(tree: ast.AST) -> Sequence[ast.AST]:
    """Everything in a piece of syntax; walked once, for it is asked about again and again."""
    return tuple(ast.walk(tree))


@cache
def _imports(tree: ast.AST) -> Sequence[tuple[str, ast.AST]]:
    found: list[tuple[str, ast.AST]] = []
    for node in _at_run_time(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, node), *((f"{node.module}.{alias.name}", node) for alias in node.names)]
    return tuple(found)


@cache
def _calls(tree: ast.AST) -> Sequence[tuple[str, ast.Call]]:
    return tuple((dotted(node.func), node) for node in nodes(tree) if isinstance(node, ast.Call))


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the program, by name."""
    return tuple(_module(path, PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))


@cache
def modules_of_tests() -> tuple[Module, ...]:
    """All modules of the tests, by name."""
    return tuple(_module(path, TESTS) for path in sorted(TESTS.rglob("*.py")))


def dotted(node: ast.AST) -> str:
    """A name as it is written, `a.b.c`; empty where it is computed."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def _module(path: Path, folder: Path) -> Module:
    parts = path.relative_to(folder).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one, without what only the type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and dotted(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _at_run_time(child)
