from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.tasks_document import (
    GENERATED,
    Outline,
    Subtask,
    render_tasks,
    render_ticks,
    requirement_refs_of,
    subtasks_of,
    wp_titles,
)

TASKS = """# Tasks: Tea timer

- [ ] T000 before any section

## Work Package WP01: Clock core (Priority: P1)

**Requirement Refs**: FR-001, NFR-2

### Included Subtasks
- [ ] T001 Write the clock class
- [x] **T002**: Test the clock
  * [X] `T010` — nested

```
- [ ] T098 in code
```

## WP02 — Bell

Requirements: FR-002
- **Requirements**: fr-003, C-01
1. [ ] T003
- [ ] not a subtask
- [y] T004 neither

## Notes

- [ ] T099 after the last section
"""


def test_boxes_are_found_in_the_sections_of_work_packages_only() -> None:
    assert subtasks_of(TASKS) == {
        "WP01": [
            Subtask("T001", "Write the clock class", done=False, line=10),
            Subtask("T002", "Test the clock", done=True, line=11),
            Subtask("T010", "nested", done=True, line=12),
        ],
        "WP02": [Subtask("T003", "", done=False, line=22)],
    }


def test_a_section_without_boxes_has_none() -> None:
    assert subtasks_of("## WP01\n\ntext\n") == {"WP01": []}


def test_ticks_change_nothing_but_the_box() -> None:
    rendered = render_ticks(
        TASKS, {"T001": True, "T002": False, "T003": True, "T098": True, "T099": True, "T555": True}
    )
    changed = [(old, new) for old, new in zip(TASKS.split("\n"), rendered.split("\n"), strict=True) if old != new]
    assert changed == [
        ("- [ ] T001 Write the clock class", "- [x] T001 Write the clock class"),
        ("- [x] **T002**: Test the clock", "- [ ] **T002**: Test the clock"),
        ("1. [ ] T003", "1. [x] T003"),
    ]


def test_a_capital_tick_stays_as_it_is() -> None:
    assert render_ticks(TASKS, {"T010": True, "T002": True}) == TASKS


def test_titles_leave_the_priority_out() -> None:
    assert wp_titles(TASKS) == {"WP01": "Clock core", "WP02": "Bell"}
    assert wp_titles("## WP01\n## WP01: Later (in two parts)\n") == {"WP01": "Later (in two parts)"}


def test_requirements_come_from_their_lines() -> None:
    assert requirement_refs_of(TASKS) == {"WP01": ["FR-001", "NFR-2"], "WP02": ["FR-002", "FR-003", "C-01"]}
    assert requirement_refs_of("## WP01\nRequirements: none named\n## WP02\nWe need FR-001\n") == {"WP01": []}


def test_the_generated_form_is_read_back() -> None:
    outlines = [
        Outline("WP01", "Clock core", "tasks/WP01-clock.md", ["FR-001"], [], [("T001", "Write it"), ("T002", "")]),
        Outline("WP02", "Bell", "tasks/WP02-bell.md", [], ["WP01"], []),
    ]
    text = render_tasks("Tea timer", outlines, {"T002": True})
    assert text.startswith("# Tasks: Tea timer\n\n" + GENERATED)
    assert wp_titles(text) == {"WP01": "Clock core", "WP02": "Bell"}
    assert requirement_refs_of(text) == {"WP01": ["FR-001"], "WP02": []}
    assert [(box.id, box.title, box.done) for box in subtasks_of(text)["WP01"]] == [
        ("T001", "Write it", False),
        ("T002", "", True),
    ]
    assert text.endswith("**Dependencies**: WP01\n")


lines = st.lists(
    st.sampled_from(
        [
            "## WP01: a",
            "### WP02",
            "- [ ] T001 x",
            "- [x] T002",
            "* [X] T003: y",
            "```",
            "text",
            "",
            "## Notes",
            "\t- [ ] T004",
        ]
    ),
    max_size=12,
)
states = st.dictionaries(st.sampled_from(["T001", "T002", "T003", "T004", "T005"]), st.booleans())


@given(lines.map("\n".join), states)
def test_ticks_are_read_back_and_rendering_again_changes_nothing(text: str, wanted: dict[str, bool]) -> None:
    rendered = render_ticks(text, wanted)
    assert len(rendered) == len(text)
    found = {box.id: box.done for boxes in subtasks_of(rendered).values() for box in boxes}
    assert all(found[subtask] == done for subtask, done in wanted.items() if subtask in found)
    assert render_ticks(rendered, wanted) == rendered
