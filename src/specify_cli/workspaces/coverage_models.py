"""What of a mission was reviewed, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specify_cli.kernel.values import frozen
from specify_cli.status.approvals import ReviewRecord
from specify_cli.status.models import Lane


@frozen
class Uncovered:
    """A commit that no review covers.

    Args:
        lane_id: the lane that it comes with; None for the mission branch.
        review: the work package whose review can take it in; None where none can.
        after: the approved or canceled work package that it comes after, where there is one.
        before: the work package that began above it, where one did.
        why: in words, completing «<commit> is …».
    """

    commit: str
    subject: str
    author: str
    lane_id: str | None
    review: str | None
    after: str | None
    before: str | None
    why: str

    def to_dict(self) -> dict[str, str | None]:
        """The shape in JSON answers and receipts."""
        return {
            "commit": self.commit,
            "subject": self.subject,
            "author": self.author,
            "lane_id": self.lane_id,
            "review": self.review,
            "after": self.after,
            "before": self.before,
            "why": self.why,
        }


@frozen
class Coverage:
    """What of a mission was reviewed.

    Args:
        records: work package -> where it stands with its review.
        uncovered: commits that a merge would bring in and no review covers.
        arrived: the same of lanes that the host of a pull request has merged already.
        worktree: a lane's worktree, into which commits of the mission branch can be merged to be reviewed there.
    """

    records: Mapping[str, ReviewRecord] = field(default_factory=dict)
    uncovered: tuple[Uncovered, ...] = ()
    arrived: tuple[Uncovered, ...] = ()
    worktree: str | None = None

    @property
    def forced(self) -> tuple[str, ...]:
        """Work packages that were approved by force."""
        listed = self.records.values()
        return tuple(
            each.wp_id for each in listed if each.approval and each.approval.forced and each.lane is not Lane.CANCELED
        )

    @property
    def heads(self) -> dict[str, str]:
        """Work package -> the reviewed commit, of those whose approval counts."""
        return {wp_id: head for wp_id, record in self.records.items() if (head := record.covers) is not None}
