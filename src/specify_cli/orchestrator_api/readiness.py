"""Which work packages can be started now, by the rules of a claim. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

from specify_cli.conditions.claim_facts import claim_facts
from specify_cli.conditions.claim_rules import to_claim
from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.lanes.persistence import require_lanes
from specify_cli.moves.questions import answered, own_events, question_of
from specify_cli.orchestrator_api.missions import Data, identity, opened
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status


def list_ready(mission: str) -> Data:
    """The work packages that `start-implementation` would accept now from anybody.

    Raises:
        Refused: `LANES_MISSING`: there is a plan, and it is not final yet.
    """
    with opened(mission) as context:
        ready = _ready(context.place, read_status(context.place))
        return identity(context.place) | {
            "read_from": context.place.source.to_dict(),
            "ready_work_packages": [
                {"wp_id": package.id, "lane": Lane.PLANNED.value, "dependencies_satisfied": True} for package in ready
            ],
        }


def _ready(place: MissionPlace, status: Status) -> Iterator[WorkPackage]:
    packages = load_work_packages(place)
    manifest = require_lanes(place) if packages else None
    lanes = {package.id: status.snapshot.lane_of(package.id) for package in packages}
    held, answers = status.holders(), answered(status.mission_events)
    told = own_events(status.events)
    for package in packages:
        if lanes[package.id] is Lane.PLANNED and not package.problems:
            question = question_of(package, lanes, told.get(package.id, []), answers)
            facts = claim_facts(place, package, manifest, status.snapshot, held, known=lanes, question=question)
            if not to_claim(facts):
                yield package
