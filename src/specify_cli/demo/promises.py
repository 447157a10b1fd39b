"""What the demo promises, held against what happened; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.demo.evidence import Event, Span, busiest_moment, lane_of, mappings, ordered
from specify_cli.demo.story import LANES_AT_ONCE, ON_PAPER, ORDERED, SENT_BACK, TEST_COMMAND
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID


@frozen
class Check:
    """Something the demo promises, and whether it was so."""

    name: str
    passed: bool
    detail: str

    def to_dict(self) -> dict[str, object]:
        """As it stands in the answer."""
        return {"name": self.name, "passed": self.passed, "detail": self.detail}


@frozen
class Facts:
    """All that the promises are held against.

    Args:
        lanes: lanes.json.
        events: the published status log.
        worked: who worked when.
        feedback: what the reviewer wrote who sent work back; empty where none did.
        second_prompt: the prompt of that work package's second attempt.
        tests: what ran at the acceptance.
        program: exit code of the merged program's tests, and the last line they printed.
        left: what `git status` says on the target branch after the merge.
    """

    lanes: Mapping[str, object]
    events: Sequence[Event]
    worked: Sequence[Span]
    feedback: str
    second_prompt: str
    tests: Sequence[Mapping[str, object]]
    program: tuple[int, str]
    left: str


def checks(facts: Facts) -> tuple[Check, ...]:
    """Every promise, kept or not."""
    lanes = lane_of(facts.lanes)
    done = {event.get("wp_id") for event in facts.events if event.get("to_lane") == "done"}
    code, said = facts.program
    return (
        _at_once(facts),
        _ordered(facts),
        Check(
            "planning_artifact",
            lanes.get(ON_PAPER) == PLANNING_LANE_ID,
            f"{ON_PAPER} was written on the target branch, in {lanes.get(ON_PAPER)}",
        ),
        Check(
            "feedback_in_second_prompt",
            bool(facts.feedback) and all(line in facts.second_prompt for line in facts.feedback.splitlines()),
            f"{SENT_BACK} was sent back once, and its second prompt holds the feedback",
        ),
        Check(
            "accepted_with_tests",
            bool(facts.tests) and all(test.get("exit_code") == 0 for test in facts.tests),
            f"accepted with {TEST_COMMAND} passing on the merge of all lanes",
        ),
        Check("merged", bool(lanes) and done == set(lanes), f"merged: {len(done)} of {len(lanes)} packages are done"),
        Check("program_works", code == 0, f"{TEST_COMMAND} on the target branch: {said}"),
        Check("clean", not facts.left, f"git status on the target branch: {facts.left or 'clean'}"),
    )


def _at_once(facts: Facts) -> Check:
    moment, lanes = busiest_moment(facts.worked)
    detail = f"{len(lanes)} lanes at work at {moment[11:23]}: {', '.join(lanes)}"
    return Check("lanes_at_once", len(lanes) >= LANES_AT_ONCE, detail)


def _ordered(facts: Facts) -> Check:
    before, after = ORDERED
    edges = [(edge.get("before"), edge.get("after")) for edge in mappings(facts.lanes.get("ordering_edges"))]
    held = ORDERED in edges and ordered(facts.worked, facts.events, before, after)
    return Check(
        "overlap_ordered", held, f"{before} and {after} write the same file: {after} began after {before} ended"
    )
