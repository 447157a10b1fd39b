"""What of a mission was reviewed, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import some
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
class Outdated:
    """Approved work in lane-planning whose files are no longer those that were approved.

    Args:
        paths: the files; none where it cannot be told which.
        why: in words, completing «WP01 …».
        edited: whether the difference is in the working tree, and in no commit.
    """

    wp_id: str
    paths: tuple[str, ...]
    why: str
    edited: bool = False


@frozen
class Coverage:
    """What of a mission was reviewed.

    Args:
        records: work package -> where it stands with its review.
        uncovered: commits that a merge would bring in and no review covers.
        arrived: the same of lanes that the host of a pull request has merged already.
        outdated: approved work in lane-planning that was edited since.
        others: commits of others that changed files of approved work in lane-planning.
        lost: (work package, lane, approved head) where the lane no longer holds it.
        home: the checkout in which that work is.
        worktree: a lane's worktree, into which commits of the mission branch can be merged to be reviewed there.
    """

    records: Mapping[str, ReviewRecord] = field(default_factory=dict)
    uncovered: tuple[Uncovered, ...] = ()
    arrived: tuple[Uncovered, ...] = ()
    worktree: str | None = None
    outdated: tuple[Outdated, ...] = ()
    others: tuple[Uncovered, ...] = ()
    home: str | None = None
    lost: tuple[tuple[str, str, str], ...] = ()

    def reviewed(self) -> list[dict[str, object]]:
        """The reviewed commits, as JSON answers, the acceptance and the receipt show them."""
        return [
            {
                "wp_id": wp_id,
                "base": record.base,
                "head": record.covers,
                "by": record.approval.by,
                "forced": record.approval.forced,
            }
            for wp_id, record in sorted(self.records.items())
            if record.approval is not None and record.covers is not None
        ]

    def notices(self) -> tuple[Notice, ...]:
        """What a person should know of the reviews although it stops nothing.

        What a host has merged cannot be refused any more: it can only be said.
        """
        forced = (Notice("APPROVED_BY_FORCE", f"approved by force: {some(self.forced)}"),) if self.forced else ()
        lanes: dict[str, list[Uncovered]] = {}
        for each in self.arrived:
            lanes.setdefault(str(each.lane_id), []).append(each)
        arrived = (
            Notice(
                "MERGED_UNREVIEWED",
                f"{lane_id} was merged by another way, with commits that no review covers: "
                f"{some([f'{each.commit[:10]} ({each.subject})' for each in listed], 3)}",
            )
            for lane_id, listed in lanes.items()
        )
        others = (
            Notice(
                "OWNED_FILES_CHANGED",
                f"{each.commit[:10]} ({each.subject}, {each.author}) changed files of {each.after} after its approval",
            )
            for each in self.others
        )
        return (*forced, *arrived, *others)

    @property
    def forced(self) -> tuple[str, ...]:
        """Work packages that were approved by force."""
        listed = self.records.values()
        return tuple(
            each.wp_id for each in listed if each.approval and each.approval.forced and each.lane is not Lane.CANCELED
        )

    @property
    def no_change(self) -> dict[str, str]:
        """Work package -> why it changes nothing, of those that were handed over so."""
        listed = self.records.values()
        return {each.wp_id: each.no_change for each in listed if each.no_change and each.lane is not Lane.CANCELED}

    @property
    def heads(self) -> dict[str, str]:
        """Work package -> the reviewed commit, of those whose approval counts."""
        return {wp_id: head for wp_id, record in self.records.items() if (head := record.covers) is not None}
