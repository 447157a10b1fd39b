from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.dependency_parser import (
    declared_dependencies,
    parse_dependencies_from_tasks_md,
)


def of_last(body: str, header: str = "## WP09: Last") -> list[str]:
    return parse_dependencies_from_tasks_md(f"# Tasks\n\n## WP01: First\n\n{header}\n\n{body}\n")["WP09"]


@pytest.mark.parametrize(
    "header",
    [
        "## WP09",
        "## WP09: Last",
        "## WP09 — Last",
        "## WP09. Last",
        "## WP09 - Last",
        "## Work Package WP09: Last (Priority: P1)",
        "### WP09 Last",
        "### WP09 · Last ###",
    ],
)
def test_these_are_headers_of_work_packages(header: str) -> None:
    assert of_last("Depends on WP01", header) == ["WP01"]


@pytest.mark.parametrize(
    "header",
    ["# WP09", "#### WP09", "## WP9", "## Task WP09", "##WP09", "## WP09a", "## wp09", "WP09", "### Work Package WP09"],
)
def test_these_are_not(header: str) -> None:
    assert "WP09" not in parse_dependencies_from_tasks_md(f"## WP01\n\n{header}\n\nDepends on WP01\n")


def test_ids_have_two_digits_or_more() -> None:
    assert parse_dependencies_from_tasks_md("## WP100: x\nDepends on WP99, WP101\n") == {"WP100": ["WP99", "WP101"]}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("Depends on WP01, WP02", ["WP01", "WP02"]),
        ("Depends on WP01,WP02.", ["WP01", "WP02"]),
        ("Depends on WP01 and WP02", ["WP01", "WP02"]),
        ("Depends on WP01, WP02, and WP03.", ["WP01", "WP02", "WP03"]),
        ("- **Depends on** WP01", ["WP01"]),
        ("**Depends on**: `WP01`", ["WP01"]),
        ("Small. Depends on [WP01](tasks/WP01-x.md) for the clock.", ["WP01"]),
        ("Depends on WP01 and runs beside WP02", ["WP01"]),
        ("depends on WP01", ["WP01"]),
    ],
)
def test_form_one_is_a_phrase(body: str, ids: list[str]) -> None:
    assert of_last(body) == ids


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("Dependencies: WP01, WP02", ["WP01", "WP02"]),
        ("dependencies: [WP01, WP02]", ["WP01", "WP02"]),
        ('Dependencies: ["WP01"]', ["WP01"]),
        ("**Dependencies**: WP01", ["WP01"]),
        ("**Dependencies:** WP01; WP02", ["WP01", "WP02"]),
        ("- **Dependencies**: WP01 (the clock), WP02 (the bell)", ["WP01", "WP02"]),
        ("Dependencies: WP01 — the clock must be there", ["WP01"]),
        ("Dependencies: WP01, not WP02", ["WP01"]),
        ("**Priority**: High | **Dependencies**: WP01 | **Subtasks**: 1", ["WP01"]),
        ("Dependencies: WP01, WP02 | Size (points): 3", ["WP01", "WP02"]),
        ("| **Dependencies**: WP01 (clock) | Estimated: 2 days |", ["WP01"]),
        ("Priority: P1 | Depends on: WP02", ["WP02"]),
    ],
)
def test_form_two_is_a_line(body: str, ids: list[str]) -> None:
    assert of_last(body) == ids


@pytest.mark.parametrize(
    "body",
    [
        "Dependencies: None",
        "**Dependencies**: none.",
        "dependencies: []",
        "Dependencies: [ ]",
        "Dependencies: None (parallel-safe with WP01)",
        "**Priority**: High | **Dependencies**: None | **Subtasks**: 1",
        "### Dependencies\n- None.",
        "### Dependencies\n\nNone\n",
    ],
)
def test_the_empty_list_can_be_explicit(body: str) -> None:
    text = f"## WP01\n\n## WP09\n{body}\n"
    assert parse_dependencies_from_tasks_md(text) == {"WP01": [], "WP09": []}
    assert {wp_id for wp_id, found in declared_dependencies(text).items() if found.explicit} == {"WP09"}


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("mark", ["-", "*", "+"])
def test_form_three_is_a_heading_with_a_list(level: int, mark: str) -> None:
    body = (
        f"{'#' * level} Dependencies\n\n{mark} WP01\n{mark} WP02: the bell\n{mark} `WP03` (later)\n\nText.\n\n- WP04\n"
    )
    assert of_last(body) == ["WP01", "WP02", "WP03"]


@pytest.mark.parametrize(
    "body",
    [
        "##### Dependencies\n\n- WP01",
        "### Dependencies and risks\n\n- WP01",
        "### Dependencies\n\nText first.\n\n- WP01",
        "Requires WP01.",
        "After WP01, parallel-safe with WP02.",
        "Everything depends on WP01 here.",
        "The dependencies: WP01",
        "    Some code: x\n~~~\nDepends on WP01\n~~~",
        "```text\nDependencies: WP01\n```",
        "````\n```\nDepends on WP01\n````",
        "<!-- Depends on WP01 -->",
        "### Dependencies\n- Can run beside WP01\n- WP09 depends on WP01\n- WP02 → WP01\n- WP02: WP01",
    ],
)
def test_nothing_else_is_inferred(body: str) -> None:
    assert of_last(body) == []
    assert not declared_dependencies(f"## WP09\n{body}\n")["WP09"].explicit


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("| Dependencies | WP01, WP02 |", ("WP01", "WP02")),
        ("Dependencies: WP01 | WP02", ("WP01", "WP02")),
        ("Priority: High · Dependencies: WP01", ("WP01",)),
        ("This is dependent on WP01.", ("WP01",)),
        ("Depending on WP01 it may change.", ("WP01",)),
        ("Dependency graph: WP01 → WP02", ("WP01", "WP02")),
        ("##### Dependencies of WP01", ("WP01",)),
        ("Priority: High | Dependencies: see WP01", ("WP01",)),
        ("Dependencies: WP01–WP03", ("WP01", "WP03")),
        ("Dependencies: WP01..WP03", ("WP01", "WP03")),
        ("Dependencies: WP1, WP 2", ("WP01", "WP02")),
        ("Depends on WP1", ("WP01",)),
    ],
)
def test_a_line_that_speaks_of_depending_and_gives_nothing_is_told(line: str, ids: tuple[str, ...]) -> None:
    found = declared_dependencies(f"## WP09: Last\n\n{line}\n")["WP09"]
    assert (found.dependencies, found.unread) == ((), ((3, ids),))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Dependencies:\n- WP01\n- WP02", [(4, ("WP01",)), (5, ("WP02",))]),
        ("**Dependencies**:\n\n- [ ] WP01: the hands\n\nThen WP02.", [(5, ("WP01",))]),
        ("This one depends on:\n1. WP01", [(4, ("WP01",))]),
        ("| WP | Dependencies |\n|---|---|\n| this | WP01 |", [(5, ("WP01",))]),
        ("### Dependencies\n\nWP01 must be done\nand WP02.\n\nWP03 too.", [(5, ("WP01",))]),
        ("Dependencies:\n- none\n\nText on WP01.", []),
        ("## Dependencies\n\nWP01 comes before WP02.", []),
    ],
)
def test_what_a_line_announces_below_it_is_told_where_it_is_not_read(body: str, told: list[object]) -> None:
    found = declared_dependencies(f"## WP09: Last\n\n{body}\n")["WP09"]
    assert (found.dependencies, list(found.unread)) == ((), told)


@pytest.mark.parametrize(
    "line", ["Independent of WP01.", "Dependents: WP10", "Depends on the weather.", "Dependencies: [] | Blocks: WP10"]
)
def test_a_line_that_speaks_of_nothing_this_waits_for_is_not_told(line: str) -> None:
    assert declared_dependencies(f"## WP09: Last\n\n{line}\n")["WP09"].unread == ()


def test_forms_add_up_each_id_once_in_order() -> None:
    body = "Depends on WP02.\n\nDependencies: WP03, WP02\n\n### Dependencies\n- WP01\n- Depends on WP04.\n"
    assert of_last(body) == ["WP02", "WP04", "WP03", "WP01"]


def test_a_section_ends_where_the_next_begins() -> None:
    text = "## WP01\n## WP02\nDepends on WP01\n### WP03\n## WP04\nDepends on WP02\n"
    assert parse_dependencies_from_tasks_md(text) == {"WP01": [], "WP02": ["WP01"], "WP03": [], "WP04": ["WP02"]}


def test_a_section_ends_at_a_heading_of_level_two_that_is_something_else() -> None:
    text = "## WP01\n\n## WP02\nDependencies: []\n\n## Notes\n\nDepends on WP01\n\n### Dependencies\n- WP01\n"
    assert parse_dependencies_from_tasks_md(text) == {"WP01": [], "WP02": []}


def test_an_explicit_empty_list_outweighs_prose_that_trails_it() -> None:
    text = "## WP01\n\n## WP02\n\ndependencies: []\n\nA closing remark.\n\nDepends on WP01 being reviewed first.\n"
    assert parse_dependencies_from_tasks_md(text)["WP02"] == []


def test_deeper_headings_and_dependencies_of_level_two_do_not_end_a_section() -> None:
    text = "## WP02\n### Notes\n#### More\n## Dependencies\n- WP01\n\n### Risks\nDepends on WP03\n"
    assert parse_dependencies_from_tasks_md(text) == {"WP02": ["WP03", "WP01"]}


def test_what_stands_before_the_first_section_counts_for_none() -> None:
    assert parse_dependencies_from_tasks_md("Depends on WP01\n## Dependencies\n- WP01\n## WP02\n") == {"WP02": []}


def test_sections_of_the_same_work_package_add_up() -> None:
    assert parse_dependencies_from_tasks_md("## WP02\nDepends on WP01\n## WP02\nDepends on WP03\n") == {
        "WP02": ["WP01", "WP03"]
    }


def test_what_was_not_read_is_told_with_its_line() -> None:
    text = "## WP02\nThis one depends on WP01.\nDependencies: see above\n### Dependencies\n- beside WP03\n- WP04\n"
    assert declared_dependencies(text)["WP02"].unread == ((2, ("WP01",)), (3, ()), (5, ("WP03",)))


def test_an_empty_text_has_no_work_packages() -> None:
    assert parse_dependencies_from_tasks_md("") == {}


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_any_line_ending_will_do(ending: str) -> None:
    text = "## WP01\n\n## WP02\n\n**Dependencies**: WP01\n\n## Notes\nDepends on WP09\n"
    assert parse_dependencies_from_tasks_md(text.replace("\n", ending)) == {"WP01": [], "WP02": ["WP01"]}


# -- for any plan ----------------------------------------------------------------------------------------------------

ids = st.integers(1, 130).map(lambda number: f"WP{number:02d}")
id_lists = st.lists(ids, min_size=1, max_size=5)
noise = st.lists(
    st.sampled_from(
        [
            "",
            "Some text.",
            "### Notes",
            "- [ ] T001 Do it",
            "---",
            "```\nDepends on WP77\n```",
            "Needs WP88.",
            "#### Files",
        ]
    ),
    max_size=4,
).map("\n".join)


def declaration(form: int, needs: list[str]) -> str:
    if form == 1:
        return f"Depends on {', '.join(needs)}."
    if form == 2:
        return f"**Dependencies**: {', '.join(needs)}"
    return "### Dependencies\n\n" + "\n".join(f"- {need}" for need in needs) + "\n"


@given(
    st.dictionaries(ids, st.tuples(st.integers(1, 3), id_lists), max_size=6),
    noise,
    st.sampled_from(["## ", "### ", "## Work Package "]),
)
def test_what_is_declared_is_read_whatever_stands_around_it(
    plan: dict[str, tuple[int, list[str]]], around: str, header: str
) -> None:
    text = "\n".join(
        f"{header}{wp_id}: Title\n\n{around}\n\n{declaration(form, needs)}\n\n{around}\n"
        for wp_id, (form, needs) in plan.items()
    )
    assert parse_dependencies_from_tasks_md(text) == {
        wp_id: list(dict.fromkeys(needs)) for wp_id, (_, needs) in plan.items()
    }


@given(st.text(alphabet="#WP01 -*`~:.,dependsonDC[]\n\r\t", max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    found = parse_dependencies_from_tasks_md(text)
    assert all(len(set(needs)) == len(needs) for needs in found.values())


# Every line that speaks of dependencies and names WP01 and WP03 -> what is read of it; the rest is told.
WRITTEN: dict[str, list[str]] = {
    "Dependencies: WP01, WP03": ["WP01", "WP03"],
    "Dependencies: WP01 (Setup), WP03 (Core)": ["WP01", "WP03"],
    "Dependencies: WP01: Setup, WP03: Core": ["WP01"],
    "Dependencies: WP01 — and WP03": ["WP01"],
    "Dependencies: WP01, then WP03": ["WP01"],
    "Dependencies: WP01,\n  WP03": ["WP01"],
    "Dependencies: None, WP01, WP03": [],
    "Depends on WP01 (setup) and WP03 (core)": ["WP01"],
    "Depends on: WP01 - Setup, WP03 - Core": ["WP01"],
    "Depends on WP01, and on WP03": ["WP01"],
    "_Dependencies_: WP01, WP03": [],
    "**Dependencies**\n- WP01\n- WP03": [],
    "Dependencies\n------------\n- WP01\n- WP03": [],
    "##### Dependencies\n- WP01\n- WP03": [],
    "### Dependencies & order\n- WP01\n- WP03": [],
    "**Blocked by**: WP01, WP03": [],
    "- Prerequisites: WP01, WP03": [],
    "Deps: WP01, WP03": [],
    "Depends on Work Package 1 and WP03": [],
}


@pytest.mark.parametrize("written", WRITTEN)
def test_every_dependency_that_was_written_is_read_or_told(written: str) -> None:
    found = declared_dependencies(f"## WP01 A\n\n## WP02 B\n\n{written}\n\n## WP03 C\n")["WP02"]
    assert list(found.dependencies) == WRITTEN[written]
    told = {wp_id for _, ids in found.unread for wp_id in ids}
    assert told == {"WP01", "WP03"}.difference(found.dependencies)


@pytest.mark.parametrize(
    "written",
    [
        "Dependencies: WP01. WP03 runs beside it.",
        "Dependencies: WP01 (parallel with WP03)",
        "**Dependencies**: WP01 | Parallel with: WP03",
        "### T001 Install what WP03 brings\n- Dependencies: WP01",
    ],
)
def test_a_remark_about_another_work_package_is_no_dependency(written: str) -> None:
    found = declared_dependencies(f"## WP01 A\n\n## WP02 B\n\n{written}\n\n## WP03 C\n")["WP02"]
    assert (found.dependencies, found.unread) == (("WP01",), ())


def test_a_long_clause_is_cut_between_ids() -> None:
    ids = " ".join(["WP01"] * 400)
    found = declared_dependencies(f"## WP01 A\n\n## WP02 B\n\nDepends on {ids}\n")["WP02"]
    assert (found.dependencies, found.unread) == (("WP01",), ())
