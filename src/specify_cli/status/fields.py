"""Reading the keys of a parsed line: required ones must be right, others of an odd shape are kept aside."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern

from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused


def invalid(data: Mapping[str, object], key: str, problem: str) -> Refused:
    """The error for a line that is no event."""
    return Refused(
        f"event {data.get('event_id', '(no id)')!r}: {key} {problem}",
        "INVALID_EVENT",
        hint=spec_kitty("agent status validate"),
        details={"key": key},
    )


def required(data: Mapping[str, object], key: str) -> str:
    """A text that must be there and not be empty.

    Raises:
        Refused: `INVALID_EVENT`.
    """
    value = data.get(key)
    if isinstance(value, str) and value:
        return value
    raise invalid(data, key, "is missing" if value is None or value == "" else "is not a text")


def moment(data: Mapping[str, object]) -> str:
    """The timestamp under `at`, as it is written; raises as `required`."""
    written = required(data, "at")
    try:
        clock.parse(written)
    except ValueError:
        raise invalid(data, "at", f"is not a timestamp: {written!r}") from None
    return written


def flag(data: Mapping[str, object]) -> bool:
    """The value under `force`, false where it is missing; raises as `required`."""
    value = data.get("force", False)
    if isinstance(value, bool):
        return value
    raise invalid(data, "force", "is neither true nor false")


def text(data: Mapping[str, object], key: str, extra: dict[str, object]) -> str | None:
    """A text or None; a value of another shape goes to `extra`."""
    value = data.get(key)
    if value is None or isinstance(value, str):
        return value
    extra[key] = value
    return None


def name(data: Mapping[str, object], key: str, extra: dict[str, object]) -> str | None:
    """As `text`, an empty one being None; what stands in thousands of lines is held once."""
    value = text(data, key, extra)
    return intern(value) if value else None


def mapping(data: Mapping[str, object], key: str, extra: dict[str, object]) -> Mapping[str, object] | None:
    """An object or None; a value of another shape goes to `extra`."""
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, dict):
        return {label: intern(each) if type(each) is str else each for label, each in value.items()}
    extra[key] = value
    return None
