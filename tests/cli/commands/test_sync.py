"""`spec-kitty sync …` as people and programs meet it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from specify_cli.kernel import clock
from specify_cli.sync import batch
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, config_path, state_home
from tests.support.cli import SCRIPT
from tests.support.clone import Clone
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.project import Project, Task, make_project
from tests.support.server import HEALTH, running
from tests.support.server_batch import BATCH
from tests.support.server_bodies import BODIES
from tests.support.serving import Answer, Server
from tests.support.syncing import World


@pytest.fixture
def world(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> World:
    """A user with the switch on, and a server."""
    return World(tmp_path, server, monkeypatch)


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a mission of two work packages, made once."""
    folder = tmp_path_factory.mktemp("planned")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        make_project(folder / "project").finalized(Task("WP01"), Task("WP02"))
    return folder / "project"


@pytest.fixture
def clone(world: World, planned: Path) -> Clone:
    """A clone that sends, with a mission of two work packages of which nothing was sent yet."""
    path = shutil.copytree(planned, world.path / "project", symlinks=True)
    made = Clone(world, Project(path, Repo(path)), agreed=False)
    with clock.use(lambda: datetime(2026, 1, 1, tzinfo=UTC)):
        made.agree()
    return made


def reject_moves(clone: Clone) -> list[str]:
    """Let the server reject every move there is."""
    moves = sorted(clone.moved())
    clone.batch.rejects = dict.fromkeys(moves, "invalid lane: \x1b[31mlimbo\x1b[0m [bold]")
    return moves


# -- now -------------------------------------------------------------------------------------------------------------


def test_now_sends_events_and_documents_and_says_so(clone: Clone) -> None:
    told = clone.run("sync", "now").ok()
    assert told.out.splitlines()[0] == "Synced: 12  Duplicates: 0  Errors: 0"
    assert "Documents: 5 uploaded" in told.out
    assert told.out.rstrip().endswith("Next: spec-kitty sync status")
    again = clone.run("sync", "now").ok()
    assert again.out.splitlines()[0] == "Nothing to send."


def test_now_for_programs(clone: Clone) -> None:
    told = clone.run("sync", "now", "--json").ok().json()
    assert (told["result"], told["is_on"], told["total_events"], told["synced"], told["failed"]) == (
        "success", True, 12, 12, 0,
    )  # fmt: skip
    assert told["collected"] == {"queued": 12, "refused": 0}
    assert told["bodies"] == {"uploaded": 5, "stopped": None}
    assert (told["waiting"], told["waiting_bodies"], told["stopped"], told["failures"]) == (0, 0, None, [])


def test_what_is_rejected_is_told_by_category_with_a_remedy(clone: Clone, tmp_path: Path) -> None:
    moves = reject_moves(clone)
    report = tmp_path / "report.json"
    told = clone.run("sync", "now", "--report", str(report))
    assert told.code == 1
    assert told.out.splitlines()[:2] == [
        "Synced: 10  Duplicates: 0  Errors: 2",
        "  schema_mismatch: 2  -- spec-kitty sync diagnose",
    ]
    assert f"Report written to {report}" in told.out.replace("\n", "")
    assert {one["event_id"] for one in json.loads(report.read_text(encoding="utf-8"))["failures"]} == set(moves)
    assert clone.run("sync", "now", "--no-strict").code == 0


def test_no_report_is_written_where_there_is_nothing_to_report(clone: Clone, tmp_path: Path) -> None:
    told = clone.run("sync", "now", "--report", str(tmp_path / "report.json")).ok()
    assert "Nothing to report" in told.out
    assert not (tmp_path / "report.json").exists()


def test_a_report_that_has_no_folder_is_refused_before_anything_is_sent(clone: Clone) -> None:
    told = clone.run("sync", "now", "--report", "no/such/report.json", "--json").failed("FOLDER_MISSING", 1).json()
    assert told["hint"] == "mkdir -p no/such"
    assert clone.world.server.requests == []


def test_a_server_that_is_not_there_costs_nothing(clone: Clone) -> None:
    clone.world.server.stop()
    told = clone.run("sync", "now", "--json")
    shape = told.json()
    assert (told.code, shape["result"], shape["stopped"]["code"]) == (1, "incomplete", "SERVER_UNREACHABLE")
    assert shape["waiting"] == 12
    assert {row.retry_count for row in clone.queue.page()} == {0}
    assert clone.run("sync", "now", "--no-strict").code == 0


def test_a_run_keeps_to_its_time(clone: Clone) -> None:
    clone.world.server.fault(BATCH, nth=0, delay=10)
    begun = time.monotonic()
    told = clone.run("sync", "now", "--timeout", "1", "--json")
    assert time.monotonic() - begun < 5
    assert told.code == 1
    assert told.json()["waiting"] == 12


@pytest.mark.parametrize("words", [(), ("--no-strict",)])
def test_with_the_switch_off_now_says_so_and_that_is_no_failure(clone: Clone, words: tuple[str, ...]) -> None:
    clone.world.patch.delenv(SAAS_SYNC_ENV_VAR)
    told = clone.run("sync", "now", *words).ok()
    assert "sync is off here" in told.out
    assert f"export {SAAS_SYNC_ENV_VAR}=1" in told.out
    assert clone.run("sync", "now", "--json").ok().json()["reason"] == "SYNC_DISABLED"


def test_now_without_consent_is_refused_with_the_command_that_gives_it(world: World) -> None:
    clone = Clone(world, agreed=False)
    told = clone.run("sync", "now", "--json").failed("NO_CONSENT", 1).json()
    assert told["hint"] == "spec-kitty sync server --enable"
    assert clone.run("sync", "now", "--no-strict", "--json").ok().json()["result"] == "off"


def test_history_is_sent_when_it_is_asked_for(world: World) -> None:
    clone = Clone(world, agreed=False)
    clone.project.finalized(Task("WP01"))
    clone.agree()
    assert clone.run("sync", "now", "--json").ok().json()["total_events"] == 0
    assert clone.run("sync", "now", "--include-history", "--json").ok().json()["total_events"] > 2
    assert clone.sent() == clone.moved()


def test_a_session_that_ended_says_how_to_begin_a_new_one(clone: Clone) -> None:
    clone.world.auth.expire()
    clone.world.auth.revoke()
    told = clone.run("sync", "now", "--json")
    assert told.code == 1
    assert told.json()["stopped"]["code"] == "SESSION_EXPIRED"
    assert told.json()["stopped"]["hint"] == "spec-kitty auth login"


def test_another_account_s_login_sends_nothing_of_this_one(clone: Clone) -> None:
    """The run began as ada; somebody logs in as eve while it collects."""
    clone.world.auth.users["eve"] = ("secret", "acme")
    clone.collect()
    clone.world.log_in("eve", minutes=600)
    told = clone.run("sync", "now", "--json").ok().json()
    assert told["waiting"] == 0
    clone.world.log_in("ada", minutes=600)
    assert clone.queue.size() > 0, "ada's events wait for ada"


# -- status and doctor ---------------------------------------------------------------------------------------------


def test_status_tells_what_waits_where(clone: Clone) -> None:
    before = clone.run("sync", "status", "--json").ok().json()
    assert (before["is_on"], before["in_journals"], before["queue"]["total_queued"]) == (True, 5, 0)
    assert not Path(before["queue_file"]).exists(), "looking writes nothing"
    clone.world.server.stop()
    clone.run("sync", "now")
    told = clone.run("sync", "status").ok().out
    assert re.search(r"queue +12 / 100000 \(0%\)", told)
    assert re.search(r"oldest event +\d+s ago", told)
    assert "0 retries: 12, 1-3 retries: 0, 4+ retries: 0" in told
    assert "MissionDossierArtifactIndexed 6, WPCreated 2, WPStatusChanged 2" in told


def test_a_repository_name_that_is_none_is_named_and_keeps_nothing_from_being_sent(clone: Clone) -> None:
    config = clone.project.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"repo_slug: .*", "repo_slug: tea", text), encoding="utf-8")
    for words in (("sync", "now"), ("sync", "status"), ("sync", "doctor")):
        told = clone.run(*words, "--json").ok().json()
        assert [each["code"] for each in told["warnings"]] == ["REPO_SLUG_INVALID"], words


def test_status_after_everything_was_sent(clone: Clone) -> None:
    clone.run("sync", "now").ok()
    told = clone.run("sync", "status").ok().out
    assert "everything was sent" in told
    assert re.search(r"last sync +\d\d:\d\d", told)


PINGS = [
    (Answer(200, {}), "Connected", 0),
    (Answer(401, {}), "Authentication failed", 1),
    (Answer(403, {}), "Permission denied", 1),
    (Answer(500, {}), "Unexpected", 1),
]


@pytest.mark.parametrize(("answer", "word", "code"), PINGS, ids=[word for _, word, _ in PINGS])
def test_the_probe_uses_the_real_login(clone: Clone, answer: Answer, word: str, code: int) -> None:
    clone.run("sync", "now").ok()
    clone.world.server.fault(HEALTH, nth=0, answer=answer)
    assert clone.run("sync", "status", "--check", "--json").ok().json()["ping"]["outcome"] == word
    assert {request.bearer for request in clone.world.server.sent_to(HEALTH)} <= set(clone.world.auth.access)
    told = clone.run("sync", "doctor", "--json")
    assert (told.code, told.json()["result"]) == (code, "unhealthy" if code else "healthy")


def test_a_web_page_in_place_of_the_server_is_not_well(clone: Clone) -> None:
    clone.world.server.fault(HEALTH, nth=0, answer=Answer(200, b"\n<!doctype html><title>Log in</title>"))
    told = clone.run("sync", "doctor", "--json").failed(exit_code=1).json()
    assert "a web page answered" in told["issues"][0]["message"]


@pytest.mark.parametrize("line", ['profile = "3.0.0"', 'server_url = "https://example.org"', "max_queue_size = 5"])
def test_a_setting_outside_of_its_section_is_named(clone: Clone, line: str) -> None:
    config_path().write_text(f"{line}\n{config_path().read_text(encoding='utf-8')}", encoding="utf-8")
    (reason,) = clone.run("sync", "status", "--json").ok().json()["reasons_off"]
    assert reason["code"] == "CONFIG_INVALID"
    assert f"{line.split(maxsplit=1)[0]} outside of [sync]" in reason["message"]


@pytest.mark.parametrize("status", [404, 405])
def test_an_older_server_is_known_by_what_it_says_of_an_empty_batch(clone: Clone, status: int) -> None:
    clone.world.server.fault(HEALTH, nth=0, answer=Answer(status, {}))
    assert clone.run("sync", "status", "--check", "--json").ok().json()["ping"]["outcome"] == "Connected"
    (request,) = clone.world.server.sent_to(BATCH)
    assert json.loads(request.body) == {"events": []}


def test_the_probe_tells_a_server_that_is_not_there_and_a_session_that_ended(clone: Clone) -> None:
    clone.world.auth.revoke()
    clone.world.log_in(minutes=-1)
    clone.world.auth.revoke()
    assert clone.run("sync", "status", "--check", "--json").ok().json()["ping"]["outcome"] == "Session expired"
    clone.world.log_in()
    clone.world.server.stop()
    told = clone.run("sync", "status", "--check").ok().out
    assert "ping         Unreachable:" in told
    assert "events stay queued" in told


def test_status_without_a_login_asks_nobody(world: World) -> None:
    told = world.run("sync", "status", "--check", "--json", cwd=world.project.path).ok().json()
    assert (told["is_on"], told["ping"], told["queue"]) == (False, None, None)
    assert [one["code"] for one in told["reasons_off"]] == ["NOT_LOGGED_IN", "NO_CONSENT"]
    assert world.server.requests == []
    assert world.run("sync", "doctor", "--json", cwd=world.project.path).code == 1


def test_doctor_names_what_keeps_events_from_being_delivered(clone: Clone) -> None:
    moves = reject_moves(clone)
    for _ in range(5):
        clone.run("sync", "now")
    config_path().write_text(config_path().read_text(encoding="utf-8") + "max_queue_size = 1\n", encoding="utf-8")
    clone.world.server.fault(BATCH, nth=0, answer=Answer(500))
    clone.world.patch.setattr(batch, "_FIRST_WAIT", 0.0)
    clone.move("001-tea-timer")
    clone.run("sync", "now")
    told = clone.run("sync", "doctor", "--json")
    assert told.code == 1
    assert [(one["code"], one["hint"]) for one in told.json()["issues"]] == [
        ("QUEUE_FULL", "spec-kitty sync now"),
        ("DEAD_LETTERS", "spec-kitty sync queue list"),
    ]
    assert f"✗ {len(moves)} events will not be sent again by itself" in clone.run("sync", "doctor").out


def test_a_damaged_queue_is_an_issue_with_the_command_that_mends_it(clone: Clone) -> None:
    clone.collect()
    clone.queue.path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    told = clone.run("sync", "doctor", "--json")
    assert told.code == 1
    issue = told.json()["issues"][0]
    assert issue["code"] == "DATABASE_BROKEN"
    subprocess.run(["sh", "-c", issue["hint"]], check=True)
    clone.run("sync", "now").ok()
    assert clone.sent() == clone.moved(), "the journals have it all"


def test_what_an_older_version_kept_for_nobody_is_pointed_out(clone: Clone) -> None:
    with closing(sqlite3.connect(state_home() / "queue.db")) as db:
        db.execute("CREATE TABLE queue (id)")
    told = clone.run("sync", "status", "--json").ok().json()
    assert [one["code"] for one in told["warnings"]] == ["OLDER_QUEUE"]


# -- diagnose and the queue ------------------------------------------------------------------------------------------


def damage(clone: Clone) -> str:
    """Make one event that waits wrong in two ways; its id."""
    clone.collect()
    row = next(row for row in clone.queue.page() if row.event_type == "WPCreated")
    event = json.loads(row.data)
    event["payload"].update(wp_id="wp1", title="")
    with closing(sqlite3.connect(clone.queue.path)) as db:
        db.execute("UPDATE queue SET data = ? WHERE event_id = ?", (json.dumps(event), row.event_id))
        db.commit()
    return row.event_id


def test_diagnose_finds_nothing_wrong_with_what_is_well(clone: Clone) -> None:
    told = clone.run("sync", "diagnose", "--json").ok().json()
    assert (told["total"], told["valid"], told["invalid"]) == (5, 5, 0)
    assert {one["where"] for one in told["results"]} == {"journal"}
    clone.collect()
    told = clone.run("sync", "diagnose", "--json").ok().json()
    assert {one["where"] for one in told["results"]} == {"queue"}


def test_diagnose_names_field_expectation_and_value(clone: Clone) -> None:
    wrong = damage(clone)
    told = clone.run("sync", "diagnose", "--json")
    assert told.code == 1
    (one,) = [each for each in told.json()["results"] if not each["valid"]]
    assert (one["event_id"], one["error_category"]) == (wrong, "schema_mismatch")
    assert one["errors"] == [
        "payload.wp_id: expected WP and two digits or more; found 'wp1'",
        "payload.title: expected a text that is not empty; found ''",
    ]
    shown = clone.run("sync", "diagnose").out
    assert "5 events: 4 valid, 1 invalid" in shown
    assert "- payload.wp_id: expected WP and two digits or more; found 'wp1'" in shown


def test_a_row_that_is_broken_hides_no_other(clone: Clone) -> None:
    clone.collect()
    with closing(sqlite3.connect(clone.queue.path)) as db:
        db.execute("UPDATE queue SET data = '{' WHERE id = 2")
        db.execute("UPDATE queue SET data = '[1]' WHERE id = 3")
        db.commit()
    told = clone.run("sync", "diagnose", "--json").json()
    assert (told["valid"], told["invalid"]) == (3, 2)
    clone.run("sync", "now")
    assert len(clone.batch.stored) == 3 + 7
    assert clone.run("sync", "queue", "list", "--json").ok().json()["count"] == 2


def test_dead_letters_are_listed_shown_sent_again_and_dropped(clone: Clone) -> None:
    moves = reject_moves(clone)
    for _ in range(5):
        clone.run("sync", "now")
    listed = clone.run("sync", "queue", "list", "--json").ok().json()
    assert {one["id"] for one in listed["letters"]} == set(moves)
    assert {one["category"] for one in listed["letters"]} == {"schema_mismatch"}
    text = clone.run("sync", "queue", "list").ok().out
    assert "\x1b" not in text
    assert r"invalid lane: \x1b[31mlimbo\x1b[0m [bold]" in text
    shown = clone.run("sync", "queue", "show", moves[0].lower()).ok().out
    assert '"event_type": "WPStatusChanged"' in shown
    clone.batch.rejects = {}
    assert clone.run("sync", "queue", "retry", moves[0], "--json").ok().json()["retried"] == 1
    assert clone.run("sync", "queue", "drop", moves[1], "--json").ok().json()["dropped"] == 1
    clone.run("sync", "now").ok()
    assert clone.sent() == {moves[0]}
    assert clone.run("sync", "queue", "list").ok().out.startswith("Nothing was set aside.")


def test_documents_that_were_set_aside_are_among_them(clone: Clone) -> None:
    clone.world.server.fault(BODIES, nth=0, answer=Answer(400, {"error": "no such namespace"}))
    assert clone.run("sync", "now").code == 1
    listed = clone.run("sync", "queue", "list", "--json").ok().json()["letters"]
    assert {one["kind"] for one in listed} >= {"001-tea-timer/spec.md", "001-tea-timer/plan.md"}
    clone.run("sync", "queue", "show", listed[0]["id"]).ok()
    assert clone.run("sync", "queue", "drop", listed[0]["id"], "--json").ok().json()["dropped"] == 1
    assert clone.run("sync", "queue", "retry", "--all", "--json").ok().json()["retried"] == len(listed) - 1
    clone.world.server.faults.clear()
    assert clone.run("sync", "now", "--json").ok().json()["bodies"]["uploaded"] == len(listed) - 1


def test_what_was_not_set_aside_cannot_be_shown(clone: Clone) -> None:
    clone.run("sync", "queue", "show", "nothing", "--json").failed("DEAD_LETTER_NOT_FOUND", 1)
    clone.run("sync", "queue", "retry", "nothing", "--json").failed("DEAD_LETTER_NOT_FOUND", 1)
    clone.run("sync", "queue", "drop", "--json").failed("USAGE_ERROR", 2)
    clone.run("sync", "queue", "drop", "x", "--all", "--json").failed("USAGE_ERROR", 2)


def test_the_queue_can_be_looked_at_without_consent(clone: Clone) -> None:
    reject_moves(clone)
    for _ in range(5):
        clone.run("sync", "now")
    clone.run("sync", "server", "--disable").ok()
    assert clone.run("sync", "queue", "drop", "--all", "--json").ok().json()["dropped"] == 2


# -- watch -----------------------------------------------------------------------------------------------------------


def test_watch_sends_what_is_recorded_until_it_is_interrupted(clone: Clone) -> None:
    words = [str(SCRIPT), "sync", "watch", "--json"]
    with subprocess.Popen(
        words, cwd=clone.project.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as watching:
        try:
            wait_until(lambda: clone.sent() == clone.moved())
            last = clone.move("001-tea-timer")
            wait_until(lambda: last in clone.sent())
        finally:
            watching.send_signal(signal.SIGINT)
            out, err = watching.communicate(timeout=20)
    assert watching.returncode == 0, err
    assert json.loads(out)["result"] == "success"
    assert "Watching" in err


def test_watch_needs_sync_to_be_on(world: World) -> None:
    clone = Clone(world, agreed=False)
    clone.run("sync", "watch", "--json").failed("NO_CONSENT", 1)


def wait_until(true: object) -> None:
    """Wait until a condition holds, at most 20 seconds."""
    assert callable(true)
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_two_servers_have_two_queues(clone: Clone) -> None:
    clone.run("sync", "now").ok()
    with running() as other:
        clone.run("sync", "server", other.url, "--enable").ok()
        assert clone.run("sync", "now", "--json").failed("NOT_LOGGED_IN").json()["hint"] == "spec-kitty auth login"
        assert other.requests == [], "no token of the first server goes to the second"
