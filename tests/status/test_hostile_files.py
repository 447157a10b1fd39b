"""Logs that are anything but logs: commands stay up, say what is wrong and lose nothing that can be read."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specify_cli.status import lines
from specify_cli.status.models import Lane
from tests.support import soak
from tests.support.cli import SCRIPT, Result
from tests.support.limits import run_limited, run_sealed, skip_unless_sealable
from tests.support.measuring import peak_memory
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

GIGABYTE = soak.times(1 << 30)
MOVE = ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude")
READERS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("next",),
    ("agent", "tasks", "status"),
    ("agent", "status", "validate"),
    ("doctor", "log"),
)


@pytest.fixture
def mission(project: Project) -> Mission:
    return finalized_mission(project, Task("WP01", subtasks=("T001",)))


def run(mission: Mission, *words: str) -> Result:
    return mission.project.run(*words, "--mission", mission.slug, "--json")


def findings(mission: Mission) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(mission, "agent", "status", "validate").json()["findings"]
    return [each for each in found if each["code"] != "UNPUBLISHED"]


def copy_of(mission: Mission) -> Path:
    return mission.folder / "status.events.jsonl"


def journal_of(mission: Mission) -> Path:
    return mission.place.journal


LOGS = pytest.mark.parametrize("log", [copy_of, journal_of], ids=["copy", "journal"])


@pytest.mark.soak
@LOGS
@pytest.mark.parametrize("end", [b"\n", b""], ids=["whole", "torn"])
def test_a_line_of_a_gigabyte_takes_no_memory(mission: Mission, log: Callable[[Mission], Path], end: bytes) -> None:
    path = log(mission)
    with path.open("r+b") as sink:
        sink.seek(0, 2)
        sink.seek(GIGABYTE, 1)  # of which the disk holds nothing
        sink.write(b"x" + end)
    for words in (("status",), MOVE, ("agent", "status", "validate")):
        argv = (str(SCRIPT), *words, "--mission", mission.slug, "--json")
        code, mebibytes = peak_memory(argv, cwd=mission.project.path)
        assert code == (1 if words[-1] == "validate" else 0)
        assert mebibytes < 60
    assert [(each["code"], each["file"]) for each in findings(mission)] == [("OVERSIZED_LINE", str(path))]
    assert mission.lane("WP01") is Lane.BLOCKED
    assert {event.to_lane for event in mission.status.events} == {Lane.PLANNED, Lane.BLOCKED}


BAD = {
    "zero bytes": b"\x00" * 64 + b"\n",
    "zero bytes in text": b'{"event_id": "a\x00b", "to_lane": "done"}\n',
    "no UTF-8": b'{"event_id": "\xff\xfe", "to_lane": "done"}\n',
    "a lone surrogate as bytes": b'{"event_id": "\xed\xa0\x80", "to_lane": "done"}\n',
    "no JSON": b"<html>\n",
    "deep": b"[" * 100_000 + b"\n",
    "a huge number": b'{"event_id": ' + b"9" * 100_000 + b"}\n",
    "another encoding": '{"event_id": "x"}'.encode("utf-16") + b"\n",
}


@LOGS
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_is_no_line_is_named_with_file_and_number_and_all_else_counts(
    mission: Mission, log: Callable[[Mission], Path], bad: bytes
) -> None:
    run(mission, *MOVE).ok()
    path = log(mission)
    number = len(path.read_bytes().splitlines()) + 1
    with path.open("ab") as sink:
        sink.write(bad)
    forward = (*MOVE[:5], "in_progress", *MOVE[6:])
    run(mission, *forward).ok()
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    for words in READERS:
        told = run(mission, *words)
        assert told.code == int(words in (("agent", "status", "validate"), ("doctor", "log"))), told
    found = findings(mission)
    assert {(each["code"], each["file"]) for each in found} == {("CORRUPT_LINE", str(path))}
    assert found[0]["line"] == number
    assert all("doctor log --fix" in each["fix"] for each in found)
    run(mission, "doctor", "log", "--fix")
    assert findings(mission) == []
    assert mission.lane("WP01") is Lane.IN_PROGRESS


def test_a_type_that_is_no_text_is_one_that_nobody_knows(mission: Mission) -> None:
    with (mission.folder / "mission-events.jsonl").open("ab") as sink:
        sink.write(b'{"event_id": "x", "at": 1, "type": ["note"], "wp_id": {}}\n')
    for words in (*READERS, MOVE, ("materialize",)):
        run(mission, *words).ok()


@LOGS
def test_an_event_that_was_tampered_with_is_an_error_and_hinders_no_work(
    mission: Mission, log: Callable[[Mission], Path]
) -> None:
    run(mission, *MOVE).ok()
    run(mission, "materialize").ok()
    told = lines.parse_line(journal_of(mission).read_bytes().splitlines()[-1])
    assert told is not None
    path = log(mission)
    with path.open("ab") as sink:
        sink.write(lines.encode([told | {"actor": "mallory", "to_lane": "done"}]))
    assert mission.lane("WP01") is Lane.BLOCKED
    (conflict,) = findings(mission)
    assert (conflict["code"], conflict["severity"], conflict["file"]) == ("EVENT_ID_CONFLICT", "error", str(path))
    shown = subprocess.run(shlex.split(conflict["fix"]), capture_output=True, text=True, check=True).stdout
    assert shown.count("mallory") == 1
    for words in READERS:
        code = int(words in (("agent", "status", "validate"), ("doctor", "log")))
        assert run(mission, *words).code == code
    run(mission, *MOVE[:5], "in_progress", *MOVE[6:]).ok()
    run(mission, "agent", "tasks", "mark-status", "T001", "--status", "done").ok()
    run(mission, "materialize").ok()
    run(mission, "doctor", "log", "--fix")
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    assert [each["code"] for each in findings(mission)] == ["EVENT_ID_CONFLICT"]
    path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(True) if b"mallory" not in line))
    assert findings(mission) == []
    assert mission.lane("WP01") is Lane.IN_PROGRESS


@LOGS
def test_half_a_character_as_json_is_read_told_and_published(mission: Mission, log: Callable[[Mission], Path]) -> None:
    run(mission, *MOVE).ok()
    last = lines.parse_line(journal_of(mission).read_bytes().splitlines()[-1])
    assert last is not None
    event = last | {
        "event_id": str(last["event_id"])[:-4] + "ZZZZ", "actor": "\ud800\x1b[2J", "from_lane": "blocked",
        "to_lane": "in_progress", "prev": last["event_id"], "reason": "\udcff",
    }  # fmt: skip
    with log(mission).open("ab") as sink:
        sink.write(json.dumps(event).encode() + b"\n")
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    for words in READERS:
        assert run(mission, *words).json()
        told = mission.project.run(*words, "--mission", mission.slug)
        assert told.code == 0, told
        assert "\x1b[2J" not in told.out
    run(mission, "materialize").ok()
    assert findings(mission) == []
    assert mission.project.git.status() == ""


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@LOGS
@pytest.mark.parametrize("put", [_folder, _link, _loop, _pipe])
def test_something_else_in_place_of_a_log_is_one_clear_error(
    mission: Mission, log: Callable[[Mission], Path], put: Callable[[Path], None]
) -> None:
    path = log(mission)
    kept = path.read_bytes()
    path.unlink()
    put(path)
    for words in READERS[:-1]:
        assert str(path) in run(mission, *words).failed("LOG_NOT_A_FILE", 1).json()["error"]
    assert "LOG_NOT_A_FILE" in run(mission, *READERS[-1]).failed(exit_code=1).out
    hint = run(mission, *MOVE).failed("LOG_NOT_A_FILE", 1).json()["hint"]
    # What the hint says mends it.
    subprocess.run(["sh", "-c", hint], check=True, cwd=mission.project.path)
    path.write_bytes(kept)
    run(mission, *MOVE).ok()


def _sealed(mission: Mission, *paths: Path) -> list[tuple[Path, int]]:
    """Take the right to write away from files and folders; what they were before."""
    before = [(path, path.stat().st_mode) for path in paths]
    for path, mode in before:
        path.chmod(mode & ~0o222)
    return before


def test_a_journal_that_may_not_be_written_is_one_clear_error_and_is_still_read(mission: Mission) -> None:
    before = _sealed(mission, journal_of(mission))
    words = (*MOVE, "--mission", mission.slug, "--json")
    error = run_limited(*words, cwd=mission.project.path, mortal=True).failed("STATE_READ_ONLY", 1).json()
    assert str(journal_of(mission)) in error["error"]
    run_limited("status", "--mission", mission.slug, "--json", cwd=mission.project.path, mortal=True).ok()
    assert mission.lane("WP01") is Lane.PLANNED
    for path, mode in before:
        path.chmod(mode)
    run(mission, *MOVE).ok()


def test_a_copy_that_may_not_be_written_keeps_no_move_from_being_recorded(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _sealed(mission, copy_of(mission), mission.folder)
    for publish, lane in (("milestone", "blocked"), ("always", "in_progress")):
        monkeypatch.setenv("SPEC_KITTY_PUBLISH", publish)
        words = (*MOVE[:5], lane, *MOVE[6:], "--mission", mission.slug, "--json")
        run_limited(*words, cwd=mission.project.path, mortal=True).ok()
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    for path, mode in before:
        path.chmod(mode)
    run(mission, "materialize").ok()
    assert mission.status.unpublished == 0


def _on_read_only_mount(mission: Mission, *words: str) -> Result:
    return run_sealed(mission.project.path, *words, "--mission", mission.slug, "--json", cwd=mission.project.path)


def test_on_a_read_only_mount_everything_can_be_read_and_writing_says_why_not(mission: Mission) -> None:
    skip_unless_sealable(mission.project.path)
    run(mission, *MOVE).ok()
    for words in READERS:
        _on_read_only_mount(mission, *words).ok()
    writers: tuple[tuple[str, ...], ...] = (
        (*MOVE[:5], "in_progress", *MOVE[6:]),
        ("agent", "tasks", "mark-status", "T001", "--status", "done"),
        ("next", "--agent", "claude"),
        ("materialize",),
        ("agent", "mission", "finalize-tasks"),
    )
    for words in writers:
        error = _on_read_only_mount(mission, *words).failed("STATE_READ_ONLY", 1).json()
        assert str(mission.project.path) in error["error"]
        assert (error["hint"], error["details"]["edit"]) == (None, ".codex/config.toml")
    assert mission.lane("WP01") is Lane.BLOCKED


def test_a_mission_made_again_under_its_old_name_begins_anew(project: Project) -> None:
    first = finalized_mission(project, Task("WP01"), Task("WP02"))
    old = first.place.mission_id
    run(first, *MOVE).ok()
    run(first, "materialize").ok()
    left = copy_of(first).read_bytes()
    project.git("rm", "-rq", f"kitty-specs/{first.slug}")
    project.git("commit", "-qm", "given up")
    shutil.rmtree(first.folder)
    for name in project.git("for-each-ref", "--format=%(refname)", "refs/heads/kitty").splitlines():
        project.git("update-ref", "-d", name)
    project.git("switch", "-q", "-c", "new")
    second = finalized_mission(project, Task("WP01"), Task("WP02"))
    if second.slug != first.slug:
        project.git("mv", f"kitty-specs/{second.slug}", f"kitty-specs/{first.slug}")
    second = Mission(project, first.slug)
    assert second.place.mission_id != old
    assert second.lane("WP01") is Lane.PLANNED
    assert {event.mission_id for event in second.status.events} == {second.place.mission_id}
    # Also where a merge brings the old lines back into the file.
    copy_of(second).write_bytes(left + copy_of(second).read_bytes())
    assert second.lane("WP01") is Lane.PLANNED
    assert [each["code"] for each in findings(second)] == ["FOREIGN_MISSION"]
    run(second, *MOVE).ok()
    assert second.lane("WP01") is Lane.BLOCKED
