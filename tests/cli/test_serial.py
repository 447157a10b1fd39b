from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.cli.serial import dump, plain
from specify_cli.kernel.notices import Notice


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    colour: Colour
    parts: tuple[Path, ...] = ()


def test_values_of_the_program_become_json() -> None:
    assert plain(Thing("a", Colour.RED, (Path("/x"),))) == {"name": "a", "colour": "red", "parts": ["/x"]}
    assert plain({Colour.RED: {2, 1}}) == {"red": [1, 2]}
    assert plain(datetime(2026, 11, 20, tzinfo=UTC)) == "2026-11-20T00:00:00+00:00"
    assert plain([float("nan"), 1.5, True, None]) == [None, 1.5, True, None]


def test_a_value_that_says_how_is_asked() -> None:
    assert plain(Notice("X", "y")) == {"code": "X", "message": "y", "hint": None}


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        plain({"a": object()})
    with pytest.raises(TypeError, match="type has no JSON form"):
        plain(Thing)


# Two lone surrogates side by side are a pair in JSON; a file name never holds them so.
texts = st.text() | st.just("caf\udce9.md")


@given(st.recursive(texts | st.integers() | st.none(), lambda kids: st.lists(kids) | st.dictionaries(texts, kids)))
def test_any_document_survives_in_utf_8_and_in_ascii(value: object) -> None:
    for encoding in ("utf-8", "ascii", "cp1252"):
        text = dump(value, encoding)
        assert json.loads(text.encode(encoding).decode(encoding)) == value


def test_a_document_holds_nothing_that_a_terminal_obeys() -> None:
    text = dump({"a": "\x1b\x7f\x9b\u202e\udc80é"})
    assert text == '{\n  "a": "\\u001b\\u007f\\u009b\\u202e\\udc80é"\n}'
