"""Markdown as far as documents need it."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specify_cli.core.markdown import (
    heading,
    heading_key,
    prose,
    section,
    sections,
    without_code_spans,
    without_comments,
    without_links,
)

DOCUMENT = """# Title

intro

## 1. First **part**

body

### Detail

more

```markdown
## Not a heading
```

## Second ##

~~~
``` still inside
~~~

end
"""


def test_sections_end_at_a_heading_of_their_level_or_above() -> None:
    found = sections(DOCUMENT)

    assert [(one.level, one.title) for one in found] == [
        (1, "Title"),
        (2, "1. First **part**"),
        (3, "Detail"),
        (2, "Second"),
    ]
    assert found[0].body.endswith("end")
    assert found[1].body.startswith("body")
    assert "### Detail" in found[1].body
    assert "## Not a heading" in found[2].body
    assert "Second" not in found[1].body


@pytest.mark.parametrize("wanted", ["First part", "first PART", "**First part**", "1) First  part:"])
def test_a_heading_is_found_without_regard_to_dress(wanted: str) -> None:
    assert (section(DOCUMENT, wanted) or "").startswith("body")
    assert section(DOCUMENT, "Not a heading") is None


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\n```\nb\n```\nc", "a\n\n\n\nc"),
        ("````\n```\nb\n````\nc", "\n\n\n\nc"),
        ("```python\nb", "\n"),
        ("```one``` line\nb", "```one``` line\nb"),
        ("   ~~~ x\nb\n  ~~~  \nc", "\n\n\nc"),
        ("    ```\nb", "    ```\nb"),
        ("a <!-- b\nc --> d", "a \n d"),
        ("a <!-- b\nc", "a <!-- b\nc"),
        ("```\n<!--\n```\nc -->", "\n\n\nc -->"),
    ],
)
def test_fences_and_comments_are_blanked(text: str, seen: str) -> None:
    assert prose(text) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [("a `b` c", "a  c"), ("``a ` b`` c", " c"), ("`a\nb`", "`a\nb`"), ("no code", "no code"), ("`` ` ``", "")],
)
def test_code_spans_go(text: str, seen: str) -> None:
    assert without_code_spans(text) == seen


# What each scanner finds, said as a pattern; a pattern tries what is never closed again and again.
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
TITLE = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:(?:^|[ \t]+)#+)?[ \t]*$")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["<!--", "-->", "--", ">", "a", "\n", "`", "``", "```", *"[]()"]), max_size=30))
def test_scanners_find_what_a_pattern_would(parts: list[str]) -> None:
    text = "".join(parts)
    line = text.replace("\n", "")

    assert without_comments(text) == COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    assert without_code_spans(text) == CODE_SPAN.sub("", text)
    assert without_links(line) == LINK.sub(r"\1", line)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="# \ta", max_size=12))
def test_a_heading_is_what_a_pattern_would_find(line: str) -> None:
    match = TITLE.match(line)
    found = heading(line)

    assert (found is None) == (match is None)
    if found and match:
        title = (match[2] or "").strip()
        assert found[0] == len(match[1])
        assert found[1] == title or not title.strip("# \t")


@given(st.text(alphabet="ab`~#<!->\n ", max_size=200))
def test_lines_stay_in_their_places(text: str) -> None:
    seen = prose(text)

    assert seen.count("\n") == text.count("\n")
    assert prose(seen).count("\n") == text.count("\n")


@given(st.lists(st.text(alphabet="abc XY", min_size=1).filter(str.strip), max_size=5))
def test_every_heading_is_a_section(titles: list[str]) -> None:
    text = "\n\n".join(f"## {title}\n\nbody" for title in titles)

    assert [heading_key(one.title) for one in sections(text)] == [heading_key(title) for title in titles]
