"""What `spec-kitty analyze` looks at, read from a mission's documents and its log."""

from __future__ import annotations

from specify_cli.core.analysis import Analysis, Subject, analyse
from specify_cli.core.finalize import read_documents
from specify_cli.core.finalize_plan import Mission, decide_plan, work_of
from specify_cli.core.mission_sizes import RESEARCH, mission_type_of
from specify_cli.core.plan_documents import TASKS
from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import Refused
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.reading import read_status


def analysis_of(place: MissionPlace) -> Analysis:
    """Hold the documents of a mission against each other. Nothing is written.

    Raises:
        Refused: `MALFORMED_YAML`, or a log that cannot be read.
    """
    documents, status = read_documents(place), read_status(place)
    try:
        before = read_lanes(place)
    except Refused:  # finalize-tasks writes it anew, `doctor` tells of it
        before = None
    work = work_of(status.snapshot, status.events, before)
    planned = bool(documents.titles or documents.gathered.texts)
    mission = Mission(place.slug, place.mission_id, place.target_branch)
    wanted = mission_type_of(place).documents
    found = place.read_many([*dict.fromkeys((*wanted, *RESEARCH, "quickstart.md"))])
    texts = {name: text for name, text in found.items() if text and text.strip()}
    given_up = {package.file for package in documents.gathered.packages if package.id in work.canceled}
    prompts = {name: text for name, text in documents.gathered.texts.items() if name not in given_up}
    given = TASKS if documents.manifest is not None else ""
    return analyse(
        Subject(
            place.slug,
            documents,
            decide_plan(documents, work, before, mission) if planned or documents.manifest else None,
            texts | prompts,
            tuple(name for name in wanted if name not in texts and name != given),
            work.canceled,
        )
    )
