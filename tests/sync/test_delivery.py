"""A whole mission reaches the server: its events, then its documents, once each."""

from __future__ import annotations

import threading
import time

import pytest

from specify_cli.core.contract_gate import violations
from specify_cli.status.emit import writing
from specify_cli.sync.config import config_path
from specify_cli.sync.delivery import Delivery
from specify_cli.sync.emitter import problems
from tests.support.clone import Clone
from tests.support.missions import Mission
from tests.support.project import Task
from tests.support.server_batch import BATCH
from tests.support.server_bodies import BODIES, Bodies
from tests.support.serving import Answer
from tests.support.syncing import World


@pytest.fixture
def clone(world: World) -> Clone:
    return Clone(world)


def test_events_come_before_the_documents_they_announce(clone: Clone) -> None:
    slug = clone.project.finalized(Task("WP01"))
    done = clone.deliver()
    assert done.is_complete
    paths = [request.path for request in clone.world.server.requests]
    assert paths == [BATCH, *[BODIES] * 4]
    bodies = clone.world.server.part(Bodies)
    texts = {path.name: path.read_text(encoding="utf-8") for path in clone.project.folder(slug).rglob("*.md")}
    assert {path.rpartition("/")[2]: found for path, found in bodies.texts().items()} == {
        name: [text] for name, text in texts.items()
    }


def test_a_second_run_sends_what_is_new_and_nothing_else(clone: Clone) -> None:
    slug = clone.project.finalized(Task("WP01"))
    clone.deliver()
    before = list(clone.batch.stored)
    assert clone.deliver().events.total_events == 0
    last = clone.move(slug)
    (clone.project.folder(slug) / "spec.md").write_text("# Another\n", encoding="utf-8")
    done = clone.deliver()
    assert done.bodies.counts == {"uploaded": 1}
    new = {one: event for one, event in clone.batch.stored.items() if one not in before}
    assert sorted(event["event_type"] for event in new.values()) == [
        "MissionDossierArtifactIndexed",
        "MissionDossierSnapshotComputed",
        "WPStatusChanged",
    ]
    assert last in new


def test_every_event_that_arrives_is_well_and_tells_who_and_where(clone: Clone) -> None:
    clone.project.finalized(Task("WP01"), Task("WP02"))
    clone.deliver()
    for event in clone.batch.stored.values():
        assert problems(event) == []
        assert list(violations(event, "envelope")) == []
    told = list(clone.batch.stored.values())
    for key in ("build_id", "node_id", "project_uuid", "team_slug", "correlation_id", "git_branch"):
        assert len({event[key] for event in told}) == 1, key
    assert {event["payload"]["mission_id"] for event in told} == {clone.recorded()[0]["mission_id"]}


def test_another_command_has_another_correlation_and_later_clock_values(clone: Clone) -> None:
    slug = clone.project.finalized(Task("WP01"))
    clone.deliver()
    before = list(clone.batch.stored.values())
    last = clone.move(slug)
    clone.deliver()
    assert clone.batch.stored[last]["correlation_id"] != before[0]["correlation_id"]
    assert clone.batch.stored[last]["lamport_clock"] > max(event["lamport_clock"] for event in before)


def test_trouble_with_events_spares_the_documents(clone: Clone) -> None:
    clone.project.finalized(Task("WP01"))
    clone.world.server.fault(BATCH, nth=0, answer=Answer(403, {"error": "no"}))
    done = clone.deliver()
    assert not done.is_complete
    assert clone.world.server.sent_to(BODIES) == []
    assert (done.waiting, done.waiting_bodies) == (9, 4)


def test_documents_of_a_mission_of_which_nothing_was_told_stay_here(world: World) -> None:
    clone = Clone(world, agreed=False)
    quiet = clone.project.finalized(Task("WP01"), name="quiet")
    loud = clone.project.finalized(Task("WP01"), name="loud")
    clone.agree()
    clone.move(loud)
    clone.deliver()
    told = {event["payload"]["mission_slug"] for event in clone.batch.stored.values()}
    assert told == {loud}
    assert quiet not in str(clone.world.server.part(Bodies).stored)


def test_the_strict_shape_is_chosen_in_the_config(clone: Clone) -> None:
    config_path().write_text(config_path().read_text(encoding="utf-8") + 'profile = "strict"\n', encoding="utf-8")
    clone.project.finalized(Task("WP01"))
    assert clone.deliver().is_complete
    created = next(event for event in clone.batch.stored.values() if event["event_type"] == "MissionCreated")
    assert created["payload"] == {
        "mission_slug": "001-tea-timer",
        "mission_number": 1,
        "mission_type": "software-dev",
    }


def test_a_shape_that_does_not_exist_is_refused(clone: Clone) -> None:
    config_path().write_text(config_path().read_text(encoding="utf-8") + 'profile = "round"\n', encoding="utf-8")
    told = clone.run("sync", "now", "--json").failed("CONFIG_INVALID").json()
    assert "round" in told["error"]


def test_what_happened_is_told_step_by_step(clone: Clone) -> None:
    said: list[tuple[int, int]] = []
    clone.project.finalized(*(Task(f"WP{number:02d}") for number in range(1, 6)))
    clone.batch.most = 4
    clone.deliver(tell=lambda done, total: said.append((done, total)))
    assert said == sorted(said)
    assert said[-1] == (len(clone.batch.stored), len(clone.batch.stored))
    assert {total for _, total in said} == {len(clone.batch.stored)}


def test_another_login_in_mid_run_ends_it_and_sends_nothing_in_the_other_name(clone: Clone) -> None:
    """Contract 9.2, 7."""
    clone.world.auth.users["eve"] = ("secret", "acme")
    clone.project.finalized(*(Task(f"WP{number:02d}") for number in range(1, 6)))
    clone.batch.most = 4
    gate = threading.Event()
    clone.world.server.fault(BATCH, nth=1, gate=gate)
    found: list[Delivery] = []
    runner = threading.Thread(target=lambda: found.append(clone.deliver()))
    runner.start()
    while not clone.world.server.sent_to(BATCH):
        time.sleep(0.01)
    ada = clone.world.stored().access
    clone.world.log_in("eve", minutes=600)
    gate.set()
    runner.join()
    stopped = found[0].events.stopped
    assert stopped is not None
    assert stopped.code == "ACCOUNT_CHANGED"
    assert {request.bearer for request in clone.world.server.sent_to("*")} == {ada}
    assert found[0].waiting == len(clone.recorded()) + 10


def test_a_mission_that_is_closed_tells_how_many_work_packages_it_had(clone: Clone) -> None:
    mission = Mission(clone.project, clone.project.finalized(Task("WP01"), Task("WP02")))
    with writing(mission.place) as log:
        log.record("mission_closed", actor="claude", data={"outcome": "merged"})
    clone.deliver()
    (closed,) = [event for event in clone.batch.stored.values() if event["event_type"] == "MissionClosed"]
    assert closed["payload"]["total_wps"] == 2
    assert closed["aggregate_id"] == mission.slug


def test_a_mission_that_cannot_be_read_is_named_and_keeps_no_other_waiting(clone: Clone) -> None:
    clone.project.finalized(Task("WP01"))
    broken = clone.repo.state / "journal" / "01KNRQ00000000000000000009.jsonl"
    broken.mkdir()
    told = clone.run("sync", "now", "--json").ok().json()
    assert [one["code"] for one in told["warnings"]] == ["LOG_NOT_A_FILE"]
    assert clone.sent() == clone.moved()
