"""What tests claim: each assertion with its texts, literals and names; pure, from syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from specify_cli.kernel.values import frozen
from specify_cli.release.said import Literal, last, literals, texts_of

_ASSERTING_CALLS = ("assert", "raises", "warns", "expect")


@frozen
class Claim:
    """An assertion and what it says.

    Args:
        code: its first line.
        texts: string literals in it, those of names that stand for one included.
        literals: all literals in it.
        mentions: names in it, imported ones by the name they were defined with; not those of the test's own things.
    """

    file: str
    line: int
    code: str
    texts: frozenset[str]
    literals: frozenset[Literal]
    mentions: frozenset[str]


@frozen
class _Scope:
    """A test function.

    Args:
        aliases: name here -> name where it was defined.
        known: names that stand for data -> the data.
        own: names that it gives to things of its own: they are not what a source calls so.
    """

    node: ast.AST
    aliases: Mapping[str, str]
    known: Mapping[str, ast.expr]
    own: frozenset[str]


def claims_of(file: str, text: str) -> Iterator[Claim]:
    """The assertions of a test file, and the rows of what they are parametrized with; none where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    lines = text.splitlines()
    for scope in _scopes(tree):
        asserting = list(_asserting(scope.node))
        marks = [mark for mark in getattr(scope.node, "decorator_list", ()) if "parametrize" in ast.dump(mark)]
        cases = [case for mark in marks for case in _cases(mark)] if asserting else []
        for node, also in [*((each, None) for each in asserting), *((each, scope.node) for each in cases)]:
            yield _claim(file, lines, scope, node, also)


def _scopes(tree: ast.Module) -> Iterator[_Scope]:
    aliases = {
        each.asname or each.name: each.name.rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    }
    outer = _assigned(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            walked = list(ast.walk(node))
            yield _Scope(node, aliases, {**outer, **_assigned(walked)}, _bound(walked) - aliases.keys())


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_data(node.value)
    }


def _bound(nodes: Iterable[ast.AST]) -> frozenset[str]:
    stores = (ast.Name, ast.arg)
    found = (node for node in nodes if isinstance(node, stores))
    return frozenset(
        node.arg if isinstance(node, ast.arg) else node.id
        for node in found
        if isinstance(node, ast.arg) or isinstance(node.ctx, ast.Store)
    )


def _is_data(node: ast.expr) -> bool:
    return not any(isinstance(each, ast.Call | ast.Await | ast.Attribute) for each in ast.walk(node))


def _asserting(scope: ast.AST) -> Iterator[ast.AST]:
    """The assertions of a function: statements, and calls such as `assertEqual`, `raises`, `assert_called_with`."""
    inside: set[int] = set()
    for node in ast.walk(scope):
        if id(node) in inside:
            continue
        called = node.func if isinstance(node, ast.Call) else None
        name = last(called) if isinstance(called, ast.Name | ast.Attribute) else ""
        if isinstance(node, ast.Assert) or name.startswith(_ASSERTING_CALLS):
            inside |= {id(each) for each in ast.walk(node)}
            yield node


def _cases(mark: ast.AST) -> Iterator[ast.AST]:
    """The rows of a parametrization."""
    for node in ast.iter_child_nodes(mark):
        if isinstance(node, ast.List | ast.Tuple):
            yield from node.elts


def _claim(file: str, lines: list[str], scope: _Scope, node: ast.AST, also: ast.AST | None) -> Claim:
    """What a node claims.

    Args:
        also: where more names are mentioned: a row of a parametrization is about what its function calls.
    """
    named = (each.id for each in ast.walk(node) if isinstance(each, ast.Name))
    parts = [node, *(scope.known[name] for name in named if name in scope.known)]
    found = frozenset(chain.from_iterable(literals(part) for part in parts))
    walked = chain.from_iterable(ast.walk(part) for part in (*parts, *([also] if also else ())))
    mentions = frozenset(chain.from_iterable(_mentioned(each, scope) for each in walked))
    line = getattr(node, "lineno", 1)
    return Claim(file, line, lines[line - 1].strip(), frozenset(texts_of(found)), found, mentions)


def _mentioned(node: ast.AST, scope: _Scope) -> Iterator[str]:
    if isinstance(node, ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id not in scope.own):
        yield scope.aliases.get(last(node), last(node))
