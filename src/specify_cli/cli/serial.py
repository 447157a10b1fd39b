"""Values of the program as one JSON document."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import PurePath

from specify_cli.kernel.commands import Command
from specify_cli.kernel.lazy import load

# Inside JSON they can only stand in strings, where an escape means the same: a terminal sees nothing it would obey,
# and a file name that is not UTF-8 stays in valid JSON.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(value: object) -> object:
    """A value as JSON knows it: dataclasses by `to_dict()` or field by field, paths, enums and dates as text.

    A command for others to run is completed from the call (`cli/hints.py`).

    Raises:
        TypeError: the value has no JSON form.
    """
    if isinstance(value, Command):
        return load("specify_cli.cli.hints:shown")(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _object(value)


def _object(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, AbstractSet):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    to_dict = getattr(value, "to_dict", None)
    if callable(to_dict):
        return plain(to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)


def dump(document: object, encoding: str = "utf-8") -> str:
    """One JSON document as text that the encoding can hold."""
    text = _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(document, indent=2, ensure_ascii=False))
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(document, indent=2)
    return text
