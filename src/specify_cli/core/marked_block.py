"""A block of ours between two marks in a document of somebody else; every byte outside of the marks stays.

Pure: bytes in, bytes out.
"""

from __future__ import annotations

import re

from specify_cli.core.markdown import fenced_lines
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

BEGIN, END = "<!-- spec-kitty:begin -->", "<!-- spec-kitty:end -->"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@frozen
class Block:
    r"""Where the block stands in a document.

    Args:
        start, end: of its bytes, marks included, without the end of the last line.
        text: what it says, line endings as `\n`.
    """

    start: int
    end: int
    text: str


def find(document: bytes, where: str) -> Block | None:
    """The block of a document, or None; marks that are shown in fenced code are none.

    Raises:
        Refused: `NOT_UTF8`, a text whose bytes cannot be taken for those of marks; `MARKS_UNCLEAR`, one mark without
            the other, or several of them; for `with_block`, a document that ends inside of fenced code.
    """
    if document.startswith(_UTF16) or b"\0" in document:
        said = f"{where} is no UTF-8 text (UTF-16?), so nothing can be put into it: save it as UTF-8"
        raise Refused(said, "NOT_UTF8", details={"path": where, "edit": where})
    text = document.decode("latin-1")  # a character a byte
    starts = [match for match in _LINE.finditer(text) if match[0]]
    plain = "\n".join(match[0].rstrip("\r\n") for match in starts).removeprefix("\xef\xbb\xbf")
    marks: list[tuple[str, int]] = []
    for number, (outside, line) in enumerate(fenced_lines(plain)):
        if outside and line.strip() in (BEGIN, END):
            marks.append((line.strip(), number))
    if not marks:
        return None
    if [mark for mark, _ in marks] != [BEGIN, END]:
        lines = [number + 1 for _, number in marks]
        said = (
            f"{where} should have the marks {BEGIN} and {END} once each, in this order; "
            f"there are marks in line {', '.join(map(str, lines))}"
        )
        raise Refused(said, "MARKS_UNCLEAR", details={"path": where, "lines": lines, "edit": where})
    first, last = starts[marks[0][1]], starts[marks[1][1]]
    start = first.start() + first[0].index(BEGIN)
    end = last.start() + last[0].index(END) + len(END)
    said = document[start:end].decode("utf-8", "surrogateescape")
    return Block(start, end, said.replace("\r\n", "\n").replace("\r", "\n"))


def with_block(document: bytes, block: str, where: str) -> bytes:
    """The document with this block: in the place of the one that is there, else at the end.

    Args:
        block: its lines with both marks, without a newline at the end.

    Raises:
        Refused: as `find`.
    """
    newline = _newline(document)
    said = block.replace("\n", newline).encode()
    standing = find(document, where)
    if standing is not None:
        return document[: standing.start] + said + document[standing.end :]
    eol = newline.encode()
    if document in (b"", b"\xef\xbb\xbf"):
        return document + said + eol
    # One that ends in the middle of a line ends so with the block too; thus taking it out gives the same bytes.
    after = document + (eol + said + eol if document.endswith((b"\n", b"\r")) else eol + eol + said)
    if find(after, where) is None:
        message = f"{where} ends inside of fenced code, so a block at its end would be code: close that first"
        raise Refused(message, "MARKS_UNCLEAR", details={"path": where, "edit": where})
    return after


def without_block(document: bytes, where: str) -> bytes:
    """The document without its block, and without the blank line that was put before it; raises as `find`."""
    block = find(document, where)
    if block is None:
        return document
    eol = _newline(document).encode()
    before, after = document[: block.start], document[block.end :]
    if after:
        is_blank = re.search(rb"[\r\n]" + eol + rb"\Z", before)  # line endings may be mixed
        return (before.removesuffix(eol) if is_blank else before) + after.removeprefix(eol)
    return before.removesuffix(eol).removesuffix(eol)


def _newline(document: bytes) -> str:
    found = re.search(rb"\r\n|\n|\r", document)
    return found[0].decode() if found else "\n"
