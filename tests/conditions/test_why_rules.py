from __future__ import annotations

from specify_cli.conditions import accept_rules, merge_rules
from specify_cli.conditions.why_rules import NEXT, met_of, of_mission, of_package
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.status.models import Lane
from specify_cli.status.transitions import MATRIX

OPEN = Unmet(
    "SUBTASKS_OPEN", "WP01: not ticked: T001", spec_kitty("agent tasks mark-status", "T001", "--status", "done"), "WP01"
)
NOT_ACCEPTED = Unmet("NOT_ACCEPTED", "mission 001-tea is not accepted", spec_kitty("accept", "--mission", "001-tea"))
BEHIND = Unmet("TARGET_BEHIND_REMOTE", "main lacks 2 commits", command("git", "pull"), "origin/main")
AWAY = Unmet("TARGET_NOT_CHECKED_OUT", "no checkout has main", command("git", "switch", "main"))


def mission(*to_merge: Unmet, accept: tuple[Unmet, ...] = (), forecast: bool = True) -> list[tuple[str, str]]:
    found = of_mission("001-tea", merged=False, to_accept=accept, to_merge=to_merge, forecast=forecast)
    return [(each.move, each.unmet.code) for each in found.unmet]


def test_every_next_move_of_a_work_package_is_one_of_the_matrix() -> None:
    begun = {(Lane.CLAIMED, Lane.FOR_REVIEW)}  # over in_progress, which the rules of for_review ask for
    assert set(NEXT.items()) - begun <= MATRIX.keys()
    assert set(Lane) - NEXT.keys() == {Lane.APPROVED, Lane.DONE, Lane.CANCELED}


def test_what_accept_wants_comes_before_what_only_merge_wants() -> None:
    assert mission(NOT_ACCEPTED, BEHIND, accept=(OPEN,)) == [
        ("accept", "SUBTASKS_OPEN"),
        ("merge", "NOT_ACCEPTED"),
        ("merge", "TARGET_BEHIND_REMOTE"),
    ]


def test_what_both_want_is_told_once() -> None:
    assert mission(OPEN, NOT_ACCEPTED, accept=(OPEN,)) == [("accept", "SUBTASKS_OPEN"), ("merge", "NOT_ACCEPTED")]


def test_what_stops_accept_before_all_else_comes_first() -> None:
    assert mission(NOT_ACCEPTED, AWAY, accept=(OPEN,))[0] == ("accept", "TARGET_NOT_CHECKED_OUT")


def test_an_accepted_mission_wants_what_merge_wants() -> None:
    assert mission(BEHIND, accept=(OPEN,)) == [("merge", "TARGET_BEHIND_REMOTE")]
    ready = of_mission("001-tea", merged=False, to_accept=(), to_merge=(), forecast=True)
    assert (ready.next_move, ready.next_step) == ("merge", "spec-kitty merge --mission 001-tea")
    assert ready.met is not None
    assert ready.met.keys() == merge_rules.WANTS.keys()


def test_a_merged_mission_wants_nothing() -> None:
    found = of_mission("001-tea", merged=True, to_accept=(), to_merge=(), forecast=False)
    assert (found.next_move, found.unmet) == (None, ())


def test_what_cannot_be_known_is_neither_met_nor_unmet() -> None:
    found = of_mission("001-tea", merged=False, to_accept=(OPEN,), to_merge=(NOT_ACCEPTED,), forecast=False)
    assert found.met is not None
    assert not {"MERGE_CONFLICT", "LANE_BRANCH_MISSING", "SUBTASKS_OPEN", "NOT_ACCEPTED"} & found.met.keys()
    assert "ARTIFACT_MISSING" in found.met
    assert met_of(accept_rules.WANTS, [OPEN], ["MERGE_CONFLICT"]).keys() == accept_rules.WANTS.keys() - {
        "SUBTASKS_OPEN",
        "MERGE_CONFLICT",
    }


def test_the_end_of_the_way_wants_nothing() -> None:
    done = of_package("001-tea", "WP01", Lane.DONE, [OPEN], {}, spec_kitty("status"))
    assert (done.next_move, done.unmet, done.next_step) == (None, (), "spec-kitty status")


def test_the_first_fix_is_the_next_step() -> None:
    found = of_package("001-tea", "WP01", Lane.IN_PROGRESS, [OPEN], {}, spec_kitty("next"))
    assert found.next_step == OPEN.fix
    assert found.to_dict()["unmet"] == [{**OPEN.to_dict(), "move": "for_review"}]
