"""What a pull request says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.conditions.merge_rules import Accepted
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.values import replace
from specify_cli.lanes.ownership import ExecutionMode
from specify_cli.merge.pull_text import Story, body_of, code, compare_url, title_of

ENDS = "merge_request%5Bsource_branch%5D=feature/a%23b&merge_request%5Btarget_branch%5D=main"


def package(wp_id: str, title: str, *refs: str) -> WorkPackage:
    return WorkPackage(wp_id, title, "", (), refs, (), ExecutionMode.CODE_CHANGE, (), "", {}, "")


STORY = Story(
    "001-tea",
    "01KNRK00000000000000000000",
    "Tea timer",
    "Tells when tea is ready.\n\nNot coffee.",
    [
        package("WP01", "Clock", "FR-001"),
        package("WP02", "Bell", "fr-001", "FR-002"),
        package("WP03", "Radio", "FR-003"),
    ],
    {"WP01": "codex", "WP02": "claude"},
    {"WP03"},
    ["WP02"],
    ["FR-001", "FR-002", "FR-003"],
    Accepted("e1", "user:Ada", "2026-11-20T12:00:00+00:00", "pr", {}, tree="f00", tests=(
        {"command": "make test", "exit_code": 0}, {"command": "make `x`", "exit_code": 2},
    )),
)  # fmt: skip


def test_the_text_tells_what_for_who_and_on_what_evidence() -> None:
    assert (
        body_of(STORY)
        == """\
> Tells when tea is ready.
>
> Not coffee.

## Work packages

- WP01 Clock, reviewed by `codex`
- WP02 Bell, reviewed by `claude` (who also wrote it)

## Given up

- WP03 Radio

## Requirements

- FR-001: WP01, WP02
- FR-002: WP02
- FR-003: no work package

## Evidence

- Accepted by `user:Ada` at 2026-11-20T12:00:00+00:00.
- `make test`: passed
- `` make `x` ``: exit code 2
- These ran on the merge of all lanes, tree `f00`.

Mission `001-tea (01KNRK00000000000000000000)`, documents in `kitty-specs/001-tea`.
"""
    )


def test_little_is_said_of_a_mission_that_says_little() -> None:
    bare = Story("001-tea", None, " ", "", [], {})
    assert title_of(bare) == "001-tea"
    assert body_of(bare) == "\n\nMission `001-tea`, documents in `kitty-specs/001-tea`.\n"


def test_no_host_is_given_more_than_it_takes() -> None:
    many = [package(f"WP{number:02d}", "t" * 200) for number in range(1, 600)]
    text = body_of(replace(STORY, packages=many))
    assert len(text) < 61_000
    assert text.endswith("documents in `kitty-specs/001-tea`.\n")


@given(st.text(st.sampled_from("`<!-\n\r\x1b\u202e ax#>~"), max_size=60))
def test_a_hostile_text_swallows_and_obeys_nothing(text: str) -> None:
    story = replace(STORY, title=text, goal=text, packages=[package("WP01", text)], canceled=(), requirements=())
    body = body_of(story)
    assert not any(mark in body + title_of(story) for mark in "\r\x1b\u202e")
    assert "\n" not in title_of(story)
    lines = body.split("\n")
    at = lines.index("## Work packages")
    assert all(line.startswith(">") or not line for line in lines[:at])
    assert [line[:7] for line in lines[at + 1 : lines.index("## Evidence")] if line] == ["- WP01 "]


@given(st.text(st.sampled_from("`a "), min_size=1, max_size=20))
def test_a_code_span_holds_its_text(text: str) -> None:
    span = code(text)
    marks = len(span) - len(span.lstrip("`"))
    assert "`" * marks not in span[marks : len(span) - marks].replace("`" * (marks - 1), "") or marks == 1


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@github.com:ada/tea.git", "https://github.com/ada/tea/compare/main...feature/a%23b?expand=1"),
        ("https://ada:secret@github.com/ada/tea", "https://github.com/ada/tea/compare/main...feature/a%23b?expand=1"),
        (
            "ssh://git@github.example.com:22/ada/tea.git",
            "https://github.example.com/ada/tea/compare/main...feature/a%23b?expand=1",
        ),
        (
            "git@gitlab.com:team/deep/tea.git",
            f"https://gitlab.com/team/deep/tea/-/merge_requests/new?{ENDS}",
        ),
        ("https://bitbucket.org/ada/tea.git", None),
        ("/srv/tea.git", None),
        ("file:///srv/github.com/tea.git", None),
        ("../tea.git", None),
        ("", None),
    ],
)
def test_the_page_where_a_person_opens_it(remote: str, page: str | None) -> None:
    assert compare_url(remote, "main", "feature/a#b") == page
