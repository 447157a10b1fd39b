from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from specify_cli.cli import commands
from specify_cli.cli.commands import SECTIONS
from specify_cli.version import VERSION
from tests.support.cli import SCRIPT, Result, run_here, run_script
from tests.support.commands import TABLE
from tests.support.git import Repo, make_repo
from tests.support.project import Project


def say(*arguments: str, cwd: Path | None = None, input: str = "") -> Result:
    return run_here(*arguments, cwd=cwd, input=input, table=TABLE)


# -- replies


def test_people_get_text_and_programs_get_data() -> None:
    assert say("greet", "ada") == Result(("greet", "ada"), 0, "warm hello ada\n", "")
    assert say("greet", "ada", "--json").json() == {"name": "ada", "warnings": []}


@pytest.mark.parametrize("place", range(4))
def test_json_may_stand_anywhere(place: int) -> None:
    words = ["deep", "deeper", "greet", "ada"]
    words.insert(place, "--json")
    assert say(*words).json()["name"] == "ada"


def test_after_a_double_dash_json_is_a_word_like_any_other() -> None:
    assert say("greet", "--", "--json").out == "warm hello --json\n"


def test_warnings_of_a_reply_reach_people_on_stderr_and_programs_in_the_document() -> None:
    told = say("warned")
    assert told.out == "done\n"
    assert told.err == "Warning: a hook said \\x1b[31mno\nFix: git commit\nWarning: and a plain one\n"
    asked = say("warned", "--json")
    assert [one if isinstance(one, str) else one["code"] for one in asked.json()["warnings"]] == [
        "COMMIT_FAILED",
        "and a plain one",
    ]
    assert asked.err == ""


def test_a_rich_table_is_printed_as_text_without_markup_or_escape_sequences() -> None:
    out = say("drawn").out
    assert "[bold]x[/bold] :cat: \\x1b[2J" in out
    assert "\x1b" not in out


def test_a_callable_speaks_to_a_console() -> None:
    assert say("spoken").out == "one \\x1b[2J\ntwo\n"
    assert say("spoken", "--json").json() == {}


def test_while_at_work_only_people_are_told_on_stdout() -> None:
    told = say("talking")
    assert (told.code, told.out, told.err) == (1, "half way\nWP01 done\n", "working\n")
    asked = say("talking", "--json")
    assert asked.json() == {"result": "success"}
    assert asked.err == "working\nhalf way\nWP01 done\n"


# -- failures


def test_a_refusal_names_what_to_do() -> None:
    told = say("refused")
    assert (told.code, told.out, told.err) == (1, "", "Error: WP01 is in review\nFix: spec-kitty status\n")
    assert say("refused", "--json").json() == {
        "result": "error",
        "error_code": "WP_ALREADY_CLAIMED",
        "error": "WP01 is in review",
        "hint": "spec-kitty status",
        "details": {"where": "/x"},
    }


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["greet"], "Missing argument 'NAME'", "spec-kitty greet --help"),
        (["greet", "a", "--feature", "x"], "No such option: --feature", "spec-kitty greet --help"),
        (["greet", "a", "--tone", "odd"], "Invalid value for '--tone'", "spec-kitty greet --help"),
        (["greet", "a", "--times", "0"], "Invalid value for '--times'", "spec-kitty greet --help"),
        (["greet", "a", "b"], "Got unexpected extra argument", "spec-kitty greet --help"),
        (["greet", "a", "--json=yes"], "Option '--json' does not take a value", "spec-kitty greet --help"),
        (["deep", "deeper", "gret"], "No such command 'gret'. Did you mean 'spec-kitty deep deeper greet'?", None),
        (["qqq"], "No such command 'qqq'.", "spec-kitty --help"),
        (["deep", "qqq"], "No such command 'qqq'.", "spec-kitty deep --help"),
        (["--no-git"], "No such option: --no-git", "spec-kitty --help"),
    ],
)
def test_a_line_that_cannot_be_parsed_is_a_usage_error_in_either_form(
    words: list[str], message: str, hint: str | None
) -> None:
    asked = say(*words, "--json").failed("USAGE_ERROR", 2)
    assert asked.json()["error"].startswith(message)
    assert asked.json()["result"] == "error"
    assert asked.json()["details"] == {} or "suggestions" in asked.json()["details"]
    assert asked.err == ""
    if hint is not None:
        assert asked.json()["hint"] == hint
    told = say(*[word for word in words if not word.startswith("--json")])
    if "--json=yes" not in words:
        assert (told.code, told.out) == (2, "")
        assert told.err.startswith(f"Error: {message}")


def test_a_command_of_another_group_is_found_by_its_name() -> None:
    suggestions = run_here("move-task", "--json").failed("USAGE_ERROR").json()["details"]["suggestions"]
    assert suggestions == ["spec-kitty agent tasks move-task"]


def test_a_hidden_command_works_and_is_not_suggested() -> None:
    assert say("secret", "ada").out == "warm hello ada\n"
    assert "secret" not in say("secre").err
    assert "secret" not in say("--help").out


@pytest.mark.parametrize(("command", "code"), [("full-disk", "DISK_FULL"), ("read-only", "STATE_READ_ONLY")])
def test_a_file_system_that_cannot_be_written_is_no_bug(command: str, code: str) -> None:
    assert "/data/log" in say(command, "--json").failed(code, 1).json()["error"]


@pytest.mark.parametrize("command", ["stopped", "asking"])
def test_an_interruption_is_130_in_either_form(command: str) -> None:
    assert say(command, "--json").failed("INTERRUPTED", 130).json()["error"] == "interrupted"
    assert say(command).failed(exit_code=130).err == "Error: interrupted\n"


@pytest.mark.parametrize("command", ["broken", "endless", "lost", "wordless", "absent"])
def test_a_bug_leaves_a_log_that_is_named(command: str, git: Repo) -> None:
    git.write(".kittify/config.yaml", "")
    git.write("src/x.py", "")
    asked = say(command, "--json", cwd=git.path / "src").failed("INTERNAL_ERROR", 70)
    log = Path(asked.json()["details"]["log"])
    assert log.parent == git.path / ".kittify" / "runtime"
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert asked.err.count("\n") == 1
    assert str(log) in asked.err
    assert ".kittify/runtime" not in git.status()
    told = say(command, cwd=git.path / "src")
    assert (told.code, told.out, told.err.count("\n")) == (70, "", 1)


def test_without_a_project_the_log_of_a_bug_is_kept_in_the_git_folder(git: Repo) -> None:
    log = Path(say("broken", "--json", cwd=git.path).json()["details"]["log"])
    assert log.parent == git.path / ".git" / "spec-kitty" / "runtime"
    assert git.status() == ""


def test_without_a_repository_a_bug_writes_nothing_and_shows_its_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    asked = say("broken", "--json", cwd=folder)
    assert asked.json()["details"] == {"log": None}
    assert "Traceback" in asked.err
    assert "\x1b" not in asked.err
    assert list(folder.iterdir()) == []


# -- help


def test_help_lists_the_commands_in_sections_a_line_each_within_80_columns() -> None:
    told = run_here("--help").ok()
    assert max(map(len, told.out.splitlines())) <= 80
    for title, part in SECTIONS.items():
        rows = told.out.partition(f"\n{title}:\n")[2].partition("\n\n")[0].splitlines()
        assert [row.split()[0] for row in rows] == [*part]
    hidden = {name for name, entry in commands.TABLE.items() if entry.hidden}
    assert hidden == {"specify", "plan", "tasks", "implement"}
    assert hidden.isdisjoint(name for part in SECTIONS.values() for name in part)
    assert "spec-kitty next --agent" in told.out
    assert told.err == ""


def test_without_arguments_the_answer_is_the_help() -> None:
    assert run_here().out == run_here("--help").out
    assert run_here("agent").out == run_here("agent", "--help").out
    assert run_here().code == 0


def test_the_help_of_a_command_shows_its_text_without_the_parts_for_programmers() -> None:
    out = say("greet", "-h").out
    assert out.startswith("Usage: spec-kitty greet NAME [OPTIONS]\n\n  Greet somebody.\n\n  More about greeting.\n")
    assert "--tone warm|cold" in out
    assert "not shown" not in out
    assert "--json" in out


def test_help_for_a_program_is_data() -> None:
    document = say("greet", "--help", "--json").json()
    assert document["command"] == "spec-kitty greet"
    assert document["arguments"] == [{"name": "NAME", "required": True, "repeatable": False, "help": "Whom to greet."}]
    assert [option["names"] for option in document["options"]][:3] == [["--tone"], ["--times"], ["--loud"]]
    assert say("deep", "--json").json()["commands"] == [{"name": "deeper", "summary": "Deeper."}]


# -- long texts


def test_a_long_text_comes_from_the_line_a_file_or_standard_input(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("from a file\r\n", encoding="utf-8")

    def note(value: str) -> object:
        return say("noted", "WP01", "--note", value, "--json", cwd=tmp_path, input="from a pipe\n").json()["note"]

    assert note("plain") == "plain"
    assert note("@note.md") == "from a file"
    assert note("-") == "from a pipe"
    assert note("@@ada") == "@ada"
    say("noted", "WP01", "--note", "@absent", "--json", cwd=tmp_path).failed("FILE_NOT_FOUND", 1)


# -- the installed script


def test_the_script_tells_its_version() -> None:
    assert run_script("--version").out == f"spec-kitty {VERSION}\n"
    assert run_script("--version", "--json").json() == {"version": VERSION}


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    for words in ("--help", "--version"):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as out:
            done = subprocess.run([SCRIPT, words], stdout=out, stderr=subprocess.PIPE, check=False, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["--help"], ["--help", "--json"]])
def test_an_answer_that_cannot_be_written_is_a_failure(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([SCRIPT, *words], stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_refusal_that_cannot_be_written_is_told_on_stderr() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([SCRIPT, "nope", "--json"], stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: No such command 'nope'.")
    assert "Traceback" not in done.stderr


def test_closed_streams_are_no_failure() -> None:
    done = subprocess.run(["sh", "-c", f"'{SCRIPT}' --help >&- 2>&-"], check=False)
    assert done.returncode == 0


def test_what_comes_in_need_not_be_text_and_nothing_need_come_in(project: Project) -> None:
    project.finalized()
    note = ("agent", "tasks", "add-history", "WP01", "--note", "-", "--json")
    given = subprocess.run([SCRIPT, *note], cwd=project.path, input=b"caf\xe9", capture_output=True, check=False)
    assert (given.returncode, json.loads(given.stdout)["result"]) == (0, "success")
    line = f"'{SCRIPT}' {' '.join(note)} <&-"
    closed = subprocess.run(["sh", "-c", line], cwd=project.path, capture_output=True, check=False)
    assert (closed.returncode, json.loads(closed.stdout)["error"]) == (2, "--note is empty")


def test_stdout_that_cannot_hold_a_character_gets_plain_kin(git: Repo) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    told = run_script("nö→", env=ascii_only)
    assert told.err.startswith("Error: No such command 'n\\xf6->'.")
    assert json.loads(run_script("nö→", "--json", env=ascii_only).out)["error"] == "No such command 'nö→'."


def test_a_file_name_that_is_no_text_stays_in_valid_json() -> None:
    done = subprocess.run([SCRIPT, b"caf\xe9", "--json"], capture_output=True, check=False)
    assert json.loads(done.stdout.decode("utf-8"))["error"] == "No such command 'caf\\udce9'."


def test_a_broken_installation_says_so_in_the_form_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "typer").mkdir()
    (tmp_path / "typer" / "__init__.py").write_text("raise ImportError('no typer')", encoding="utf-8")
    done = run_script("status", "--json", env={"PYTHONPATH": str(tmp_path)})
    assert done.failed("INTERNAL_ERROR", 70).json()["error"].endswith("no typer")
    assert "no typer" in run_script("status", env={"PYTHONPATH": str(tmp_path)}).failed(exit_code=70).err


def test_two_repositories_are_not_confused(tmp_path: Path) -> None:
    inner = make_repo(make_repo(tmp_path / "outer").path / "inner")
    log = Path(say("broken", "--json", cwd=inner.path).json()["details"]["log"])
    assert log.is_relative_to(inner.path / ".git")
