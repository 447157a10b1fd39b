"""Two clones that both worked: their published logs meet by a local merge or rebase and give one snapshot."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from specify_cli.status.models import Lane
from specify_cli.status.store import EVENTS_FILENAME
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task


@dataclass(frozen=True, slots=True)
class Clone:
    """One clone, and who works in it."""

    mission: Mission
    actor: str

    @property
    def git(self) -> Repo:
        """Git in it."""
        return self.mission.project.git

    @property
    def log(self) -> Path:
        """Its published status log."""
        return self.mission.folder / EVENTS_FILENAME

    def run(self, *words: str) -> Result:
        """Run a command about the mission."""
        return self.mission.project.run(*words, "--mission", self.mission.slug, "--json")

    def emit(self, wp_id: str, lane: str, *more: str) -> str:
        """Record a move; its event's id."""
        done = self.run("agent", "status", "emit", wp_id, "--to", lane, "--actor", self.actor, *more).ok().json()
        return str(done["event_id"])

    def push(self) -> None:
        """Publish and push."""
        self.run("materialize").ok()
        self.git("push", "-q")

    def pull(self, how: str) -> None:
        """Publish, and take what the other pushed: `merge` or `rebase`."""
        self.run("materialize").ok()
        self.git("pull", "-q", "--no-edit", "--no-rebase" if how == "merge" else "--rebase")
        assert self.git.status() == ""

    def board(self) -> dict[str, Any]:
        """What `status --json` says."""
        return self.run("status").ok().json()

    def findings(self) -> list[dict[str, Any]]:
        """What `agent status validate` finds, with the exit code that belongs to it."""
        checked = self.run("agent", "status", "validate")
        found: list[dict[str, Any]] = checked.json()["findings"]
        assert checked.code == int(any(each["severity"] == "error" for each in found))
        return [each for each in found if each["code"] != "UNPUBLISHED"]


@pytest.fixture
def clones(project: Project, tmp_path: Path) -> tuple[Clone, Clone]:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"), Task("WP03"))
    origin, folder = tmp_path / "origin.git", tmp_path / "clone"
    project.git("clone", "-q", "--bare", str(project.path), str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.git("fetch", "-q")
    project.git("branch", "-q", "-u", "origin/main", "main")
    project.git("clone", "-q", str(origin), str(folder))
    return Clone(mission, "ada"), Clone(Mission(Project(folder, Repo(folder)), mission.slug), "bob")


def _both_work(ada: Clone, bob: Clone) -> tuple[list[str], list[str]]:
    """Both claim WP01; each has a work package of its own too. What each was told, in order."""
    mine = [ada.emit("WP01", "claimed"), ada.emit("WP02", "claimed")]
    theirs = [
        bob.emit("WP01", "claimed"),
        bob.emit("WP01", "in_progress", "--workspace-context", "here"),
        bob.emit("WP03", "claimed"),
    ]
    return mine, theirs


@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_both_sides_see_the_same_and_who_lost(clones: tuple[Clone, Clone], how: str) -> None:
    ada, bob = clones
    mine, theirs = _both_work(ada, bob)
    ada.push()
    bob.pull(how)
    bob.push()
    ada.pull(how)

    assert ada.mission.status.snapshot == bob.mission.status.snapshot
    for clone in clones:
        ids = {event.event_id for event in clone.mission.status.events}
        assert {*mine, *theirs} <= ids
        board = clone.board()
        lanes = {row["id"]: (row["lane"], row["agent"]) for row in board["work_packages"]}
        assert lanes == {"WP01": ("claimed", "ada"), "WP02": ("claimed", "ada"), "WP03": ("claimed", "bob")}
        (lost,) = board["lost_claims"]
        assert (lost["actor"], lost["winner_actor"], lost["moves"]) == ("bob", "ada", 2)
        (finding,) = clone.findings()
        assert (finding["code"], finding["severity"], finding["fix"]) == ("LOST_CLAIM", "warning", lost["fix"])
        for text in (
            clone.mission.project.run("status", "--mission", clone.mission.slug).ok().out,
            clone.mission.project.run("agent", "status", "validate", "--mission", clone.mission.slug).ok().out,
        ):
            assert "ada" in text
            assert "bob" in text
            assert lost["fix"] in " ".join(text.split())


def test_a_lost_claim_is_settled_by_the_command_it_names(clones: tuple[Clone, Clone]) -> None:
    ada, bob = clones
    _both_work(ada, bob)
    ada.push()
    bob.pull("merge")
    (lost,) = bob.board()["lost_claims"]
    program, *words = shlex.split(lost["fix"])
    assert program == "spec-kitty"
    bob.run(*words, "--agent", "bob").ok()
    bob.push()
    ada.pull("rebase")
    for clone in clones:
        assert clone.board()["lost_claims"] == []
        assert clone.findings() == []
        # Settled in favour of what stood: it is still hers.
        assert clone.mission.status.holders()["WP01"].actor == "ada"
        assert clone.mission.lane("WP01") is Lane.CLAIMED
    ada.emit("WP01", "in_progress", "--workspace-context", "here")
    assert ada.mission.status.snapshot.lost_claims == ()


def test_order_and_identical_duplicates_are_no_findings(clones: tuple[Clone, Clone]) -> None:
    ada, _ = clones
    _both_work(*clones)
    ada.push()
    before = ada.mission.status.snapshot
    raw = ada.log.read_text(encoding="utf-8").splitlines(keepends=True)
    ada.log.write_text("".join([*raw[::-1], *raw]), encoding="utf-8")
    assert ada.findings() == []
    assert ada.mission.status.snapshot == before


@pytest.mark.parametrize("where", ["copy", "journal"])
def test_one_id_with_two_contents_is_an_error_that_names_file_and_line(clones: tuple[Clone, Clone], where: str) -> None:
    ada, _ = clones
    event_id = ada.emit("WP01", "claimed")
    ada.push()
    path = ada.log if where == "copy" else ada.mission.place.journal
    entry = next(entry for entry in map(json.loads, path.read_text().splitlines()) if entry["event_id"] == event_id)
    with path.open("a", encoding="utf-8") as sink:
        sink.write(json.dumps(entry | {"actor": "mallory"}) + "\n")
    (finding,) = ada.findings()
    assert (finding["code"], finding["severity"]) == ("EVENT_ID_CONFLICT", "error")
    assert finding["file"] in (str(ada.log), str(ada.mission.place.journal))
    assert finding["line"] > 1
    assert finding["fix"]
    # What somebody's commit says does not count against what was acknowledged here.
    assert where == "journal" or ada.mission.status.holders()["WP01"].actor == "ada"


def test_a_merge_made_by_a_host_that_ignores_the_union_is_named_and_mended(clones: tuple[Clone, Clone]) -> None:
    ada, bob = clones
    mine, theirs = _both_work(ada, bob)
    ada.push()
    bob.run("materialize").ok()
    bob.git("fetch", "-q")
    attributes = bob.git("rev-parse", "--git-path", "info/attributes")
    bob.git.write(attributes, "*.jsonl merge=text\n")
    bob.git("merge", "-q", "origin/main", check=False)
    bob.git.commit("merged with markers left in it")
    assert "<<<<<<<" in bob.log.read_text()
    assert {each["code"] for each in bob.findings()} == {"CONFLICT_MARKER", "LOST_CLAIM"}
    assert {*mine, *theirs} <= {event.event_id for event in bob.mission.status.events}
    bob.run("doctor", "log", "--fix")
    assert {each["code"] for each in bob.findings()} == {"LOST_CLAIM"}
    assert {*mine, *theirs} <= {event.event_id for event in bob.mission.status.events}
