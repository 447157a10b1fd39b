"""What the server is told of a mission's documents, and the texts that go with it."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter

import pytest

from specify_cli.kernel import clock
from specify_cli.sync import documents, emitter, events
from specify_cli.sync.body_queue import BodyEnqueueResult, OfflineBodyUploadQueue
from specify_cli.sync.dossier import Recorded
from specify_cli.sync.emitter import Fact, Origin
from specify_cli.sync.namespace import NamespaceRef
from tests.support.desk import IDENTITY, META, PROJECT, Desk
from tests.support.missions import Mission
from tests.support.project import Project
from tests.support.server_batch import BATCH, Batch
from tests.support.server_bodies import BODIES, Bodies
from tests.support.serving import Answer
from tests.support.syncing import World

ORIGIN = Origin(PROJECT, "demo", None, IDENTITY.node_id, IDENTITY.build_id, "01JZZ8Q4T7M3W9R2K5N6P1X0AB")


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def kinds(told: Recorded) -> dict[str, int]:
    return dict(Counter(fact.event_type.removeprefix("MissionDossier") for fact in told.facts))


def of(told: Recorded, kind: str) -> list[Fact]:
    return [fact for fact in told.facts if fact.event_type == kind]


def test_each_document_is_told_once_and_again_when_it_changes(desk: Desk) -> None:
    desk.write("spec.md")
    desk.write("tasks/WP01-clock.md")
    desk.write("contracts/v1/api.JSON", "{}")
    desk.write("notes.md")
    first = desk.told()
    assert kinds(first) == {"ArtifactIndexed": 3, "ArtifactMissing": 2, "SnapshotComputed": 1}
    assert {each.artifact_path: each.reason for each in first.outcomes} == {
        "spec.md": "enqueued",
        "tasks/WP01-clock.md": "enqueued",
        "contracts/v1/api.JSON": "enqueued",
        "notes.md": "unsupported_surface",
    }
    assert desk.told().facts == []
    desk.write("spec.md", "more")
    again = desk.told()
    assert kinds(again) == {"ArtifactIndexed": 1, "SnapshotComputed": 1}
    (indexed,) = of(again, events.ARTIFACT_INDEXED)
    assert indexed.aggregate_id == "012-demo:input.spec.main"
    assert indexed.payload == {
        "mission_slug": "012-demo",
        "mission_number": "012",
        "mission_type": "software-dev",
        "mission_id": None,
        "namespace": {
            "project_uuid": PROJECT,
            "mission_slug": "012-demo",
            "target_branch": "main",
            "mission_type": "software-dev",
            "manifest_version": "1",
        },
        "artifact_key": "input.spec.main",
        "artifact_class": "input",
        "relative_path": "spec.md",
        "content_hash_sha256": "187897ce0afcf20b50ba2b37dca84a951b7046f29ed5ab94f010619f69d6e189",
        "size_bytes": 4,
        "required_status": "required",
        "wp_id": None,
        "step_id": "specify",
    }


def test_what_is_no_document_is_passed_over(desk: Desk) -> None:
    desk.write(".hidden.md")
    desk.write("contracts/.git/config.md")
    os.mkfifo(desk.folder / "plan.md")  # whoever opened it would wait for ever
    with desk.write("spec.md").open("wb") as large:
        large.truncate(65 * 1024 * 1024)
    desk.write("research.md")
    told = desk.told()
    assert [fact.payload["relative_path"] for fact in of(told, events.ARTIFACT_INDEXED)] == ["research.md"]
    reasons = {each.artifact_path: each.reason.partition(":")[0] for each in told.outcomes}
    assert reasons == {"spec.md": "oversized", "research.md": "enqueued"}


def test_every_event_is_one_that_may_be_sent(desk: Desk) -> None:
    desk.write("spec.md")
    desk.write("tasks/WP01-clock.md")
    desk.meta["accepted_at"] = "2026-04-10T08:00:00+00:00"
    facts = desk.told().facts
    desk.write("spec.md", "other")
    facts += desk.told().facts
    assert {fact.event_type for fact in facts} == {
        events.ARTIFACT_INDEXED, events.ARTIFACT_MISSING, events.SNAPSHOT_COMPUTED, events.PARITY_DRIFT,
    }  # fmt: skip
    for fact in facts:
        assert emitter.problems(emitter.envelope(fact, ORIGIN, 1)) == []


def test_what_a_later_step_needs_is_missing_and_told_once(desk: Desk) -> None:
    assert "ArtifactMissing" not in kinds(desk.told())
    desk.write("spec.md")
    assert "ArtifactMissing" not in kinds(desk.told())
    desk.write("tasks.md")
    (missing,) = of(desk.told(), events.ARTIFACT_MISSING)
    assert missing.payload["artifact_key"] == "output.plan.main"
    assert missing.payload["reason_code"] == "not_found"
    assert of(desk.told(), events.ARTIFACT_MISSING) == []
    desk.write("plan.md")
    assert kinds(desk.told()) == {"ArtifactIndexed": 1, "SnapshotComputed": 1}
    (desk.folder / "tasks.md").unlink()
    (gone,) = of(desk.told(), events.ARTIFACT_MISSING)
    assert gone.payload["artifact_key"] == "output.tasks.list"


def test_the_counts_of_a_snapshot_add_up(desk: Desk) -> None:
    desk.write("spec.md")
    for number in range(1, 4):
        desk.write(f"tasks/WP0{number}-x.md", str(number))
    desk.write("research.md")
    (snapshot,) = of(desk.told(), events.SNAPSHOT_COMPUTED)
    counts = snapshot.payload["artifact_counts"]
    assert counts == {
        "total": 13, "required": 7, "required_present": 4, "required_missing": 3, "optional": 6, "optional_present": 1,
    }  # fmt: skip
    assert snapshot.payload["completeness_status"] == "incomplete"
    assert snapshot.aggregate_id == f"012-demo:{snapshot.payload['snapshot_id']}"
    for name in ("plan.md", "tasks.md", "lanes.json"):
        desk.write(name)
    (snapshot,) = of(desk.told(), events.SNAPSHOT_COMPUTED)
    assert snapshot.payload["completeness_status"] == "complete"


def test_a_type_without_a_manifest_is_told_as_it_is(world: World) -> None:
    desk = Desk(world, {**META, "mission_type": "tea"})
    desk.write("spec.md")
    desk.write("research/leaves.csv")
    told = desk.told()
    assert [fact.payload["artifact_key"] for fact in of(told, events.ARTIFACT_INDEXED)] == [
        "artifact.research/leaves.csv",
        "artifact.spec",
    ]
    assert of(told, events.SNAPSHOT_COMPUTED)[0].payload["completeness_status"] == "unknown"


def test_a_tiny_mission_is_complete_with_its_one_document(world: World) -> None:
    desk = Desk(world, {**META, "size": "tiny"})
    for name in ("mission.md", "lanes.json", "research.md"):
        desk.write(name)
    told = desk.told()
    assert {fact.payload["artifact_key"] for fact in of(told, events.ARTIFACT_INDEXED)} == {
        "input.mission.main",
        "output.lanes",
        "evidence.research",
    }
    assert kinds(told) == {"ArtifactIndexed": 3, "SnapshotComputed": 1}
    assert of(told, events.SNAPSHOT_COMPUTED)[0].payload["completeness_status"] == "complete"


def test_documents_that_differ_from_the_accepted_ones_have_drifted(desk: Desk) -> None:
    desk.write("spec.md", "one")
    desk.write("plan.md", "plan")
    desk.told()
    desk.meta["accepted_at"] = "2026-04-10T08:00:00+00:00"
    assert kinds(desk.told()) == {}
    desk.write("spec.md", "two")
    (drift,) = of(desk.told(), events.PARITY_DRIFT)
    assert (drift.payload["severity"], drift.payload["missing_in_local"]) == ("warning", [])
    assert desk.told().facts == []
    (desk.folder / "plan.md").unlink()
    (drift,) = of(desk.told(), events.PARITY_DRIFT)
    assert (drift.payload["severity"], drift.payload["missing_in_local"]) == ("error", ["output.plan.main"])
    desk.write("plan.md", "plan")
    desk.write("spec.md", "one")
    assert of(desk.told(), events.PARITY_DRIFT) == []
    desk.write("spec.md", "two")
    assert len(of(desk.told(), events.PARITY_DRIFT)) == 1
    desk.meta["accepted_at"] = "2026-04-11T08:00:00+00:00"  # accepted again, as it is now
    assert desk.told().facts == []


def test_of_a_document_only_its_newest_text_is_sent(desk: Desk) -> None:
    for text in ("one", "two", "three"):
        desk.write("spec.md", text)
        desk.told()
    assert desk.sent().counts == {"uploaded": 1}
    assert desk.bodies.texts() == {"spec.md": ["three"]}
    desk.write("spec.md", "one")
    desk.told()
    assert desk.sent().counts == {"uploaded": 1}
    assert desk.sent().counts == {}


def test_a_parked_text_makes_way_for_a_newer_one(desk: Desk) -> None:
    desk.answered(413)
    assert desk.queue.get_stats().parked_count == 1
    desk.world.server.faults.clear()
    desk.write("spec.md", "shorter")
    desk.told()
    assert desk.queue.parked() == []
    assert desk.sent().counts == {"uploaded": 1}


def test_a_parked_text_is_sent_again_or_dropped_when_a_person_says_so(desk: Desk) -> None:
    desk.answered(400)
    assert desk.sent().counts == {}
    (parked,) = desk.queue.parked()
    desk.world.server.faults.clear()
    assert [desk.queue.retry(parked.row_id + 1), desk.queue.retry(parked.row_id)] == [0, 1]
    assert desk.sent().counts == {"uploaded": 1}
    desk.write("spec.md", "again")
    desk.told()
    assert desk.queue.drop() == 0  # what waits is not given up
    desk.answered(400)
    assert desk.queue.drop() == 1


def test_a_server_in_trouble_is_left_alone(desk: Desk) -> None:
    for number in range(10):
        desk.write(f"contracts/{number}.md", str(number))
    desk.told()
    desk.world.server.fault(BODIES, nth=0, answer=Answer(500))
    assert desk.sent().stopped.startswith("server_error")
    assert len(desk.world.server.sent_to(BODIES)) == 3
    desk.world.server.faults.clear()
    assert desk.sent().counts == {"uploaded": 7}
    assert desk.sent(later=2).counts == {"uploaded": 3}


def test_a_run_ends_in_time_and_keeps_the_rest(desk: Desk) -> None:
    desk.write("spec.md")
    desk.told()
    assert desk.sent(seconds=0).stopped == "the time for this run is over"
    desk.world.server.fault(BODIES, delay=5)
    begun = clock.monotonic()
    assert desk.sent(seconds=0.2).counts == {"failed": 1}
    assert clock.monotonic() - begun < 2
    assert desk.queue.get_stats().total_count == 1


def test_a_text_that_was_damaged_in_the_queue_is_not_sent(desk: Desk) -> None:
    desk.write("spec.md")
    desk.told()
    with sqlite3.connect(desk.queue.path) as db:
        db.execute("UPDATE body_upload_queue SET content_body = 'other'")
    db.close()
    assert desk.sent().outcomes[0].reason.startswith("content_hash_mismatch")
    assert desk.world.server.sent_to(BODIES) == []


def test_a_body_that_the_contract_forbids_is_kept_and_not_sent(desk: Desk) -> None:
    desk.write("spec.md")
    desk.told()
    with sqlite3.connect(desk.queue.path) as db:
        db.execute("UPDATE body_upload_queue SET mission_type = ''")
    db.close()
    assert "mission_type: must not be empty" in desk.sent().outcomes[0].reason
    assert desk.world.server.sent_to(BODIES) == []
    assert "mission_type" in str(desk.queue.parked()[0].parked)


def test_a_clock_that_was_put_back_stops_nothing(desk: Desk) -> None:
    desk.write("spec.md")
    desk.told()
    desk.bodies.late = 1
    desk.sent(later=100_000)
    assert desk.sent().counts == {"uploaded": 1}


def test_the_queue_says_how_it_is(desk: Desk) -> None:
    assert desk.queue.get_stats().total_count == 0
    for number in range(5):
        desk.write(f"contracts/{number}.md", str(number))
    desk.told()
    desk.bodies.late = 2
    desk.sent(seconds=60)
    for number in range(7):
        desk.write(f"contracts/{number}.md", f"new {number}")
    desk.told()
    stats = desk.queue.get_stats()
    assert (stats.total_count, stats.ready_count, stats.backoff_count, stats.parked_count) == (7, 7, 0, 0)
    assert stats.total_bytes == 35
    assert stats.retry_histogram == {0: 7}
    assert stats.oldest_created_at is not None
    assert (OfflineBodyUploadQueue(desk.queue.path, "other").get_stats()).total_count == 0


def test_a_body_waits_once(desk: Desk) -> None:
    namespace = NamespaceRef(PROJECT, "012-demo", "main", "software-dev", "1")
    results = [desk.queue.enqueue(namespace, "spec.md", "0" * 64, "x", 1) for _ in range(2)]
    assert results == [BodyEnqueueResult.ENQUEUED, BodyEnqueueResult.ALREADY_EXISTS]


@pytest.mark.parametrize("shape", ["3.1.1", "before the cutover", "none"])
def test_bodies_of_an_older_version_are_kept_and_sent(shape: str, desk: Desk) -> None:
    slug, kind = ("mission_slug", "mission_type") if shape == "3.1.1" else ("feature" + "_slug", "mission" + "_key")
    desk.write("spec.md")
    digest = documents.survey(desk.place).artifacts[0].content_hash
    if shape != "none":
        with sqlite3.connect(desk.queue.path) as db:
            db.execute(
                f"CREATE TABLE body_upload_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, project_uuid TEXT NOT NULL,"
                f" {slug} TEXT NOT NULL, target_branch TEXT NOT NULL, {kind} TEXT NOT NULL, manifest_version TEXT NOT"
                " NULL, artifact_path TEXT NOT NULL, content_hash TEXT NOT NULL, hash_algorithm TEXT NOT NULL DEFAULT"
                " 'sha256', content_body TEXT NOT NULL, size_bytes INTEGER NOT NULL, retry_count INTEGER NOT NULL"
                " DEFAULT 0, next_attempt_at REAL NOT NULL DEFAULT 0.0, created_at REAL NOT NULL, last_error TEXT,"
                f" UNIQUE (project_uuid, {slug}, target_branch, {kind}, manifest_version, artifact_path,"
                " content_hash))"
            )
            db.execute("CREATE INDEX idx_body_queue_next_attempt ON body_upload_queue(next_attempt_at)")
            for number in range(25):
                db.execute(
                    "INSERT INTO body_upload_queue VALUES (NULL, ?, '012-demo', 'main', 'software-dev', '1', ?, ?,"
                    " 'sha256', ?, 7, 2, 0, 5.5, 'before')",
                    (PROJECT, f"research/{number}.md", digest, "# Text\n"),
                )
        db.close()
    for _ in range(2):  # opening it again changes nothing
        stats = desk.queue.get_stats()
        assert stats.total_count == (0 if shape == "none" else 25)
        assert shape == "none" or (stats.oldest_created_at, stats.retry_histogram) == (5.5, {2: 25})
    assert desk.sent().counts == ({} if shape == "none" else {"uploaded": 25})


def test_documents_are_read_at_the_targets_tip_where_it_is_not_checked_out(project: Project, world: World) -> None:
    slug = project.planned()
    (project.folder(slug) / "contracts").mkdir()
    (project.folder(slug) / "contracts" / "api.json").write_text("{}")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "Documents")
    here = documents.survey(Mission(project, slug).place)
    project.git("switch", "-q", "-c", "elsewhere")
    there = documents.survey(Mission(project, slug).place)
    assert there.place.folder is None
    assert there.hashes == here.hashes
    assert "evidence.contract.api.json" in there.hashes


def test_documents_follow_their_events(world: World) -> None:
    project = world.project
    project.run("sync", "server", world.server.url, "--enable").ok()
    world.log_in()
    slug = project.planned()
    project.run("sync", "now").ok()
    bodies, batch = world.server.part(Bodies), world.server.part(Batch)
    assert list(bodies.texts()) == ["plan.md", "spec.md", "tasks.md", "tasks/WP01-work.md"]
    assert batch.types()[0] == "MissionCreated"
    paths = [request.path for request in world.server.requests if request.method == "POST"]
    assert paths == sorted(paths, key=[BATCH, BODIES].index)
    (project.folder(slug) / "spec.md").write_text("# Other\n")
    project.run("sync", "now").ok()
    assert bodies.texts()["spec.md"][1:] == ["# Other\n"]
    assert len(bodies.stored) == 5
    (project.folder(slug) / "plan.md").write_text("x" * 524_289)
    (warning,) = project.run("sync", "now", "--json").ok().json()["warnings"]
    assert warning["code"] == "DOCUMENT_NOT_SENT"
    assert warning["message"].startswith(f"{slug}/plan.md is not uploaded: oversized")
    sent = len(world.server.requests)
    project.run("sync", "now").ok()
    assert world.server.requests[sent:] == []
