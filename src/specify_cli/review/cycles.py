"""Review feedback: stored, numbered, immutable, and first in the next implement prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.values import frozen
from specify_cli.review.findings import Finding, judged, points
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent

_CYCLE = re.compile(r"review-cycle-([0-9]+)\.md")


@frozen
class Feedback:
    """What a reviewer asked to be changed.

    Args:
        cycle: 1 for the first rejection of the work package.
        file: where its text stands below the mission folder.
        reference: `feedback://…`, as events name it.
        text: all of it.
        reviewer: who wrote it.
        findings: what it adds, point by point.
        still: ids of earlier findings that stay open.
    """

    wp_id: str
    cycle: int
    file: str
    reference: str
    text: str
    reviewer: str
    findings: tuple[Finding, ...] = ()
    still: tuple[str, ...] = ()

    def to_data(self) -> dict[str, object]:
        """The data of its `review_finding` event."""
        return {
            "cycle": self.cycle,
            "file": self.file,
            "reference": self.reference,
            "reviewer": self.reviewer,
            "text": self.text,
            "findings": [each.to_data() for each in self.findings],
            "open": list(self.still),
        }


def feedback_of(events: Sequence[MissionEvent], wp_id: str) -> list[Feedback]:
    """All feedback on a work package, oldest first."""
    found: list[Feedback] = []
    for event in events:
        if event.type != "review_finding" or event.wp_id != wp_id:
            continue
        data = event.data
        cycle = data.get("cycle")
        found.append(
            Feedback(
                wp_id,
                cycle if isinstance(cycle, int) else len(found) + 1,
                str(data.get("file", "")),
                str(data.get("reference", "")),
                str(data.get("text", "")),
                str(data.get("reviewer") or event.actor),
            )
        )
    return found


def next_feedback(
    place: MissionPlace,
    package: WorkPackage,
    facts: Sequence[MissionEvent],
    known: Sequence[Finding],
    text: str,
    reviewer: str,
) -> Feedback:
    """The next review cycle of a work package, not yet recorded; a number whose file exists is not given again.

    Args:
        facts: the mission log.
        known: the findings on the work package so far.
    """
    folder = f"tasks/{package.stem}"
    kept = [int(match[1]) for name in place.names(folder) if (match := _CYCLE.fullmatch(name))]
    cycle = max([*kept, *(each.cycle for each in feedback_of(facts, package.id))], default=0) + 1
    new, still = judged(known, points(text), text, cycle)
    return Feedback(
        package.id,
        cycle,
        f"{folder}/review-cycle-{cycle}.md",
        f"feedback://{place.slug}/{package.id}/review-cycle-{cycle}.md",
        text if text.endswith("\n") else text + "\n",
        reviewer,
        tuple(new),
        tuple(still),
    )


def rejected_head(events: Sequence[StatusEvent], wp_id: str) -> str | None:
    """The commit that the last rejection was about, or None: what came after it is what a new review looks at first."""
    head: str | None = None
    rejected: str | None = None
    for event in events:
        if event.wp_id != wp_id:
            continue
        if event.to_lane is Lane.FOR_REVIEW and event.workspace is not None:
            found = event.workspace.get("head")
            head = found if isinstance(found, str) else None
        elif event.from_lane in (Lane.IN_REVIEW, Lane.APPROVED) and event.to_lane in (Lane.PLANNED, Lane.IN_PROGRESS):
            rejected = head
    return rejected


def rejections(events: Sequence[StatusEvent], wp_id: str) -> int:
    """How often a verdict sent a work package back; a forced move is none."""
    return sum(
        1
        for event in events
        if event.wp_id == wp_id
        and not event.force
        and event.from_lane in (Lane.IN_REVIEW, Lane.APPROVED)
        and event.to_lane in (Lane.PLANNED, Lane.IN_PROGRESS)
    )
