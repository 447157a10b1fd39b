from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import frontmatter
from specify_cli.kernel.errors import Refused

PROMPT = """\
---
work_package_id: WP01            # WP + at least two digits
title: 'Init coherence'
dependencies: []
owned_files: ["src/app/init.py",  "tests/init/**"]
history:
  - {at: "2026-04-09T07:30:50Z", actor: planner, event: created}
shell_pid: 4711
---

# WP01

Text with --- in it.

---
a: 1
---\x20\x20
no newline at the end"""


def test_a_document_comes_apart() -> None:
    document = frontmatter.parse(PROMPT, "WP01.md")
    assert document.has_header
    assert document.fields["dependencies"] == []
    assert document.fields["shell_pid"] == 4711
    assert document.fields["history"] == [{"at": "2026-04-09T07:30:50Z", "actor": "planner", "event": "created"}]
    assert document.body == PROMPT.partition("shell_pid: 4711\n---\n")[2]


@pytest.mark.parametrize(
    ("text", "fields", "body", "has_header"),
    [
        ("", {}, "", False),
        ("# no header\n---\na: 1\n---\n", {}, "# no header\n---\na: 1\n---\n", False),
        ("---\n---\nbody\n", {}, "body\n", True),
        ("---\n\n# only a comment\n---\n", {}, "", True),
        ("---\na: 1\n---", {"a": 1}, "", True),
        ("---\na: |\n  x\n   ---\n---\nbody", {"a": "x\n ---\n"}, "body", True),
        ("----\na: 1\n----\n", {}, "----\na: 1\n----\n", False),
    ],
)
def test_headers_of_all_kinds(text: str, fields: dict[str, object], body: str, has_header: bool) -> None:
    assert frontmatter.parse(text, "x") == frontmatter.Document(fields, body, has_header)


@pytest.mark.parametrize("text", ["---\n", "---\na: 1\n", "---\na: 1\n--- \nbody\n", "---\na: 1\n ---\n"])
def test_a_header_that_is_not_closed_is_told(text: str) -> None:
    with pytest.raises(Refused, match=r"WP01\.md") as told:
        frontmatter.parse(text, "WP01.md")
    assert told.value.code == "HEADER_UNCLOSED"
    assert told.value.details["edit"] == "WP01.md"


@pytest.mark.parametrize(
    ("header", "line", "column"), [("title: a\nowned: [x\nb: 1", 4, 2), ("a: b: c", 2, 5), ("- a", 1, 1)]
)
def test_errors_tell_the_line_of_the_file(header: str, line: int, column: int) -> None:
    for call in (frontmatter.parse, lambda text, where: frontmatter.update(text, {"a": 1}, where)):
        with pytest.raises(Refused) as told:
            call(f"---\n{header}\n---\nbody\n", "WP01.md")
        assert told.value.code == "MALFORMED_YAML"
        assert (told.value.details["line"], told.value.details["column"]) == (line, column)


def test_an_update_changes_its_line_and_nothing_else() -> None:
    updated = frontmatter.update(PROMPT, {"dependencies": ["WP02"], "title": "Init coherence"}, "x")
    assert updated == PROMPT.replace("dependencies: []", "dependencies: [WP02]")


def test_a_new_field_comes_last_in_the_header() -> None:
    updated = frontmatter.update(PROMPT, {"tags": [], "surface": "src/"}, "x")
    assert updated == PROMPT.replace("shell_pid: 4711\n", "shell_pid: 4711\ntags: []\nsurface: src/\n")


def test_what_is_so_already_leaves_the_text_alone() -> None:
    same = {"work_package_id": "WP01", "dependencies": [], "owned_files": ["src/app/init.py", "tests/init/**"]}
    assert frontmatter.update(PROMPT, same, "x") is PROMPT
    assert frontmatter.update("no header\n", {}, "x") == "no header\n"


def test_a_document_without_header_gets_one() -> None:
    assert frontmatter.update("# Body\n", {"a": [1]}, "x") == "---\na:\n- 1\n---\n# Body\n"
    assert frontmatter.update("---\n---\n# Body\n", {"a": 1}, "x") == "---\na: 1\n---\n# Body\n"
    assert frontmatter.update("---\na: 1\n---", {"a": 2}, "x") == "---\na: 2\n---\n"


fields = st.dictionaries(
    st.sampled_from(["title", "dependencies", "tags", "lane", "x-y"]),
    st.one_of(
        st.none(),
        st.integers(),
        st.text("a-: #'\"\u00e9[", max_size=8),
        st.lists(st.text("WP01:#", max_size=4), max_size=3),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(fields, fields, st.text("-a: #\n\udc80\u2028\t", max_size=30))
def test_an_update_sets_the_fields_and_keeps_the_body(
    first: dict[str, object], then: dict[str, object], body: str
) -> None:
    text = frontmatter.update(f"---\n---\n{body}", first, "x")
    assert frontmatter.parse(text, "x") == frontmatter.Document(first, body, True)
    updated = frontmatter.update(text, then, "x")
    assert frontmatter.parse(updated, "x") == frontmatter.Document({**first, **then}, body, True)
    assert updated.endswith(f"---\n{body}")
    assert frontmatter.update(updated, {**first, **then}, "x") == updated
