"""What source files say: their texts, the values of their names, and what they define; pure, from syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field

from specify_cli.kernel.values import frozen

# The type's name beside the value: 1, 1.0 and True are not one.
Literal = tuple[str, object]


@frozen
class Said:
    """What a piece of source says.

    Args:
        texts: string literals and the fixed pieces of f-strings.
        values: constant or function -> the literals in it, numbers and texts.
        names: what is defined: functions, classes, constants, parameters, fields.
    """

    texts: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[Literal]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


def said(text: str) -> Said:
    """What a source file says; nothing where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return Said()
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    }
    values: dict[str, frozenset[Literal]] = {}
    for name, part in _named(tree):
        values[name] = values.get(name, frozenset()) | literals(part, documentation)
    return Said(frozenset(texts), values, frozenset(_defined(tree)))


def joined(all_said: Iterable[Said]) -> Said:
    """The texts and names of several files; the values are each file's own."""
    texts: set[str] = set()
    names: set[str] = set()
    for each in all_said:
        texts |= each.texts
        names |= each.names
    return Said(frozenset(texts), {}, frozenset(names))


def _named(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Functions with their bodies, and constants of modules and classes; a name inside a function is its own affair."""
    for node in ast.iter_child_nodes(tree):
        yield from _named(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name | ast.Attribute):
                    yield last(target), node.value
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name | ast.Attribute):
            yield last(node.target), node.value


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield last(node)
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def last(node: ast.Name | ast.Attribute) -> str:
    """The name itself, without what stands before the dot."""
    return node.id if isinstance(node, ast.Name) else node.attr


def literals(part: ast.AST, documentation: Collection[int] = ()) -> frozenset[Literal]:
    """The literals of a part, its documentation left out; None stands in everything and says nothing."""
    return frozenset(
        (type(node.value).__name__, node.value)
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and node.value not in (..., None) and id(node) not in documentation
    )


def texts_of(found: Iterable[Literal]) -> list[str]:
    """The texts among some literals."""
    return [value for _, value in found if isinstance(value, str)]
