"""The YAML header of a Markdown document; the body is never touched, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.kernel import lazy, yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

_FENCE = "---"


@frozen
class Document:
    """A Markdown document taken apart.

    Args:
        fields: the header's keys and values; empty without a header.
        body: everything after the header.
        has_header: whether there was one.
    """

    fields: dict[str, object]
    body: str
    has_header: bool


def parse(text: str, where: str) -> Document:
    """Take a document apart.

    Raises:
        Refused: `MALFORMED_YAML` (with the line in the whole file) or `HEADER_UNCLOSED`.
    """
    header, body = _split(text, where)
    if header is None:
        return Document({}, body, has_header=False)
    # A blank first line stands for the fence, so that line numbers in errors are those of the file.
    return Document(yaml.mapping("\n" + header, where), body, has_header=True)


def update(text: str, changes: Mapping[str, object], where: str) -> str:
    """Set fields of the header, keeping order, comments, unknown fields and the body.

    Fields that already hold the value leave the text as it is.

    Raises:
        Refused: as `parse`.
    """
    document = parse(text, where)
    missing = object()
    real = {key: value for key, value in changes.items() if document.fields.get(key, missing) != value}
    if not real:
        return text
    header, body = _split(text, where)
    edited = lazy.load("specify_cli.kernel.yaml_round_trip:edit")(
        header or "", {(key,): value for key, value in real.items()}, where
    )
    return f"{_FENCE}\n{edited}{_FENCE}\n{body}"


def _split(text: str, where: str) -> tuple[str | None, str]:
    if not text.startswith(_FENCE + "\n"):
        return None, text
    start = len(_FENCE) + 1
    if text.startswith(_FENCE + "\n", start):
        return "", text[start + len(_FENCE) + 1 :]
    end = text.find(f"\n{_FENCE}\n", start - 1)
    if end >= 0:
        return text[start : end + 1], text[end + len(_FENCE) + 2 :]
    if text.endswith(f"\n{_FENCE}"):
        return text[start : -len(_FENCE)], ""
    raise Refused(
        f"{where}: the header that begins on line 1 is not closed by a line of three dashes: add one below it",
        "HEADER_UNCLOSED",
        details={"path": where, "line": 1, "column": 1, "edit": where},
    )
