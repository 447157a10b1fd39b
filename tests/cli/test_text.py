from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.cli.text import clipped, encodable, padded, paint, prose, safe, style, table, width


def test_a_style_is_seen_only_where_colour_is_wanted() -> None:
    text = f"{style('done', 'green', 'bold')} and plain"
    assert paint(text, colour=False) == "done and plain"
    assert paint(text, colour=True) == "\x1b[32m\x1b[1mdone\x1b[0m and plain"


def test_nothing_that_a_terminal_obeys_gets_through() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202eback\u2066\x00"
    painted = paint(hostile, colour=True)
    assert painted == "\\x1b[2J\\x1b]0;owned\\x07\\x0d\\x9b31m\\u202eback\\u2066\\x00"


def test_text_from_a_repository_stays_on_one_line_and_brings_no_style_of_its_own() -> None:
    assert safe("a\nError: b\tc") == "a\\nError: b c"
    assert prose("git said:\nno\x1b[1m") == "git said: no\\x1b[1m"
    assert safe(style("x", "red")) == "\ufffdx\ufffd"


@given(st.text())
def test_painted_text_holds_only_newline_and_tab_of_the_control_characters(text: str) -> None:
    painted = paint(text, colour=False)
    assert all(character in "\n\t" or ord(character) >= 32 for character in painted)
    painted.encode("utf-8")


@given(st.text(), st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_any_text_can_be_written_in_any_encoding(text: str, encoding: str) -> None:
    encodable(paint(text, colour=False), encoding).encode(encoding)


def test_known_symbols_have_plain_kin() -> None:
    assert encodable("WP01 → done ✓ …", "ascii") == "WP01 -> done ok ..."
    assert encodable("café", "ascii") == "caf\\xe9"


def test_width_counts_columns_and_not_marks() -> None:
    assert width(style("日本", "bold")) == 4
    assert width("e\u0301") == 1
    assert padded("日", 4) == "日  "


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clipped("planned", 7) == "planned"
    assert clipped("in progress", 6) == "in pr…"
    assert paint(clipped(style("in progress", "bold"), 6), colour=True) == "\x1b[1min pr…\x1b[0m"


def test_a_table_aligns_its_columns_whatever_their_style() -> None:
    rows = [["WP01", style("done", "green"), "tea"], ["WP10", "in_progress"], []]
    assert paint(table(rows, indent=2), colour=False) == "  WP01  done         tea\n  WP10  in_progress\n"
