"""TOML files of a user: read whole, changed key by key, every other line left as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused

Changes = Mapping[tuple[str, str], str | int | None]

_HEADER = re.compile(r'\s*\[\s*(?:"([^"]*)"|([A-Za-z0-9_.-]+))\s*\]\s*(?:#.*)?')


def loads(data: bytes | None, where: str) -> dict[str, object]:
    """The tables of a file; none for None.

    Raises:
        Refused: `MALFORMED_TOML`, with the place but never the content, which may be secret.
    """
    try:
        return tomllib.loads((data or b"").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _malformed(where, "it is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at .*\)\Z", str(error))
        raise _malformed(where, f"it is no TOML {place.group() if place else ''}".strip()) from error
    except RecursionError as error:
        raise _malformed(where, "it is nested too deeply") from error


def edit(data: bytes | None, changes: Changes, where: str) -> bytes:
    """Set keys of tables, or take them out; all else stays byte for byte.

    Args:
        data: the file; None makes a new one.
        changes: (table, key) -> value, None to take the key out, and the table with its last one; tables in tables
            are named with dots.
        where: name for error messages.

    Raises:
        Refused: `MALFORMED_TOML`, also for a file laid out so that single keys cannot be changed; `NOT_UTF8`.
    """
    wanted = loads(data, where)
    text = (data or b"").decode("utf-8")
    for (table, key), value in changes.items():
        _want(wanted, (*table.split("."), key), value, where)
        text = _set(text, table, key, None if value is None else f"{key} = {_literal(value)}\n")
    try:
        done = text.encode("utf-8")
    except UnicodeEncodeError as error:
        names = ", ".join(".".join(name) for name in changes)
        message = f"{where} holds UTF-8 alone, and what was given for {names} is none: the shell's locale must be UTF-8"
        raise Refused(message, "NOT_UTF8", hint=command("export", "LC_ALL=C.UTF-8")) from error
    if loads(done, where) != wanted:
        raise _malformed(
            where, f"its tables {', '.join(sorted({name for name, _ in changes}))} are not laid out plainly"
        )
    return done


def _want(tables: dict[str, object], path: tuple[str, ...], value: str | int | None, where: str) -> None:
    """Make the same change to the tables; those left empty go."""
    if len(path) == 1:
        tables.pop(path[0], None)
        if value is not None:
            tables[path[0]] = value
        return
    section = tables.setdefault(path[0], {})
    if not isinstance(section, dict):
        raise _malformed(where, f"{path[0]} is no table")
    _want(section, path[1:], value, where)
    if not section:
        del tables[path[0]]


def _set(text: str, table: str, key: str, line: str | None) -> str:
    """The text with one line of one table replaced, added or taken out; the caller checks what came of it."""
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    start = next((number for number, one in enumerate(lines) if _table_of(one) == table), None)
    if start is None:
        gap = "" if not lines else "\n" if lines[-1].endswith("\n") else "\n\n"
        return text if line is None else f"{text}{gap}[{table}]\n{line}"
    end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    while end > start + 1 and re.fullmatch(r"\s*(?:#.*)?\s*", lines[end - 1]):
        end -= 1  # what stands before the next table belongs to that
    block = lines[start:end]
    block[-1] = block[-1] if block[-1].endswith("\n") else block[-1] + "\n"
    mine = re.compile(rf'\s*(?:"{re.escape(key)}"|{re.escape(key)})\s*=')
    at = next((number for number, one in enumerate(block) if number and mine.match(one)), len(block))
    block[at : at + 1] = [] if line is None else [line]
    if len(block) == 1 and line is None:
        block = []
        # The blank line that was put before it goes too.
        if end == len(lines) and start and not lines[start - 1].strip():
            start -= 1
        elif end < len(lines) and not lines[end].strip():
            end += 1
    return "".join((*lines[:start], *block, *lines[end:]))


def _table_of(line: str) -> str | None:
    found = _HEADER.fullmatch(line.rstrip("\r\n"))
    return None if found is None else found[1] or found[2]


def _literal(value: str | int) -> str:
    """A value as TOML writes it; JSON's escapes are TOML's but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _malformed(where: str, reason: str) -> Refused:
    return Refused(
        f"{where} cannot be used: {reason}",
        "MALFORMED_TOML",
        hint=command("mv", where, where + ".broken"),
        details={"path": where},
    )
