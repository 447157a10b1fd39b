"""`mission from-ticket`: search, confirm, create, bind, tell; through the installed command against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from specify_cli.kernel.values import replace
from specify_cli.mission_metadata import ORIGIN_FIELDS, load_meta
from specify_cli.tracker.origin import (
    OriginBindingError,
    mission_of,
    search_origin_candidates,
    start_mission_from_ticket,
    ticket_name,
)
from specify_cli.tracker.saas_client import SaaSTrackerClient
from tests.support.cli import SCRIPT
from tests.support.probe import watch
from tests.support.server_batch import Batch
from tests.support.server_tracker import ORIGIN, SEARCH, issue
from tests.support.serving import Answer
from tests.support.ticketing import PLACE, WEB, Bound


def test_the_whole_flow(bound: Bound) -> None:
    """Installed command, real server: search, create, bind, meta.json, event, and what the server then has of it."""
    project = bound.world.project
    project.run("sync", "server", "--enable").ok()
    project.git.commit("bind")
    listed = project.run_installed("mission", "from-ticket", "log", "--json").failed("CONFIRMATION_REQUIRED", 1)
    tickets = listed.json()["details"]["candidates"]
    assert [each["external_issue_key"] for each in tickets] == ["WEB-123", "WEB-124"]
    assert not (bound.root / "kitty-specs" / "001-web-123").exists()

    made = project.run_installed("mission", "from-ticket", "WEB-123", "--yes", "--json").ok().json()
    folder = project.folder("001-web-123")
    assert (made["mission_slug"], made["created"], made["event_emitted"]) == ("001-web-123", True, True)
    meta = load_meta(folder) or {}
    assert sorted(made["origin_ticket"]) == sorted(ORIGIN_FIELDS)
    assert meta["origin_ticket"] == made["origin_ticket"]
    assert list(meta) == sorted(meta)
    assert (folder / "spec.md").read_text(encoding="utf-8").startswith("# Specification: Fix the login (WEB-123)\n")
    assert project.git("status", "--porcelain") == ""
    assert made["commit"] == project.git.head("HEAD")

    sent = bound.world.server.sent_to(ORIGIN)[0].json()
    assert (sent["mission_id"], sent["mission_ulid"]) == ("001-web-123", meta["mission_id"])
    assert (sent["external_title"], sent["external_status"]) == ("Fix the login", "Todo")
    project.run("sync", "now").ok()
    (event,) = [
        each for each in bound.world.server.part(Batch).stored.values() if each["event_type"] == "MissionOriginBound"
    ]
    assert event["payload"]["external_issue_key"] == "WEB-123"
    assert event["payload"]["mission_id"] == meta["mission_id"]


def test_info_prints_the_ticket_with_its_link_and_without_a_network_library(bound: Bound, tmp_path: Any) -> None:
    bound.run("mission", "from-ticket", "WEB-123", "--yes").ok()
    told = bound.run("mission", "info").ok().out
    assert "linear WEB-123 Fix the login" in told
    assert "https://tracker.example/WEB-123" in told
    assert bound.run("mission", "info", "--json").json()["origin"]["external_issue_id"] == "id-WEB-123"
    seen = watch("mission", "info", cwd=bound.root, scratch=tmp_path)
    assert not seen.loaded("httpx", "ruamel", "sqlite3", "specify_cli.tracker")


def test_run_again_it_finds_the_mission(bound: Bound) -> None:
    bound.run("mission", "from-ticket", "WEB-123", "--yes").ok()
    again = bound.run("mission", "from-ticket", "web-123", "--yes", "--json")
    assert again.failed("TICKET_NOT_FOUND").code == 1  # the server's keys have their case
    again = bound.run("mission", "from-ticket", "WEB-123", "--yes", "--json").ok()
    assert again.json()["created"] is False
    (folder,) = bound.missions()
    assert bound.events(folder) == 1


def test_a_merged_mission_makes_way_for_a_new_one(bound: Bound) -> None:
    bound.run("mission", "from-ticket", "WEB-123", "--yes").ok()
    (folder,) = bound.missions()
    meta = load_meta(folder) or {}
    (folder / "meta.json").write_text(json.dumps({**meta, "merged_at": "2026-11-21T12:00:00Z"}), encoding="utf-8")
    assert mission_of(bound.root, WEB, "linear") is None


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        ("", "CONFIRMATION_REQUIRED", 1),
        ("--yes", "CONFIRMATION_REQUIRED", 1),
        ("Fix --yes", "CONFIRMATION_REQUIRED", 1),
        ("--select 1 --yes", "CONFIRMATION_REQUIRED", 1),
        ("WEB-123", "CONFIRMATION_REQUIRED", 1),
        ("--select 3", "SELECT_OUT_OF_RANGE", 2),
        ("--select 0", "USAGE_ERROR", 2),
        ("WEB-999 --yes", "TICKET_NOT_FOUND", 1),
    ],
)
def test_without_a_person_only_an_exact_key_is_enough(bound: Bound, words: str, code: str, exit_code: int) -> None:
    bound.run("mission", "from-ticket", *words.split(), "--json").failed(code, exit_code)
    assert not (bound.root / "kitty-specs" / "001-web-123").exists()
    assert bound.world.server.sent_to(ORIGIN) == []


def test_one_who_would_create_it_is_told_how(bound: Bound) -> None:
    told = bound.run("mission", "from-ticket", "Fix")
    assert "WEB-123" in told.out
    assert "spec-kitty mission from-ticket WEB-123 --yes" in told.err


def test_eight_at_once_make_one_mission(bound: Bound) -> None:
    bound.world.project.git.commit("bind")
    words = ("mission", "from-ticket", "WEB-123", "--yes", "--json")
    with ThreadPoolExecutor(8) as pool:
        done = [each.result() for each in [pool.submit(bound.world.project.run_installed, *words) for _ in range(8)]]
    assert {each.ok().json()["mission_slug"] for each in done} == {"001-web-123"}
    (folder,) = bound.missions()
    assert bound.events(folder) == 1
    assert bound.tracker.origins == {folder.name: "id-WEB-123"}


@pytest.mark.parametrize("late", [True, False])
def test_killed_while_the_server_binds_it(bound: Bound, *, late: bool) -> None:
    """kill -9 at the worst moment, before or after the server did it: a retry finds the mission and binds it."""
    gate = threading.Event()
    more = {"late": True, "answer": Answer(500)} if late else {"answer": Answer(500)}
    bound.world.server.fault(ORIGIN, gate=gate, **more)
    words = [str(SCRIPT), "mission", "from-ticket", "WEB-123", "--yes", "--json"]
    with subprocess.Popen(words, cwd=bound.root, stdout=subprocess.DEVNULL) as process:
        while not bound.world.server.sent_to(ORIGIN) and process.poll() is None:
            gate.wait(0.02)
        process.kill()
    gate.set()
    (folder,) = bound.missions()
    assert bound.ticket_of(folder) is None
    told = bound.run("mission", "from-ticket", "WEB-123", "--yes", "--json").ok().json()
    assert (told["created"], bound.missions()) == (False, [folder])
    assert bound.ticket_of(folder) == told["origin_ticket"]
    assert bound.events(folder) == 1


def test_a_hostile_title_is_only_text(bound: Bound) -> None:
    title = "{{mission_slug}}\n# Heading \x1b[31m\u202eevil [FILL: x]"
    bound.tracker.issues = [issue("WEB-7", title, url="javascript:\x07alert(1)")]
    told = bound.run("mission", "from-ticket", "WEB-7", "--yes").ok()
    (folder,) = bound.missions()
    first = (folder / "spec.md").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# Specification: {{mission_slug}} # Heading [31mevil [FILL: x] (WEB-7)"
    for text in (told.out, bound.run("mission", "info").ok().out):
        assert "\x1b" not in text
        assert "\x07" not in text


def test_the_name_of_a_ticket() -> None:
    assert ticket_name(replace(WEB, external_issue_key=" ")) == "Fix the login"
    assert ticket_name(replace(WEB, title="\n")) == "WEB-123"
    assert ticket_name(replace(WEB, title="", external_issue_key="")) == "Untitled"


def test_a_key_counts_before_words_and_both_are_sent(bound: Bound) -> None:
    found = search_origin_candidates(bound.root, "everywhere", "WEB-123", 5)
    assert found.query_used == "WEB-123"
    assert [each.match_type for each in found.candidates] == ["exact"]
    sent = bound.world.server.sent_to(SEARCH)[0].json()
    assert (sent["query_key"], sent["query_text"], sent["limit"]) == ("WEB-123", "everywhere", 5)
    assert search_origin_candidates(bound.root).query_used == ""


@pytest.mark.parametrize("late", [True, False])
def test_a_server_that_does_not_answer_in_time(bound: Bound, *, late: bool) -> None:
    """The server may have bound it (`late`); a retry comes to the same either way."""
    bound.world.server.fault(ORIGIN, delay=1.0, late=late, **({} if late else {"reset": "before"}))
    with pytest.raises(OriginBindingError) as caught:
        start_mission_from_ticket(bound.root, WEB, *PLACE, client=SaaSTrackerClient(timeout=0.3))
    assert caught.value.code == "SERVER_TIMEOUT"
    (folder,) = bound.missions()
    assert bound.ticket_of(folder) is None
    assert start_mission_from_ticket(bound.root, WEB, *PLACE).feature_dir == folder
    assert bound.tracker.origins == {folder.name: "id-WEB-123"}


def test_a_protected_branch_wants_a_branch_of_its_own(bound: Bound) -> None:
    path = bound.root / ".kittify" / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "protected: [main]\n", encoding="utf-8")
    bound.world.project.git.commit("protect")
    words = ("mission", "from-ticket", "WEB-123", "--yes", "--json")
    bound.run(*words).failed("PROTECTED_BRANCH")
    bound.run(*words, "--start-branch", "feature/web").ok()
    assert bound.world.project.git("branch", "--show-current") == "feature/web"


def test_the_switch_must_be_on(bound: Bound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPEC_KITTY_ENABLE_SAAS_SYNC")
    bound.run("mission", "from-ticket", "WEB-123", "--yes", "--json").failed("SYNC_DISABLED")
    bound.run("tracker", "status", "--json").failed("SYNC_DISABLED")
    bound.run("tracker", "providers", "--json").ok()
    assert bound.world.server.requests == []
    assert "SPEC_KITTY_ENABLE_SAAS_SYNC" not in os.environ


def test_a_ticket_may_be_a_tiny_mission(bound: Bound) -> None:
    made = bound.run("mission", "from-ticket", "WEB-123", "--yes", "--size", "tiny", "--json").ok().json()
    (folder,) = bound.missions()
    assert made["spec_file"] == str(folder / "mission.md")
    assert (folder / "mission.md").read_text(encoding="utf-8").splitlines()[5:6] == ["# Fix the login (WEB-123)"]
    assert (load_meta(folder) or {})["size"] == "tiny"
    again = bound.run("mission", "from-ticket", "WEB-123", "--yes", "--json").ok().json()
    assert (again["created"], again["spec_file"]) == (False, made["spec_file"])


def test_a_mission_that_cannot_be_tiny_is_refused_before_the_tracker_hears_of_it(bound: Bound) -> None:
    words = ("mission", "from-ticket", "WEB-123", "--yes", "--size", "tiny", "--mission-type", "plan", "--json")
    bound.run(*words).failed("SIZE_UNSUITABLE")
    assert bound.missions() == []
    assert bound.world.server.sent_to(ORIGIN) == []
