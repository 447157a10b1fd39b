"""`tracker …` against a real server, as people and programs meet it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from specify_cli.tracker.config import TrackerProjectConfig, load_tracker_config, save_tracker_config
from specify_cli.tracker.saas_client import SaaSTrackerClient
from tests.support.cli import SCRIPT
from tests.support.server_tracker import CONFIRM, PULL, PUSH, RESOLVE, RUN, STATUS
from tests.support.serving import Answer
from tests.support.terminal import at_a_terminal
from tests.support.ticketing import Bound


def test_discover_lists_what_the_server_knows(bound: Bound) -> None:
    told = bound.run("tracker", "discover", "--provider", "linear", "--json").ok()
    listed: Any = json.loads(told.out)
    assert [(each["number"], each["display_label"], each["is_bound"]) for each in listed] == [
        (1, "Team Web", False),
        (2, "Team Ops", False),
    ]
    assert "Acme" in bound.run("tracker", "discover", "--provider", "linear").ok().out
    bound.tracker.candidates = []
    assert bound.run("tracker", "discover", "--provider", "jira", "--json").ok().out == "[]\n"
    assert "dashboard" in bound.run("tracker", "discover", "--provider", "jira").ok().out
    bound.run("tracker", "discover", "--provider", "beads", "--json").failed("TRACKER_UNSUPPORTED")


def test_an_exact_match_that_is_bound_is_taken(bound: Bound) -> None:
    bound.world.server.fault(
        RESOLVE, answer=Answer(200, {"match_type": "exact", "binding_ref": "ref-7", "display_label": "Seven"})
    )
    told = bound.run("tracker", "bind", "--provider", "jira", "--json").ok().json()
    assert (told["provider"], told["binding_ref"], told["display_label"]) == ("jira", "ref-7", "Seven")
    assert bound.world.server.sent_to(CONFIRM) == []


def test_an_exact_match_that_is_new_wants_a_yes(bound: Bound) -> None:
    answer = Answer(200, {"match_type": "exact", "candidate_token": "token-Web", "display_label": "Team Web"})
    bound.world.server.fault(RESOLVE, nth=0, answer=answer)
    bound.run("tracker", "bind", "--provider", "linear", "--json").failed("CHOICE_REQUIRED")
    bound.run("tracker", "bind", "--provider", "linear", "--yes", "--json").ok()
    assert bound.config.binding_ref == "ref-token-Web"


def test_another_provider_takes_nothing_of_the_old_one_along(bound: Bound) -> None:
    bound.bind(binding_ref="ref-1", project_slug="project", display_label="Old", _extra={"mine": 1})
    bound.run("tracker", "bind", "--provider", "linear", "--select", "1", "--json").ok()
    assert (bound.config.project_slug, bound.config._extra) == ("project", {"mine": 1})
    bound.run("tracker", "bind", "--provider", "jira", "--select", "2", "--json").ok()
    found = bound.config
    assert (found.provider, found.project_slug, found.display_label) == ("jira", None, "Team Ops")
    assert found._extra == {"mine": 1}


def test_a_binding_that_the_server_refuses_changes_nothing(bound: Bound) -> None:
    told = bound.run("tracker", "bind", "--provider", "linear", "--bind-ref", "ref-9", "--json")
    error = told.failed("TRACKER_BINDING_INVALID").json()["error"]
    assert "mapping_deleted" in error
    assert "bind anew" in error
    assert bound.config.binding_ref == "ref-1"


def test_status_pull_push_and_run(bound: Bound) -> None:
    told = bound.run("tracker", "status", "--json").ok().json()
    assert (told["configured"], told["sync_state"], told["binding_ref"]) == (True, "idle", "ref-1")
    assert "installation" in bound.run("tracker", "status").ok().out
    assert "connected" in bound.run("tracker", "status", "--all").ok().out
    assert "project_slug" not in bound.world.server.sent_to(STATUS)[-1].query
    bound.run("tracker", "sync", "pull", "--limit", "1").ok()
    assert bound.world.server.sent_to(PULL)[0].json() == {"provider": "linear", "binding_ref": "ref-1", "limit": 1}
    pushed = bound.run("tracker", "sync", "push", "--items-json", "-", "--json", input='[{"ref": {"id": "1"}}]')
    assert pushed.ok().json()["summary"]["total"] == 1
    assert "succeeded" in bound.run("tracker", "sync", "run").ok().out
    assert bound.world.server.sent_to(RUN)[0].json()["pull_first"] is True
    bound.run("tracker", "sync", "push", "--json").failed("ITEMS_REQUIRED", 2)
    bound.run("tracker", "sync", "publish", "--json").failed("TRACKER_UNSUPPORTED")
    bound.run("tracker", "sync", "pull", "--limit", "0", "--json").failed("USAGE_ERROR", 2)
    bound.run("tracker", "map", "add", "--wp-id", "WP01", "--external-id", "x", "--json").failed("TRACKER_UNSUPPORTED")
    assert bound.run("tracker", "map", "list").ok().out == "WP01: linear:WEB-123\n"


def test_a_tracker_that_could_not_do_it_is_a_failure(bound: Bound) -> None:
    bound.world.server.fault(PUSH, answer=Answer(200, {"status": "error", "summary": {"total": 1, "failed": 1}}))
    told = bound.run("tracker", "sync", "push", "--items-json", "-", "--json", input="[]").failed("TRACKER_PARTIAL", 1)
    assert told.json()["details"]["summary"]["failed"] == 1


def test_the_client_sends_what_it_is_given(bound: Bound) -> None:
    bound.client.pull("linear", binding_ref="ref-1", cursor="c", filters={"state": "open"})
    assert bound.world.server.sent_to(PULL)[0].json()["cursor"] == "c"
    bound.client.push("linear", binding_ref="ref-1", items=[], idempotency_key="k")
    assert bound.world.server.sent_to(PUSH)[0].headers["idempotency-key"] == "k"
    bound.tracker.bound("by-slug", "ref-2")
    assert SaaSTrackerClient().status("linear", "by-slug")["sync_state"] == "idle"


def test_a_person_chooses(bound: Bound) -> None:
    """At a terminal: the standing binding, a list, a number out of range, then one that is there."""
    words = (SCRIPT, "tracker", "bind", "--provider", "linear")
    shown = at_a_terminal(*words, typed="n\n", cwd=bound.root)
    assert "Nothing was changed" in shown
    assert bound.config.binding_ref == "ref-1"
    shown = at_a_terminal(*words, typed="y\n7\n2\n", cwd=bound.root)
    assert "Team Ops" in shown
    assert bound.config.binding_ref == "ref-token-Ops"


def test_a_person_confirms_a_ticket_even_the_only_one(bound: Bound) -> None:
    words = (SCRIPT, "mission", "from-ticket", "Fix")
    assert "Nothing was created" in at_a_terminal(*words, typed="\n", cwd=bound.root)
    assert bound.tracker.origins == {}
    assert "001-web-123" in at_a_terminal(*words, typed="y\n", cwd=bound.root)
    shown = at_a_terminal(SCRIPT, "mission", "from-ticket", typed="2\ny\n", cwd=bound.root)
    assert "002-web-124" in shown


def test_nobody_is_asked_by_a_program_that_was_logged_out(bound: Bound) -> None:
    bound.world.store.clear()
    bound.run("tracker", "status", "--json").failed("NOT_LOGGED_IN")
    assert bound.world.server.requests == []


@pytest.mark.parametrize("section", ["[1]", "text", "3"])
def test_a_section_that_is_no_mapping_is_named(bound: Bound, section: str) -> None:
    path = bound.root / ".kittify" / "config.yaml"
    text = path.read_text(encoding="utf-8").partition("tracker:")[0]
    path.write_text(f"{text}tracker: {section}\n", encoding="utf-8")
    bound.run("tracker", "status", "--json").failed("CONFIG_INVALID")


def test_the_config_comes_back_as_it_was_written(bound: Bound) -> None:
    config = TrackerProjectConfig(
        "jira", "ref", None, "L", {"a": "b"}, None, "split_ownership", {"status": "local"}, {"mine": [1, 2]}
    )
    save_tracker_config(bound.root, config)
    assert load_tracker_config(bound.root) == config
    assert TrackerProjectConfig.from_dict({"binding_ref": " ", "provider_context": [], "doctrine": 3}).to_dict() == (
        TrackerProjectConfig().to_dict()
    )
