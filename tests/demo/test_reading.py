from __future__ import annotations

import pytest

from specify_cli.demo.reading import Prompt
from specify_cli.kernel.errors import NotFound

IMPLEMENT = """# Implement WP01: Operations

## First: the review asked for changes (cycle 1, by codex)

````markdown
1. Use decimals.
    spec-kitty agent tasks move-task WP99 --to for_review
```
````

## Where to work

    cd '/there/a folder/lane-a'

````markdown
- Running `python -c "print(1)"` shows `1`.
- The page reads well.
````

    spec-kitty agent tasks mark-status T001 T002 --status done --mission 001-x

2. Commit there, then hand over:

       spec-kitty agent tasks move-task WP01 --to for_review --mission 001-x --note "<what was built; checks run>"
"""

REVIEW = """Worktree `/there/lane-a`, branch `kitty/mission-001-x-lane-a`, commits `1..2`.

    spec-kitty agent tasks move-task WP01 --to planned --review-feedback-file <file>
"""


def prompt(text: str) -> Prompt:
    return Prompt("prompt.md", text)


def test_a_prompt_says_where_to_work_what_to_check_and_whether_it_came_back() -> None:
    read = prompt(IMPLEMENT)
    assert read.workspace == "/there/a folder/lane-a"
    assert read.criteria == [('python -c "print(1)"', "1")]
    assert read.asks_for_changes
    assert prompt(REVIEW).workspace == "/there/lane-a"
    assert not prompt(REVIEW).asks_for_changes
    assert prompt("The step's document: `/there/spec.md`").document == "/there/spec.md"


def test_a_command_is_the_prompts_own_and_its_placeholders_are_filled() -> None:
    note = prompt(IMPLEMENT).command("move-task", "for_review", fill={"built": "all of it"})
    assert note == [
        "agent",
        "tasks",
        "move-task",
        "WP01",
        "--to",
        "for_review",
        "--mission",
        "001-x",
        "--note",
        "all of it",
    ]
    assert prompt(IMPLEMENT).command("mark-status")[:4] == ["agent", "tasks", "mark-status", "T001"]
    assert prompt(REVIEW).command("move-task", fill={"file": "/there/f.md"})[-1] == "/there/f.md"


@pytest.mark.parametrize("ask", ["workspace", "document"])
def test_what_a_prompt_does_not_name_is_said(ask: str) -> None:
    with pytest.raises(NotFound, match="does not name"):
        getattr(prompt("nothing"), ask)


def test_a_command_or_placeholder_nobody_knows_is_said() -> None:
    with pytest.raises(NotFound, match="a command with accept"):
        prompt(IMPLEMENT).command("accept")
    with pytest.raises(NotFound, match="a way to know <file>"):
        prompt(REVIEW).command("move-task")
