"""Reading the keys of a parsed line: required ones must be right, others of an odd shape are kept aside.

What may stand under a key is said by the kinds of `kernel/fields.py`; here is what thousands of lines need of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern

from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import ID, Broken, Fields, Kind, Mapped, is_folder_name


def invalid(data: Mapping[str, object], key: str, problem: str) -> Refused:
    """The error for a line that is no event."""
    return Refused(
        f"event {str(data.get('event_id', '(no id)'))[:64]!r}: {key} {problem}",
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


def identifier(data: Mapping[str, object], key: str) -> str:
    """An id that must be there, held once; raises as `required`."""
    value = required(data, key)
    if not ID.fits(value):
        raise invalid(data, key, f"is {value[:60]!r}, which is no id")
    return intern(value)


def moment(data: Mapping[str, object]) -> str:
    """The timestamp under `at`, as it is written; raises as `required`."""
    written = required(data, "at")
    try:
        clock.parse(written)
    except ValueError:
        raise invalid(data, "at", f"is not a timestamp: {written[:60]!r}") from None
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


def folder(data: Mapping[str, object], extra: dict[str, object]) -> str:
    """The name of the mission's folder; empty where it is missing, or none that could be one."""
    value = name(data, "mission_slug", extra) or ""
    if value and not is_folder_name(value):
        extra["mission_slug"] = value
        return ""
    return value


def shaped(
    data: Mapping[str, object], key: str, extra: dict[str, object], kind: Fields | Mapped
) -> Mapping[str, object] | None:
    """An object or None; what of it is no `kind` is left out, and then all of it goes to `extra` too."""
    value = mapping(data, key, extra)
    if not value:
        return value
    broken: list[Broken] = []
    kept = kind.take(value, key, broken)
    if broken:
        extra[key] = data[key]
    return kept if isinstance(kept, dict) else None


def odd(extra: Mapping[str, object], kinds: Mapping[str, Kind]) -> list[Broken]:
    """The keys of which a line holds something else than it can, so that they were kept aside."""
    broken: list[Broken] = []
    for key in extra.keys() & kinds.keys():
        kinds[key].take(extra[key], key, broken)
    return broken


def mapping(data: Mapping[str, object], key: str, extra: dict[str, object]) -> Mapping[str, object] | None:
    """An object or None; a value of another shape goes to `extra`."""
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, dict):
        return {label: intern(each) if type(each) is str else each for label, each in value.items()}
    extra[key] = value
    return None
