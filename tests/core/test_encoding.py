"""What programs stumble over in documents, and what is left to its author."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.encoding import mend


def mended(text: str | bytes, name: str = "spec.md") -> tuple[str, list[str]]:
    """The text without its flaws, and their codes with their lines."""
    data, flaws = mend(text if isinstance(text, bytes) else text.encode(), name)
    return data.decode("utf-8", "surrogateescape"), [f"{flaw.line} {flaw.code}" for flaw in flaws]


@pytest.mark.parametrize(
    ("data", "text", "found"),
    [
        (b"caf\xe9 \x93hi\x94\n", "caf\u00e9 \u201chi\u201d\n", ["1 NOT_UTF8"]),
        (b"a\n\xc3\xa9 \x96 \xe9\r\n", "a\n\u00e9 \u2013 \u00e9\r\n", ["2 NOT_UTF8"]),
        (b"\xef\xbb\xbf# Title\n", "# Title\n", ["1 BYTE_ORDER_MARK"]),
        (codecs.BOM_UTF16_LE + "caf\u00e9\n".encode("utf-16-le"), "caf\u00e9\n", ["1 NOT_UTF8"]),
        (codecs.BOM_UTF16_BE + "caf\u00e9\n".encode("utf-16-be"), "caf\u00e9\n", ["1 NOT_UTF8"]),
        (b"a\0b\n\x1bc\n", "ab\nc\n", ["1 HIDDEN_CHARACTER", "2 HIDDEN_CHARACTER"]),
        ("WP\u200b01 and\u00ad so\n", "WP01 and so\n", ["1 HIDDEN_CHARACTER"]),
        ("It\u00e2\u20ac\u2122s caf\u00c3\u00a9\n", "It\u2019s caf\u00e9\n", ["1 ENCODED_TWICE"]),
    ],
)
def test_bytes_and_hidden_characters(data: str | bytes, text: str, found: list[str]) -> None:
    assert mended(data) == (text, found)


def test_a_byte_of_no_known_encoding_is_told_and_left() -> None:
    data, flaws = mend(b"a\x81b \xe9\n", "spec.md")
    assert data == "a\x81b \u00e9\n".encode("latin-1").replace(b"\xe9", "\u00e9".encode())
    assert [(flaw.code, flaw.mendable) for flaw in flaws] == [("NOT_UTF8", True), ("NOT_UTF8", False)]
    assert "0x81" in flaws[1].message
    assert mend(data, "spec.md")[0] == data


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("- **FR\u2011001**: It works\n", "- **FR-001**: It works\n"),
        ("\u2013 **FR-001**: It works\n", "- **FR-001**: It works\n"),
        ("\u2022 [ ] T001 Do it\n", "- [ ] T001 Do it\n"),
        ("##\u00a0WP01 Title\n", "## WP01 Title\n"),
        ("-\u00a0[\u00a0]\u00a0T001 Do it\n", "- [ ] T001 Do it\n"),
        ("Depends\u00a0on WP01\n", "Depends on WP01\n"),
        ("Run `spec-kitty next \u2013\u2013agent x \u2014json`\n", "Run `spec-kitty next --agent x --json`\n"),
        ("Say `\u2013m`\n", "Say `-m`\n"),
        ("```\nspec-kitty next \u2014agent \u201cA\u201d\n```\n", '```\nspec-kitty next --agent "A"\n```\n'),
        ("---\ntitle: \u201cTea\u201d\n---\n", '---\ntitle: "Tea"\n---\n'),
        ("---\nowned_files:\n\u2013 \u2018src/**\u2019\n---\n", "---\nowned_files:\n- 'src/**'\n---\n"),
        ("---\ntitle:\u00a0Ada\u2019s clock\n---\n", "---\ntitle: Ada\u2019s clock\n---\n"),
    ],
)  # fmt: skip
def test_typography_is_mended_where_it_does_harm(text: str, better: str) -> None:
    found, flaws = mended(text)
    assert found == better
    assert {flaw.partition(" ")[2] for flaw in flaws} == {"LOOK_ALIKE"}


@pytest.mark.parametrize(
    "text",
    [
        "She said \u201cyes\u201d \u2013 and it\u2019s so\u2026\n",
        "\u2013 Hallo, sagte er.\n",
        "Prix\u00a0: 5\u00a0\u20ac, \u00ab oui \u00bb\n",
        '---\ntitle: "The \u201cbest\u201d tea \u2014 ever"\n---\n',
        "---\ntitle: 'A\u2019s \u201cB\u201d'\n---\n",
        "```python\nprint('\u201cquoted\u201d \u2014 text')\n```\n",
        "\U0001f468\u200d\U0001f469 emoji, \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\n",
        "\u00c3o, \u00c2ngela, p\u00e2t\u00e9\r\n",
    ],
)
def test_typography_in_sentences_is_its_authors(text: str) -> None:
    assert mended(text) == (text, [])


def test_a_header_that_would_be_broken_is_left() -> None:
    text = "---\ntitle: a\nnote: \u201ca\u201d b: c\n---\n"
    assert mended(text)[0] in (text, text.replace("\u201c", '"').replace("\u201d", '"'))
    sound = "---\ntitle: \u201ca\u201d b\n---\n"
    assert mended(sound) == (sound, []), "in plain text they are only part of the title"


def test_other_files_are_only_looked_at_for_their_bytes() -> None:
    assert mended("\u2013 FR\u2011001\n", "notes.txt") == ("\u2013 FR\u2011001\n", [])
    assert mended("key: \u201cx\u201d\n", "wps.yaml") == ('key: "x"\n', ["1 LOOK_ALIKE"])


HARD = "ab`-#[]:'\"\n\r \u2013\u2014\u2018\u2019\u201c\u201d\u00a0\u200b\ufeff\u00c3\u00a9\u00e2\u20ac\x00FR1"


@given(st.text(alphabet=HARD, max_size=60), st.sampled_from(["a.md", "a.yaml", "a.txt"]))
def test_a_mended_document_has_no_flaws(text: str, name: str) -> None:
    data, _ = mend(text.encode(), name)
    assert mend(data, name) == (data, [])


@given(st.binary(max_size=60))
def test_any_bytes_can_be_looked_at_and_are_mended_once(data: bytes) -> None:
    better, flaws = mend(data, "a.md")
    again, left = mend(better, "a.md")
    assert again == better
    assert all(not flaw.mendable for flaw in left)
    assert not flaws or all(flaw.message for flaw in flaws)
    assert (better == data) or flaws


@given(st.text(alphabet="ab\u00e9 \u201c\u201d\n.", max_size=60))
def test_nothing_is_said_of_sound_text(text: str) -> None:
    assert mend(text.encode(), "a.txt") == (text.encode(), [])
