"""The agents' own programs find our commands and run them, and two of them at once get along."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from specify_cli.core.project_resolver import COMMON, PACKAGE
from tests.agents import plays
from tests.agents.bench import make_bench
from tests.agents.model import listening
from tests.agents.programs import PROGRAMS, Program
from tests.support.project import Task
from tests.support.scripts import script
from tests.support.stories import ready

pytestmark = pytest.mark.agents
Tell = Callable[[str, str], None]
WORDS = "a tea timer"
# Those whose files say what runs unasked, without what a person adds for the loop.
SANDBOXED = [program for program in PROGRAMS if program.key in {"claude", "codex"}]
ASKING = [replace(program, permissions=()) for program in SANDBOXED]
# Ways to run a command of one's own behind a line that may run unasked; `{touch}` is that command.
TRICKS = (
    "{touch}",
    "spec-kitty status; {touch}",
    "spec-kitty status && {touch}",
    "spec-kitty status || {touch}",
    "spec-kitty status\n{touch}",
    "spec-kitty status | {touch}",
    "spec-kitty status & {touch}",
    "spec-kitty status > {file}",
    'spec-kitty status --mission "$({touch})"',
    "spec-kitty status --mission `{touch}`",
    "spec-kitty why <({touch})",
    "PATH=$PWD/tea:$PATH spec-kitty status",
    "CLAUDE_CODE_SESSION_ID= CODEX_THREAD_ID= spec-kitty accept --mission {slug} --test '{touch}'",
    "unset CLAUDE_CODE_SESSION_ID CODEX_THREAD_ID; spec-kitty accept --mission {slug} --test '{touch}'",
    "spec-kitty accept --mission {slug} --test '{touch}'",
    "spec-kitty accept --test '{touch}' --mission {slug}",
    "spec-kitty accept --untested none --mission {slug} --test '{touch}'",
    "spec-kitty-evil status",
)
LAYOUTS = [(program, layout) for program in PROGRAMS for layout in program.layouts]


@pytest.fixture(scope="module")
def mark() -> str:
    """A line of our command `specify` that holds nothing to be replaced."""
    text = (PACKAGE / COMMON / "command-templates" / "specify.md").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith("Your result is"))


@pytest.mark.parametrize(("program", "layout"), LAYOUTS, ids=lambda value: getattr(value, "key", value))
def test_our_text_and_the_words_of_the_person_reach_the_model(
    program: Program, layout: str, mark: str, tmp_path: Path, record_property: Tell
) -> None:
    record_property("tried", f"{program.key} {layout}")
    bench = make_bench(tmp_path, program, layout)
    typed = program.layouts[layout].typed("specify")
    skill = "spec-kitty-specify" if program.lists and layout == "skills" else None
    with listening(lambda: plays.look(skill)) as model:

        def texts() -> list[str]:
            """What the model was told when our text had come to it."""
            outputs = [[turn.text, *(call.output or "" for call in turn.calls)] for turn in model.turns]
            return ["\n".join(parts) for parts in outputs if any(mark in part for part in parts)]

        if program.typing:
            shown = bench.type(model.url, f"{typed} {WORDS}", lambda: bool(texts()))
        else:
            shown = bench.run(model.url, f"{typed} {WORDS}").ok()
    assert texts(), shown
    assert WORDS in texts()[0]
    assert "$ARGUMENTS" not in texts()[0]
    assert "{{args}}" not in texts()[0]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.key)
def test_a_mission_goes_from_idea_to_accepted(program: Program, tmp_path: Path, record_property: Tell) -> None:
    record_property("tried", f"{program.key} mission")
    bench = make_bench(tmp_path, program, "default")
    with listening(lambda: plays.mission(program.key)) as model:
        ended = bench.run(model.url, f"{program.layouts['default'].typed('specify')} {WORDS}")
    assert model.last is not None, ended
    assert model.last.startswith("terminal: accepted"), model.last


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.key)
def test_two_sessions_at_once_hold_different_steps(program: Program, tmp_path: Path, record_property: Tell) -> None:
    record_property("tried", f"{program.key} sessions")
    bench = make_bench(tmp_path, program, "default")
    slug = bench.project.finalized(Task("WP01"), Task("WP02"))
    meeting = plays.Meeting(program.key, slug, 2)

    def session(number: int) -> str | None:
        own = bench.beside(number)
        with listening(lambda: meeting.script(number)) as model:
            own.run(model.url, f"{program.layouts['default'].typed('next')} {slug}")
        return model.last

    with ThreadPoolExecutor() as pool:
        assert [*pool.map(session, (1, 2))] == ["done", "done"]
    steps = {number: [step["wp_id"] for step in each] for number, each in meeting.steps.items()}
    assert sorted(steps.values()) == [["WP01", "WP01"], ["WP02", "WP02"]]


@pytest.mark.parametrize("program", ASKING, ids=lambda program: program.key)
def test_nothing_but_our_own_commands_runs_unasked(program: Program, tmp_path: Path, record_property: Tell) -> None:
    record_property("tried", f"{program.key} unasked")
    bench = make_bench(tmp_path, program, "default")
    slug = ready(bench.project, accepted=False).slug
    files = {trick: bench.project.path / ".git" / f"trick-{number}" for number, trick in enumerate(TRICKS)}
    for name in ("spec-kitty", "spec-kitty-evil"):  # what an agent may write in its sandbox
        script(bench.project.path / "tea" / name, f"touch {next(iter(files.values()))}")
    lines = [trick.format(touch=f"touch {file}", file=file, slug=slug) for trick, file in files.items()]
    with listening(lambda: plays.attempt(["spec-kitty mission list --json", *lines])) as model:
        bench.run(model.url, f"{program.layouts['default'].typed('next')} {slug}")
    assert slug in (model.last or ""), "what may run unasked did not"
    assert [trick for trick, file in files.items() if file.exists()] == []


@pytest.mark.parametrize("program", SANDBOXED, ids=lambda program: program.key)
def test_a_hook_that_an_agent_writes_does_not_run_outside_of_its_sandbox(
    program: Program, tmp_path: Path, record_property: Tell
) -> None:
    record_property("tried", f"{program.key} unasked")
    bench = make_bench(tmp_path, program, "default")
    slug = bench.project.finalized(Task("WP01", owns=("tea/**", ".husky/**")))
    bench.project.git("config", "core.hooksPath", ".husky")
    ran = bench.project.path / ".git" / "ran"
    with listening(lambda: plays.hooked(program.key, slug, f"#!/bin/sh\ntouch {ran}\n")) as model:
        bench.run(model.url, f"{program.layouts['default'].typed('next')} {slug}")
    assert (model.last, ran.exists()) == ("for_review", False)
