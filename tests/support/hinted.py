"""Which codes of the program come with a command, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.source import Module, modules

# Call -> where its code and its command stand among the positional arguments.
_PLACES = {
    "Unmet": (0, 2),
    "Notice": (0, 2),
    "Finding": (2, 4),
    "PlanProblem": (0, 3),
    "Problem": (1, 5),
    "Failure": (0, 2),
    "Rule": (0, 99),
}
_ERROR = (1, 2)
_ERRORS = ("UsageError", "NotFound", "Refused", "Conflict", "Unavailable", "SpecKittyError")
_COMMANDS = frozenset({"command", "git_command", "spec_kitty", "Command"})


def hinted_codes() -> dict[str, str]:
    """Code -> a place where it is given with a command."""
    found: dict[str, str] = {}
    for module in modules():
        for code, where in _of(module):
            found.setdefault(code, where)
    return found


def _of(module: Module) -> Iterator[tuple[str, str]]:
    for name, call in module.calls():
        short = name.rpartition(".")[2]
        error = short in _ERRORS or short.endswith(("Error", "Failed"))
        places = _PLACES.get(short) or (_ERROR if error else None)
        if places is None and not short.startswith("_"):
            continue
        code, hint = _argument(call, places[0] if places else None, ("code",)), None
        if places:
            hint = _argument(call, places[1], ("hint", "fix"))
        values = [code] if code is not None else []
        if places is None:
            # A helper of a module: `_error("CODE", message, command(…))`.
            values = [each for each in call.args if isinstance(each, ast.Constant)]
            hint = next((each for each in call.args if _is_command(each)), None)
        if hint is None or (isinstance(hint, ast.Constant) and hint.value is None):
            continue
        for value in values:
            for text in _texts(value):
                if text.isupper() and len(text) > 2:
                    yield text, module.at(call)


def _argument(call: ast.Call, at: int | None, names: tuple[str, ...]) -> ast.expr | None:
    keyword = next((each.value for each in call.keywords if each.arg in names), None)
    if keyword is not None or at is None:
        return keyword
    return call.args[at] if at < len(call.args) else None


def _is_command(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        return name in _COMMANDS or (isinstance(node.func, ast.Attribute) and _is_command(node.func.value))
    return isinstance(node, ast.IfExp) and (_is_command(node.body) or _is_command(node.orelse))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
