"""Options whose value is JSON: parsed once, explained when wrong."""

from __future__ import annotations

import json

from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.given import text_of


def parsed(flag: str, value: str) -> object:
    """The JSON value of an option, given as it is, as `@file`, or as `-` for standard input.

    Raises:
        UsageError: `MALFORMED_JSON`, with line and column.
        NotFound: `FILE_NOT_FOUND`.
    """
    text = text_of(value.removeprefix("@")) if value == "-" or value.startswith("@") else value
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _malformed(flag, error.lineno, error.colno, error.msg) from error
    except (ValueError, RecursionError) as error:
        raise _malformed(flag, 1, 1, "a number too long, or nested too deeply") from error


def _malformed(flag: str, line: int, column: int, reason: str) -> UsageError:
    return UsageError(
        f"{flag} line {line}, column {column}: {reason}; from a file: {flag} @FILE",
        "MALFORMED_JSON",
        details={"line": line, "column": column},
    )


def mapping(flag: str, value: str) -> dict[str, object]:
    """The JSON object of an option; raises as `parsed`."""
    found = parsed(flag, value)
    if not isinstance(found, dict):
        raise _malformed(flag, 1, 1, "an object is expected")
    return found


def lists_by_name(flag: str, value: str) -> dict[str, list[str]]:
    """An object whose values are lists of texts; raises as `parsed`."""
    found: dict[str, list[str]] = {}
    for name, items in mapping(flag, value).items():
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise _malformed(flag, 1, 1, f"a list of texts is expected for {name}")
        found[name] = [str(item) for item in items]
    return found
