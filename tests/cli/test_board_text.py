"""The board as people see it: in any width, without colour, in ASCII."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from specify_cli.cli.board import Board, read_board
from specify_cli.cli.board_text import board_text
from specify_cli.cli.text import encodable, paint, width
from specify_cli.cli.times import short
from specify_cli.kernel import clock
from specify_cli.status.models import Lane
from specify_cli.workspaces import leases
from tests.support.loop import Agent, later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.status import moved

LONG = "A title that says a great deal more than fits into any of the columns of a terminal"


@pytest.fixture
def mission(project: Project) -> Mission:
    """One work package of each kind: at work, quiet, elsewhere, planned; one in the planning lane."""
    mission = finalized_mission(
        project,
        Task("WP01"),
        Task("WP02"),
        Task("WP03"),
        Task("WP04", owns=("docs/**",), mode="planning_artifact"),
        Task("WP05", needs=("WP01", "WP02")),
    )
    for prompt in (mission.folder / "tasks").glob("*.md"):
        prompt.write_text(re.sub("title: .*", f"title: {LONG}", prompt.read_text()), encoding="utf-8")
    return mission


@pytest.fixture
def busy(mission: Mission) -> Iterator[Mission]:
    """WP01 has gone quiet, WP02 is at work, WP03 is reviewed in another clone."""
    Agent(mission, "an-agent-with-a-very-long-name", "c1").next()
    mission.walk("WP03", Lane.IN_REVIEW, actor="gemini")
    with later(20):
        mission.claim("WP02", actor="claude")
        yield mission


def board(mission: Mission) -> Board:
    return read_board(mission.context)


def plain(text: str) -> str:
    return paint(text, colour=False)


@pytest.mark.parametrize("columns", [40, 48, 60, 72, 80, 100, 110])
def test_it_fits_whatever_the_width(busy: Mission, columns: int) -> None:
    lines = plain(board_text(board(busy), columns)).splitlines()
    copied = ("    spec-kitty ", "  Next: ")
    assert [line for line in lines if width(line) > columns and not line.startswith(copied)] == []
    for wp_id in ("WP01", "WP02", "WP03", "WP04", "WP05"):
        assert any(line.split()[:1] == [wp_id] for line in lines)


def test_it_names_sessions_and_who_built_and_reviewed(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"), Task("WP03"))
    agent = Agent(mission, session="3f2a91bc-77aa-4f10-9d11-000000000000")
    agent.submit("WP01")
    Agent(mission, "codex", "c1").approve("WP01")
    agent.next()
    told = plain(board_text(board(mission), 80))
    assert re.search(r"WP01 +approved +.* lane-a +claude, reviewed codex$", told, re.MULTILINE)
    assert re.search(r"WP02 +in_progress +.* lane-b +claude/3f2a91 active since \d\d:\d\d$", told, re.MULTILINE)
    row = board(mission).rows[0]
    assert row["implementer"] == {"actor": "claude", "session": agent.session}
    assert (row["reviewer"], row["marks"], row["no_change"]) == ({"actor": "codex", "session": "c1"}, [], None)
    assert (board(mission).rows[2]["implementer"], board(mission).rows[2]["reviewer"]) == (None, None)


def test_what_was_forced_or_reviewed_by_its_builder_is_marked(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    mission.walk("WP01", Lane.APPROVED)
    mission.walk("WP02", Lane.IN_PROGRESS)
    mission.force("WP02", Lane.APPROVED)
    found = board(mission)
    assert [row["marks"] for row in found.rows] == [[], ["forced"]]
    assert "  Past a gate by force: WP02\n" in plain(board_text(found, 80))


def test_open_questions_stand_in_every_view(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    agent = Agent(mission)
    agent.next()
    agent.next(result="blocked", note="Which clock?")
    found = board(mission)
    assert [(each["wp_id"], each["question"]) for each in found.questions] == [
        ("WP01", "WP01 is blocked: Which clock? Resume it (an answer in words is passed on), or cancel it?")
    ]
    told = plain(board_text(found, 80))
    decision = found.questions[0]["decision_id"]
    assert "  Open question (WP01): WP01 is blocked: Which clock?" in told
    assert f"    spec-kitty next --mission {mission.slug} --decision-id {decision} --answer ANSWER\n" in told
    listed = project.run("mission", "list", "--json").ok().json()["missions"]
    assert [each["open_questions"] for each in listed] == [1]
    assert "1 open question, " in project.run("mission", "list").ok().out
    agent.next(answer="The wall clock", decision_id=str(decision))
    assert board(mission).questions == []


def test_a_clarification_left_in_a_document_is_an_open_question(project: Project) -> None:
    slug = project.create()
    spec = project.folder(slug) / "spec.md"
    spec.write_text("# Spec\n\n- **FR-001**: It rings. [NEEDS CLARIFICATION: how loud?]\n", encoding="utf-8")
    found = project.run("status", "--mission", slug, "--json").ok().json()["open_questions"]
    assert [(each["input_key"], each["question"]) for each in found] == [("spec.md.clarification", "how loud?")]
    assert project.run("mission", "info", "--mission", slug, "--json").ok().json()["open_questions"] == [
        {key: found[0][key] for key in ("decision_id", "input_key", "question", "options")}
    ]


def test_leases_say_active_or_quiet_and_since_when(busy: Mission) -> None:
    told = plain(board_text(board(busy), 110))
    rows = {line.split()[0]: line for line in told.splitlines() if line.startswith("  WP")}
    since = {row["id"]: str(row["since"]) for row in board(busy).rows}
    lease = leases.read_lease(busy.place, "WP01")
    assert lease is not None
    assert rows["WP01"].endswith(f"quiet since {short(lease.last_seen)}")
    assert rows["WP02"].endswith(f"claude active since {short(since['WP02'])}")
    assert rows["WP03"].endswith("gemini elsewhere")
    assert f"    spec-kitty doctor --reap WP01 --mission {busy.slug}" in told


def test_a_lease_of_who_lost_the_work_to_another_clone_says_nothing_of_who_has_it(mission: Mission) -> None:
    mission.walk("WP01", Lane.IN_PROGRESS, actor="gemini")
    leases.touch(mission.place, "WP01", "claude", None)
    (row,) = (row for row in board(mission).rows if row["id"] == "WP01")
    assert (row["agent"], row["lease"], row["stale"]) == ("gemini", None, False)
    assert "gemini elsewhere" in plain(board_text(board(mission), 110))


def test_where_there_is_little_room_the_least_is_left_out(busy: Mission) -> None:
    wide, middle, narrow = (plain(board_text(board(busy), columns)) for columns in (110, 72, 48))
    assert "  planning\n" in wide
    assert "  planning\n" not in middle
    assert "quiet since" in middle
    assert "quiet since" not in narrow
    assert "in_progress" in narrow
    assert "quiet" in narrow


def test_it_says_all_without_colour_and_in_ascii(busy: Mission) -> None:
    text = board_text(board(busy), 80)
    told = encodable(plain(text), "ascii")
    assert told.isascii()
    assert "\\u" not in told
    words = ("in_progress", "in_review", "planned", "active", "quiet", "% of 5 work packages", "software-dev -> main")
    assert [word for word in words if word not in told] == []


def test_forced_moves_and_lost_claims_are_shown_with_the_command_that_settles(mission: Mission) -> None:
    mission.force("WP01", Lane.BLOCKED)
    begun = next(each for each in mission.status.events if each.wp_id == "WP02")
    mission.walk("WP02", Lane.CLAIMED)
    elsewhere = moved(
        "planned", "claimed", wp_id="WP02", at=clock.stamp(), actor="codex", prev=begun.event_id,
        mission_id=mission.place.mission_id, mission_slug=mission.slug,
    )  # fmt: skip
    with (mission.folder / "status.events.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(elsewhere.to_dict()) + "\n")
    told = plain(board_text(board(mission), 80))
    assert "1 move forced" in told
    assert "Lost claim WP02: codex moved it planned -> claimed" in " ".join(told.split())
    fix = next(line for line in told.splitlines() if "move-task WP02" in line)
    assert fix.strip().endswith(f"--mission {mission.slug}")


@pytest.mark.parametrize("count", [1, 3, 5])
def test_what_is_wrong_with_a_log_is_told_in_a_few_lines_with_the_command(mission: Mission, count: int) -> None:
    with mission.place.journal.open("a", encoding="utf-8") as journal:
        journal.writelines(f"broken {number}\n" for number in range(count))
    told = plain(board_text(board(mission), 80)).splitlines()
    assert sum(line.startswith("  Log line ") for line in told) == min(count, 3)
    more = "and 2 more: " if count == 5 else ""
    assert f"    {more}spec-kitty doctor log --mission {mission.slug}" in told


def test_a_moment_is_as_short_as_it_can_be() -> None:
    with clock.use(lambda: clock.parse("2026-11-20T17:00:00+00:00")):
        assert re.fullmatch(r"\d\d:\d\d", short("2026-11-20T17:00:00.000001+00:00"))
        assert re.fullmatch(r"Nov 1\d \d\d:\d\d", short("2026-11-18T12:00:00+00:00"))
        assert re.fullmatch(r"2025-\d\d-\d\d", short("2025-06-01T12:00:00+00:00"))
        assert short("soon") == "soon"
