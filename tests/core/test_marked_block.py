"""A block of ours in somebody's document: it comes, changes and goes, and every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.marked_block import BEGIN, END, find, with_block, without_block
from specify_cli.kernel.errors import Refused

OURS = f"{BEGIN}\n## spec-kitty\n\nAsk.\n{END}"
NEWER = f"{BEGIN}\nAsk again.\n{END}"
DOCUMENTS = {
    "empty": b"",
    "byte order mark": b"\xef\xbb\xbf",
    "one line": b"# Tea\n",
    "no final newline": b"# Tea\n\nBe kind.",
    "windows": b"# Tea\r\n\r\nBe kind.\r\n",
    "windows, no final newline": b"# Tea\r\nBe kind.",
    "blank lines at the end": b"# Tea\n\n\n",
    "latin-1": b"# Caf\xe9\n",
    "old mac": b"# Tea\rBe kind.\r",
    "only a newline": b"\n",
    "mixed": b"a\r\nb\nc",
    "marks shown in code": f"# How\n\n```\n{BEGIN}\n{END}\n```\n".encode(),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_block_that_comes_and_goes_leaves_the_same_bytes(document: bytes) -> None:
    with_ours = with_block(document, OURS, "AGENTS.md")
    assert with_ours.startswith(document)
    block = find(with_ours, "AGENTS.md")
    assert block is not None
    assert block.text == OURS
    assert with_block(with_ours, OURS, "AGENTS.md") == with_ours
    changed = with_block(with_ours, NEWER, "AGENTS.md")
    assert changed.startswith(document)
    assert without_block(changed, "AGENTS.md") == document
    assert without_block(with_ours, "AGENTS.md") == document


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"# T", b"```", b"~~~", b"    ", b"\xe9", b"\xef\xbb\xbf"]))
)
def test_whatever_stands_in_a_document_a_block_is_found_again_or_refused(pieces: list[bytes]) -> None:
    document = b"".join(pieces)
    try:
        with_ours = with_block(document, OURS, "AGENTS.md")
    except Refused:
        return  # it ends inside of fenced code
    block = find(with_ours, "AGENTS.md")
    assert block is not None
    assert block.text == OURS
    assert without_block(with_ours, "AGENTS.md") == document


def test_a_document_that_ends_inside_of_fenced_code_is_refused() -> None:
    with pytest.raises(Refused, match="close that first") as refused:
        with_block(b"# Tea\n\n```sh\nmake tea\n", OURS, "AGENTS.md")
    assert refused.value.code == "MARKS_UNCLEAR"


def test_a_block_speaks_the_line_endings_of_its_document() -> None:
    assert b"\n" not in with_block(b"# Tea\r\n", OURS, "").replace(b"\r\n", b"")


def test_what_is_written_behind_the_block_stays_on_its_own_line() -> None:
    document = with_block(b"# Tea", OURS, "") + b"\nMore.\n"
    assert without_block(document, "") == b"# Tea\nMore.\n"
    moved = f"Before.\n\n{OURS}\n\nAfter.\n".encode()
    assert without_block(moved, "") == b"Before.\n\nAfter.\n"
    assert with_block(moved, NEWER, "") == f"Before.\n\n{NEWER}\n\nAfter.\n".encode()


@pytest.mark.parametrize(
    "document", [f"{OURS}\n\n{OURS}\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n"]
)
def test_marks_that_leave_open_what_is_ours_are_refused_with_their_lines(document: str) -> None:
    with pytest.raises(Refused, match=r"AGENTS\.md .* line 1") as refused:
        with_block(document.encode(), OURS, "AGENTS.md")
    assert refused.value.code == "MARKS_UNCLEAR"


@pytest.mark.parametrize("document", ["# Tea\n".encode("utf-16"), b"a\0b"])
def test_a_document_of_another_encoding_is_refused(document: bytes) -> None:
    with pytest.raises(Refused, match="save it as UTF-8") as refused:
        with_block(document, OURS, "AGENTS.md")
    assert refused.value.code == "NOT_UTF8"
