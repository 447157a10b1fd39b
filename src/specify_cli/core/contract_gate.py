"""The contract gate: what may leave this machine.

Every rule comes from `upstream_contract.json` (seed 064, A1). A section of it is read in file order: lists
`required_…fields` and `forbidden_…fields` say which keys must and must not be there, `allowed_X` and `forbidden_X`
which values the field X may have, an object with such lists is a section over the same payload, and any other object
constrains the field of its name. What the gate does not know it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import cast

from specify_cli.kernel import files
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused

ARTIFACT = Path(__file__).with_name("upstream_contract.json")

Rules = Mapping[str, object]
Payload = Mapping[str, object]

_FIELDS = re.compile(r"(required|forbidden)_(?:\w+_)?fields")
_VALUES = re.compile(r"(allowed|forbidden)_(\w+?)(s?)")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list,
    "null": type(None),
}  # fmt: skip


class ContractViolationError(Refused):
    """A payload that upstream would not accept.

    Args:
        field: the field that is wrong, dotted where it is nested.
        context: the section of the contract.
        reason: what was expected and what was found.
    """

    def __init__(self, field: str, context: str, reason: str) -> None:
        details = {"field": field, "context": context, "reason": reason}
        message = f"the contract {context!r} is violated: {field}: {reason}"
        super().__init__(message, "CONTRACT_VIOLATION", hint=spec_kitty("sync diagnose"), details=details)
        self.field = field
        self.context = context
        self.reason = reason


def validate_outbound_payload(payload: Payload, context: str) -> None:
    """Let a payload pass, or refuse it before anything has happened.

    Args:
        payload: the JSON object about to leave.
        context: a section of the contract, `outer.inner` for a nested one.

    Raises:
        ContractViolationError: the first rule that does not hold, an unknown context included.
    """
    for violation in violations(payload, context):
        raise violation


def violations(payload: Payload, context: str) -> Iterator[ContractViolationError]:
    """Every rule of a context that a payload does not keep, in the order of the artifact."""
    section: object = contract()
    for part in context.split("."):
        section = section.get(part) if isinstance(section, dict) and not part.startswith("_") else None
    if not isinstance(section, dict) or not isinstance(payload, dict):
        reason = "is not an object" if isinstance(section, dict) else "is no section of the contract"
        yield ContractViolationError("payload" if isinstance(section, dict) else "context", context, reason)
        return
    for field, reason in _broken(payload, section, payload):
        yield ContractViolationError(field, context, reason)


@cache
def contract() -> Rules:
    """The packaged artifact, read once."""
    return files.read_json(ARTIFACT) or {}


def _broken(payload: Payload, section: Rules, whole: Payload) -> Iterator[tuple[str, str]]:
    for name, rule in section.items():
        if name == "applies_to" or name.startswith("_"):
            continue
        if isinstance(rule, list):
            yield from _broken_list(payload, section, name, rule)
        elif isinstance(rule, dict) and any(_FIELDS.fullmatch(key) for key in rule):
            if _applies(rule, whole):
                yield from _broken(payload, rule, whole)
        elif isinstance(rule, dict):
            if name in payload:
                yield from _broken_value(name, payload[name], rule, whole)
        else:
            yield name, "is a rule that this version does not know"


def _broken_list(payload: Payload, section: Rules, name: str, rule: list[object]) -> Iterator[tuple[str, str]]:
    if found := _FIELDS.fullmatch(name):
        for field in map(str, rule):
            if found[1] == "forbidden":
                if field in payload:
                    yield field, "must not be there"
            elif field not in payload:
                yield field, "is missing"
            elif _is_empty(payload[field]) and not (payload[field] is None and _may_be_null(section.get(field))):
                yield field, f"must not be empty; found {_shown(payload[field])}"
    elif found := _VALUES.fullmatch(name):
        for field in {found[2], found[2] + found[3]} & payload.keys():
            if payload[field] is not None and (payload[field] in rule) is not (found[1] == "allowed"):
                yield field, _CONSTRAINTS[found[1]][1](rule, payload[field])
    else:
        yield name, "is a rule that this version does not know"


def _broken_value(field: str, value: object, rule: Rules, whole: Payload) -> Iterator[tuple[str, str]]:
    for name, wanted in rule.items():
        if name == "section":
            if isinstance(value, dict):
                nested = cast("Rules", contract()[str(wanted)])
                yield from ((f"{field}.{inner}", reason) for inner, reason in _broken(value, nested, whole))
        elif name not in _CONSTRAINTS:
            yield field, f"has a rule that this version does not know: {name}"
        elif not _CONSTRAINTS[name][0](wanted, value):
            yield field, _CONSTRAINTS[name][1](wanted, value)


def _applies(section: Rules, whole: Payload) -> bool:
    """Whether a section counts for this payload: each field of `applies_to` has one of its values, or is not there."""
    when = cast("Mapping[str, list[object]]", section.get("applies_to", {}))
    return all(whole.get(field, values[0]) in values for field, values in when.items())


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _may_be_null(rule: object) -> bool:
    return isinstance(rule, dict) and "null" in rule.get("type", ())


def _listed(wanted: object) -> list[object]:
    return wanted if isinstance(wanted, list) else [wanted]


def _has_type(wanted: object, value: object) -> bool:
    return any(
        isinstance(value, _TYPES[str(kind)]) and (kind == "boolean" or not isinstance(value, bool))
        for kind in _listed(wanted)
    )


def _expected(words: str) -> Callable[[object, object], str]:
    return lambda wanted, value: f"expected {words}{' or '.join(map(str, _listed(wanted)))}; found {_shown(value)}"


def _shown(value: object) -> str:
    """A value in a few characters; of what is long only the kind."""
    if isinstance(value, str | int | float | bool | None):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}…"
    return f"{'an array' if isinstance(value, list) else 'an object'}"


_CONSTRAINTS: Mapping[str, tuple[Callable[[object, object], bool], Callable[[object, object], str]]] = {
    "allowed": (lambda wanted, value: value in _listed(wanted), _expected("")),
    "forbidden": (lambda wanted, value: value not in _listed(wanted), _expected("anything but ")),
    "value": (lambda wanted, value: value == wanted and type(value) is type(wanted), _expected("")),
    "type": (_has_type, _expected("")),
}
