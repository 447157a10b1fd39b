"""Where the demo works, what it keeps, and how it fails; the whole of it is in tests/e2e/test_demo.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from specify_cli.cli.commands.demo import demo
from specify_cli.demo import diary, run, team
from specify_cli.demo.agents import Job
from specify_cli.demo.agents import main as agent_main
from specify_cli.demo.diary import Entry
from specify_cli.demo.promises import Check, Facts
from specify_cli.demo.run import Demo
from specify_cli.demo.team import Team, Telling
from specify_cli.demo.tool import DemoFailed, Tool, surroundings
from specify_cli.kernel import clock, process
from specify_cli.kernel.errors import Conflict
from specify_cli.kernel.process import Running

NOTHING = Facts({}, [], [], "", "", [], (0, "OK"), "")


@dataclass(slots=True)
class Stage:
    """Remembers what was shown."""

    live: bool = False
    said: list[str] = field(default_factory=list)
    drawn: list[Sequence[str]] = field(default_factory=list)

    def draw(self, lines: Sequence[str]) -> None:
        self.drawn.append(lines)

    def say(self, line: str) -> None:
        self.said.append(line)


def instant(scratch: Path, telling: Telling, *, kept: bool) -> Demo:
    """A demo that takes no time."""
    (scratch / "something").write_text("x", encoding="utf-8")
    return Demo(scratch, kept, "001-x", 1.0, NOTHING, (), "abc")


def failing(scratch: Path, telling: Telling, *, kept: bool) -> Demo:
    raise DemoFailed("no", "DEMO_FAILED")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_temporary_folder_is_removed_unless_it_is_kept(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_all", instant)
    assert not run.run(None, Stage(), keep=False).kept
    assert not list(temporary.iterdir())
    assert run.run(None, Stage(), keep=True).kept
    assert len(list(temporary.iterdir())) == 1


def test_a_named_folder_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_all", instant)
    done = run.run(tmp_path / "new" / "here", Stage(), keep=False)
    assert done.kept
    assert (tmp_path / "new" / "here" / "something").exists()
    (tmp_path / "empty").mkdir()
    assert run.run(tmp_path / "empty", Stage(), keep=False).folder == tmp_path / "empty"


@pytest.mark.parametrize("name", ["full", "file"])
def test_a_folder_that_holds_something_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict, match="holds something already") as caught:
        run.run(tmp_path / name, Stage(), keep=False)
    assert caught.value.code == "FOLDER_NOT_EMPTY"
    assert not (tmp_path / "full" / "project").exists()


def test_after_a_failure_everything_is_kept_and_named(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_all", failing)
    with pytest.raises(DemoFailed) as caught:
        run.run(None, Stage(), keep=False)
    (kept,) = temporary.iterdir()
    assert caught.value.details["directory"] == str(kept)
    assert caught.value.hint == f"cd {kept}"


def test_a_broken_promise_fails_the_demo() -> None:
    run._hold([Check("clean", passed=True, detail="clean")])
    with pytest.raises(DemoFailed, match=r"lanes_at_once \(2 lanes\)") as caught:
        run._hold([Check("clean", passed=True, detail="clean"), Check("lanes_at_once", passed=False, detail="2 lanes")])
    told = caught.value.details["checks"]
    assert isinstance(told, list)
    assert [check["passed"] for check in told] == [True, False]


def test_the_answer_for_people_says_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_all", instant)
    kept = demo(tmp_path / "here")
    assert f"cd {tmp_path / 'here' / 'project'}" in str(kept.text)
    gone = demo(None)
    assert "spec-kitty demo --keep" in str(gone.text)


def test_nothing_of_the_users_own_settings_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "SPEC_KITTY_SESSION", "SPECIFY_REPO_ROOT", "CLAUDE_CODE_SESSION_ID"):
        monkeypatch.setenv(name, "theirs")
    env = surroundings(tmp_path)
    assert not [name for name, value in env.items() if value == "theirs"]
    assert all(env[name].startswith(str(tmp_path)) for name in ("GIT_CONFIG_GLOBAL", "SPEC_KITTY_STATE_HOME"))


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    tool = Tool(surroundings(tmp_path))
    with pytest.raises(DemoFailed, match=r"`spec-kitty status --mission no-such` in .* gave 1: ") as caught:
        tool.ask("status", "--mission", "no-such", cwd=tmp_path)
    assert caught.value.details["exit_code"] == 1
    with pytest.raises(DemoFailed, match="git rev-parse HEAD in"):
        tool.git("rev-parse", "HEAD", cwd=tmp_path)


def test_a_diary_is_read_from_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "claude.jsonl"
    assert diary.entries(path) == []
    diary.tell(path, "claude", "implement", "WP01", prompt_file="p.md")
    diary.tell(path, "claude", "sent back", "WP01", "a\nb " + "c" * 200)
    with path.open("a", encoding="utf-8") as sink:
        sink.write('{"at": "half a li')
    first, second = diary.entries(path)
    assert (first.what, first.wp_id, first.more) == ("implement", "WP01", {"prompt_file": "p.md"})
    assert first.sentence == "claude    implements WP01 Operations"
    assert second.sentence.startswith("claude    sends back WP01 Operations: a b ccc")
    assert second.sentence.endswith("…")
    assert [entry.what for entry in diary.entries(path, 1)] == ["sent back"]
    assert not Entry("", "claude", "left").sentence


def crew(tmp_path: Path, stage: Stage) -> Team:
    (tmp_path / "agents").mkdir()
    return Team(tmp_path, tmp_path, "001-x", Tool(surroundings(tmp_path)), Telling(stage, clock.monotonic()))


def test_an_agent_that_fails_is_named_and_nobody_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    members = crew(tmp_path, stage)
    with pytest.raises(DemoFailed, match=r"agent \w+ failed: `spec-kitty next .* gave 1: "):
        members.work()
    assert any("failed:" in line for line in stage.said)


def test_an_agent_that_dies_without_a_word_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Team, job: Job) -> Running:
        return process.start(
            (sys.executable, "-c", "raise SystemExit('killed')"), cwd=tmp_path, env=None, output=self._output(job.agent)
        )

    monkeypatch.setattr(Team, "_start", broken)
    with pytest.raises(DemoFailed, match="agent claude ended with 1: killed"):
        crew(tmp_path, Stage()).work()


def test_an_agent_that_does_not_leave_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(self: Team, job: Job) -> Running:
        return process.start(("sleep", "60"), cwd=tmp_path, env=None, output=self._output(job.agent))

    monkeypatch.setattr(Team, "_start", deaf)
    monkeypatch.setattr(team, "GIVE_UP_SECONDS", 0.2)
    monkeypatch.setattr(team, "LEAVING_SECONDS", 0.2)
    with pytest.raises(DemoFailed, match="agent claude ended with -9"):
        crew(tmp_path, Stage()).work()
    assert (tmp_path / "agents" / "stop").exists()


def test_an_agent_takes_no_step_once_it_is_told_to_stop(tmp_path: Path) -> None:
    job = Job("claude", "001-x", str(tmp_path), str(tmp_path), 3)
    job.folder.mkdir()
    job.stop.touch()
    assert (
        agent_main([f'{{"agent": "claude", "mission": "x", "scratch": "{tmp_path}", "project": "/", "team": 3}}']) == 0
    )
