"""Assertions that a change of the source has probably made wrong; pure, from syntax trees.

What a change takes away is compared with what tests still claim: a text that no source says any more, a value that a
named constant or a function no longer has, a name that nothing defines. Nothing is imported or run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from itertools import chain

from specify_cli.kernel.values import frozen

# A shorter text says too little: "a" or "id" stands in everything.
SHORTEST_TEXT = 3
SHORTEST_PIECE = 5
# Methods that every program has; that one class of ours lost one says nothing of the others.
_COMMON = frozenset(chain.from_iterable(map(dir, (str, bytes, dict, list, set, int, float, BaseException, object))))
_ASSERTING_CALLS = ("assert", "raises", "warns", "expect")

# The type's name beside the value: 1, 1.0 and True are not one.
Literal = tuple[str, object]


@frozen
class StaleAssertion:
    """An assertion that a change has probably made wrong.

    Args:
        file, line: where it stands.
        code: the assertion's first line.
        source: the changed file.
        reason: what changed.
    """

    file: str
    line: int
    code: str
    source: str
    reason: str

    def to_dict(self) -> dict[str, object]:
        """As it stands in the answer."""
        return {"file": self.file, "line": self.line, "code": self.code, "source": self.source, "reason": self.reason}


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


def find_stale(
    before: Mapping[str, str], after: Mapping[str, str], tests: Mapping[str, str], unchanged: Iterable[str] = ()
) -> list[StaleAssertion]:
    """The assertions that a change has probably made wrong, in order of file and line.

    Args:
        before: changed source files as they were; a new file is missing.
        after: the same as they are; a removed file is missing.
        tests: test files as they are.
        unchanged: the texts of all other source files: what they say and define is not gone.
    """
    still = _joined([said(text) for text in (*after.values(), *unchanged)])
    found: list[StaleAssertion] = []
    claims = [claim for file, text in sorted(tests.items()) for claim in _claims(file, text)]
    for source, text in sorted(before.items()):
        old, new = said(text), said(after.get(source, ""))
        for claim in claims:
            reason = _wrong(claim, old, new, still)
            if reason:
                found.append(StaleAssertion(claim.file, claim.line, claim.code, source, reason))
    unique = {(each.file, each.line): each for each in reversed(found)}
    return [unique[key] for key in sorted(unique)]


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
        values[name] = values.get(name, frozenset()) | _literals(part, documentation)
    return Said(frozenset(texts), values, frozenset(_defined(tree)))


def _joined(all_said: Iterable[Said]) -> Said:
    texts: set[str] = set()
    names: set[str] = set()
    for each in all_said:
        texts |= each.texts
        names |= each.names
    return Said(frozenset(texts), {}, frozenset(names))


def _named(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Constants and functions with their bodies."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name | ast.Attribute):
                    yield _last(target), node.value
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name | ast.Attribute):
            yield _last(node.target), node.value


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield _last(node)
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _literals(part: ast.AST, documentation: set[int]) -> frozenset[Literal]:
    """The literals of a part, its documentation left out."""
    return frozenset(
        (type(node.value).__name__, node.value)
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and node.value is not Ellipsis and id(node) not in documentation
    )


@frozen
class _Claim:
    """An assertion and what it says.

    Args:
        texts: string literals in it, those of names that stand for one included.
        literals: all literals in it.
        mentions: names in it, imported ones by the name they were defined with.
        modules: what the test file imports.
    """

    file: str
    line: int
    code: str
    texts: frozenset[str]
    literals: frozenset[Literal]
    mentions: frozenset[str]
    imported: frozenset[str]


def _claims(file: str, text: str) -> Iterator[_Claim]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    lines = text.splitlines()
    aliases = {
        each.asname or each.name: each.name.rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    }
    for scope, known in _scopes(tree):
        cases = [mark for mark in getattr(scope, "decorator_list", ()) if "parametrize" in ast.dump(mark)]
        for node in _asserting(scope):
            yield _claim(file, node, lines, aliases, known)
        if any(True for _ in _asserting(scope)):
            for case in (each for mark in cases for each in _cases(mark)):
                yield _claim(file, case, lines, aliases, known, inside=scope)


def _scopes(tree: ast.Module) -> Iterator[tuple[ast.AST, Mapping[str, ast.expr]]]:
    """Each test function, and the module, with the names that stand for a literal in it."""
    outer = _assigned(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, {**outer, **_assigned(list(ast.walk(node)))}


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_data(node.value)
    }


def _is_data(node: ast.expr) -> bool:
    return not any(isinstance(each, ast.Call | ast.Await | ast.Attribute) for each in ast.walk(node))


def _asserting(scope: ast.AST) -> Iterator[ast.AST]:
    """The assertions of a function: statements, and calls such as `assertEqual`, `raises`, `assert_called_with`."""
    inside: set[int] = set()
    for node in ast.walk(scope):
        if id(node) in inside:
            continue
        called = node.func if isinstance(node, ast.Call) else None
        name = _last(called) if isinstance(called, ast.Name | ast.Attribute) else ""
        if isinstance(node, ast.Assert) or name.startswith(_ASSERTING_CALLS):
            inside |= {id(each) for each in ast.walk(node)}
            yield node


def _cases(mark: ast.AST) -> Iterator[ast.AST]:
    """The rows of a parametrization."""
    for node in ast.iter_child_nodes(mark):
        if isinstance(node, ast.List | ast.Tuple):
            yield from node.elts


def _claim(
    file: str,
    node: ast.AST,
    lines: list[str],
    aliases: Mapping[str, str],
    known: Mapping[str, ast.expr],
    inside: ast.AST | None = None,
) -> _Claim:
    parts = [node, *(known[each.id] for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in known)]
    literals = frozenset(chain.from_iterable(_literals(part, set()) for part in parts))
    texts = frozenset(_texts(literals))
    mentions = set()
    for each in chain.from_iterable(ast.walk(part) for part in (*parts, *([inside] if inside else ()))):
        if isinstance(each, ast.Name | ast.Attribute):
            mentions.add(aliases.get(_last(each), _last(each)))
        elif isinstance(each, ast.keyword) and each.arg:
            mentions.add(each.arg)
    line = getattr(node, "lineno", 1)
    code = lines[line - 1].strip()
    return _Claim(file, line, code, texts, literals, frozenset(mentions), frozenset(aliases.values()))


def _wrong(claim: _Claim, old: Said, new: Said, still: Said) -> str:
    """Why a claim is probably wrong after a change, or nothing."""
    for name in sorted((old.names - still.names) & claim.mentions):
        if name not in _COMMON:
            return f"nothing is named {name} any more"
    for name in sorted(set(old.values) & set(new.values) & claim.mentions):
        lost = (old.values[name] - new.values[name]) & claim.literals
        if lost and not _is_said(lost, new.values[name]):
            return f"{name} no longer has {_shown(lost)}"
    for text in sorted(claim.texts, key=len, reverse=True):
        gone = _gone(text, old.texts, still.texts)
        if gone is not None:
            return f"no source says {gone!r} any more"
    return ""


def _is_said(lost: frozenset[Literal], now: frozenset[Literal]) -> bool:
    """Whether what was lost is a text that lives on inside a longer one."""
    gone = _texts(lost)
    return len(gone) == len(lost) and all(any(each in text for text in _texts(now)) for each in gone)


def _texts(literals: Iterable[Literal]) -> list[str]:
    return [value for _, value in literals if isinstance(value, str)]


def _shown(lost: frozenset[Literal]) -> str:
    return ", ".join(sorted(repr(value) for _, value in lost))


def _gone(claimed: str, old: frozenset[str], still: frozenset[str]) -> str | None:
    """The text of old source that a claimed text was part or made of, where the source of today has neither."""
    if len(claimed.strip()) < SHORTEST_TEXT or any(claimed in text for text in still):
        return None
    whole = [text for text in old - still if claimed in text]
    if whole:
        return min(whole, key=len)
    pieces = [text for text in old - still if len(text.strip()) >= SHORTEST_PIECE and text in claimed]
    kept = [text for text in still if len(text.strip()) >= SHORTEST_PIECE and text in claimed]
    best = max(pieces, key=len, default="")
    return best if best and not any(best in text for text in kept) else None
