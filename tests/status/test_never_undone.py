"""Any sequence of moves in two clones, whatever the clocks, the copies in the trees and the crashes do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from specify_cli.kernel import clock
from specify_cli.kernel.errors import Conflict
from specify_cli.kernel.ids import new_id
from specify_cli.status import lines, store
from specify_cli.status.emit import TransitionError, writing
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import MoveOptions
from specify_cli.status.reading import Status, read_status
from specify_cli.status.reducer import Fold, reduce
from tests.support import soak
from tests.support.git import Repo, make_repo
from tests.support.status import REVIEW, chain, emit, place_in

HERE, THERE = 0, 1
sides = st.sampled_from([HERE, THERE])
packages = st.sampled_from(["WP01", "WP02"])
SATISFIED: MoveOptions = {
    "workspace_context": "here", "subtasks_complete": True, "implementation_evidence_present": True,
    "review_result": REVIEW, "review_ref": "REF-1", "reason": "because",
}  # fmt: skip
_numbers = count(1)


class TwoClones(RuleBasedStateMachine):
    """Two clones of one mission. What a side was told is kept; after every step it must still hold there."""

    roots: tuple[Path, Path]

    def __init__(self) -> None:
        super().__init__()
        slug, mission_id = f"{next(_numbers):03d}-x", new_id()
        self.places = [place_in(root, mission_id=mission_id, slug=slug) for root in self.roots]
        self.clocks = [datetime(2026, 11, 20, 12, tzinfo=UTC)] * 2
        self.told: tuple[list[str], list[str]] = ([], [])
        self.alone: list[dict[str, Lane]] = [{}, {}]  # where each side left what nobody else has moved

    def copy(self, side: int) -> Path:
        """The published copy of a side."""
        return self.places[side].feature_dir / store.EVENTS_FILENAME

    def kept(self, side: int, event: StatusEvent) -> None:
        """A move was acknowledged: it is the last of all, and the work package is where it says."""
        self.told[side].append(event.event_id)
        self.alone[side][event.wp_id] = event.to_lane
        status = read_status(self.places[side])
        assert status.events[-1] == event
        assert status.snapshot.lane_of(event.wp_id) is event.to_lane

    @rule(side=sides, wp_id=packages, to=st.sampled_from(list(Lane)), force=st.booleans(), actor=st.sampled_from("ab"))
    def move(self, side: int, wp_id: str, to: Lane, force: bool, actor: str) -> None:
        """Move a work package, or be refused."""
        before = len(read_status(self.places[side]).events)
        options: MoveOptions = {**SATISFIED, "force": force}
        with clock.use(lambda: self.clocks[side]):
            try:
                event = emit(self.places[side], wp_id, to, actor=actor, **options)
            except (TransitionError, Conflict):
                assert len(read_status(self.places[side]).events) == before
                return
        self.kept(side, event)

    @rule(side=sides, wp_id=packages)
    def forward(self, side: int, wp_id: str) -> None:
        """Make the next move that needs no force, by whoever holds the work package."""
        status = read_status(self.places[side])
        way = [Lane.PLANNED, Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED]
        lane = status.snapshot.lane_of(wp_id)
        holder = status.holders().get(wp_id)
        if lane in way:
            target = (*way, Lane.PLANNED)[way.index(lane) + 1]
            with clock.use(lambda: self.clocks[side]):
                event = emit(
                    self.places[side], wp_id, target,
                    actor=holder.actor if holder else "a", **SATISFIED,
                )  # fmt: skip
            self.kept(side, event)

    @rule(side=sides, wp_id=packages)
    def introduce(self, side: int, wp_id: str) -> None:
        """Introduce a work package, as finalize-tasks does in each clone."""
        with clock.use(lambda: self.clocks[side]), writing(self.places[side]) as writer:
            event = writer.bootstrap(wp_id)
        if event is not None:
            self.kept(side, event)

    @rule(side=sides, seconds=st.integers(-40 * 86400, 40 * 86400) | st.sampled_from([-1, 1]))
    def step(self, side: int, seconds: int) -> None:
        """A clock is set, forward or back."""
        self.clocks[side] += timedelta(seconds=seconds)

    @rule(side=sides)
    def publish(self, side: int) -> None:
        """A milestone."""
        store.publish(store.status_log(self.places[side]))
        assert read_status(self.places[side]).unpublished == 0

    @rule(side=sides, keep=st.integers(0, 20))
    def reset(self, side: int, keep: int) -> None:
        """The copy goes back to an older one, or goes away."""
        path = self.copy(side)
        if path.exists():
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:keep]))
            if keep == 0:
                path.unlink()

    @rule(side=sides)
    def pull(self, side: int) -> None:
        """Lines of the other's copy come in, as git's union does it."""
        mine, theirs = (self._lines(each) for each in (side, 1 - side))
        news = [line for line in theirs if line not in mine]
        if news:
            self.copy(side).write_bytes(b"".join([*mine, *news]))
            self.alone[side].clear()

    @rule(side=sides, cut=st.integers(1, 30))
    def crash(self, side: int, cut: int) -> None:
        """A writer died in mid-write."""
        place = self.places[side]
        if place.journal.exists():
            with place.journal.open("ab") as sink:
                sink.write(b'{"actor": "a", "at": "2026-11-20T12:00:00.000000+00:00"'[:cut])

    def _lines(self, side: int) -> list[bytes]:
        path = self.copy(side)
        return path.read_bytes().splitlines(keepends=True) if path.exists() else []

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each side has all that it was told, in that order, and the snapshot is the fold in any order."""
        for side in (HERE, THERE):
            status = read_status(self.places[side])
            assert {problem.code for problem in status.problems} <= {"TORN_TAIL"}
            told = set(self.told[side])
            assert [event.event_id for event in status.events if event.event_id in told] == self.told[side]
            assert reduce(reversed(status.events)).work_packages == status.snapshot.work_packages
            self._nothing_is_undone(side, status)

    def _nothing_is_undone(self, side: int, status: Status) -> None:
        """Without the other's moves all is where it was left; with them, what does not count is a lost claim."""
        for wp_id, lane in self.alone[side].items():
            assert status.snapshot.lane_of(wp_id) is lane
        fold = Fold()
        lost: dict[str, int] = {}
        for event in status.events:
            applied = fold.apply(event)
            if applied and event.force and not event.is_bootstrap:
                lost.pop(event.wp_id, None)
            elif not applied and not event.is_bootstrap:
                lost[event.wp_id] = lost.get(event.wp_id, 0) + 1
        shown: dict[str, int] = {}
        for claim in status.snapshot.lost_claims:
            shown[claim.wp_id] = shown.get(claim.wp_id, 0) + claim.moves
        assert shown == lost


def test_a_move_keeps_what_it_builds_on_although_the_copy_goes_back(git: Repo) -> None:
    """A teammate's events came with a commit; a review began on top of them, and then the commit was reset away."""
    place = place_in(git.path)
    copy = place.feature_dir / store.EVENTS_FILENAME
    theirs = chain("planned", "claimed", "in_progress", "for_review", actor="bob")
    others = chain("planned", "claimed", wp_id="WP02", actor="bob", start=9)
    copy.write_bytes(lines.encode(event.to_dict() for event in (*theirs, *others)))
    review = emit(place, "WP01", "in_review", actor="ada")
    assert len(store.read(store.status_log(place)).unpublished) == 1
    copy.unlink()
    status = read_status(place)
    assert status.events == [*theirs, review]
    assert (status.snapshot.lane_of("WP01"), status.snapshot.lost_claims) == (Lane.IN_REVIEW, ())
    emit(place, "WP01", "approved", actor="ada", review_result=REVIEW)
    assert len(place.journal.read_bytes().splitlines()) == 5


@pytest.fixture
def machine(tmp_path: Path) -> type[TwoClones]:
    class Machine(TwoClones):
        roots = (make_repo(tmp_path / "here").path, make_repo(tmp_path / "there").path)

    return Machine


@pytest.mark.soak
def test_no_acknowledged_move_is_undone(machine: type[TwoClones]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=soak.times(200),
            stateful_step_count=60 if soak.FULL else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
