"""A printed command is an argument list: a shell reads back exactly the words it was built from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.commands import Command, answering, command, git_command, the_call


def read_back(line: str) -> list[str]:
    """The words of a command line as bash reads them; `shlex` knows no `$'…'`."""
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    return done.stdout.decode("utf-8").split("\0")[:-1]


@given(st.lists(st.text(min_size=1).filter(lambda word: "\0" not in word), min_size=1))
def test_a_shell_reads_back_the_words(words: list[str]) -> None:
    made = command(*words)
    assert read_back(made) == words
    assert made.steps == (tuple(words),)


def test_several_steps_run_while_each_succeeds() -> None:
    made = git_command(Path("/my tree"), "add", "-A").then("git", "-C", "/my tree", "commit", "-m", "it's done")
    assert made == "git -C '/my tree' add -A && git -C '/my tree' commit -m 'it'\"'\"'s done'"
    assert [step[3] for step in made.steps] == ["add", "commit"]
    assert made.adding("-q").steps[1][-1] == "-q"


def test_only_the_name_of_an_agent_is_filled_in() -> None:
    made = Command(("spec-kitty", "next", "--agent", "NAME", "--note", "NAME")).naming("--agent", "my agent")
    assert made == "spec-kitty next --agent 'my agent' --note NAME"


def test_a_call_ends_with_its_answer() -> None:
    with answering(["accept"]) as call:
        call.mission = "001-tea"
        assert the_call() is call
    assert the_call().words == ()
    assert the_call().mission is None
