"""The evidence that a work package was reviewed, and a review's outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import as_dict, frozen


@frozen
class ReviewApproval:
    """Who approved, with which verdict, and where that is written down."""

    reviewer: str
    verdict: str
    reference: str

    to_dict = as_dict

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> ReviewApproval:
        """From the `review` object of evidence.

        Raises:
            Refused: `INVALID_EVIDENCE`, naming the key.
        """
        return cls(*_texts(data, "review", "reviewer", "verdict", "reference"))


@frozen
class ReviewResult:
    """The outcome of a review that leaves `in_review`."""

    reviewer: str
    verdict: str
    reference: str
    feedback_path: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> ReviewResult:
        """From JSON; raises as `ReviewApproval.from_dict`."""
        path = data.get("feedback_path")
        reviewer, verdict, reference = _texts(data, "review result", "reviewer", "verdict", "reference")
        return cls(reviewer, verdict, reference, path if isinstance(path, str) else None)

    def approval(self) -> ReviewApproval:
        """The part that evidence carries."""
        return ReviewApproval(self.reviewer, self.verdict, self.reference)


@frozen
class RepoEvidence:
    """A commit that holds the work."""

    repo: str
    branch: str
    commit: str
    files_touched: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> RepoEvidence:
        """From one entry of `repos`; raises as `ReviewApproval.from_dict`."""
        files = data.get("files_touched", [])
        touched = tuple(str(name) for name in files) if isinstance(files, list) else ()
        repo, branch, commit = _texts(data, "repos", "repo", "branch", "commit")
        return cls(repo, branch, commit, touched)

    def to_dict(self) -> dict[str, object]:
        """The JSON shape."""
        touched = list(self.files_touched)
        return {"repo": self.repo, "branch": self.branch, "commit": self.commit, "files_touched": touched}


@frozen
class VerificationResult:
    """A command that was run to check the work, and how it ended."""

    command: str
    result: str
    summary: str

    to_dict = as_dict

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> VerificationResult:
        """From one entry of `verification`; raises as `ReviewApproval.from_dict`."""
        return cls(*_texts(data, "verification", "command", "result", "summary"))


@frozen
class DoneEvidence:
    """Why a work package may be approved or done."""

    review: ReviewApproval
    repos: tuple[RepoEvidence, ...] = field(default=())
    verification: tuple[VerificationResult, ...] = field(default=())

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> DoneEvidence:
        """From the `evidence` object of a line or an option.

        Raises:
            Refused: `INVALID_EVIDENCE`, naming what is missing.
        """
        review = data.get("review")
        if not isinstance(review, dict):
            raise _invalid("evidence wants a review with reviewer, verdict and reference")
        return cls(
            ReviewApproval.from_dict(review),
            tuple(RepoEvidence.from_dict(entry) for entry in _entries(data, "repos")),
            tuple(VerificationResult.from_dict(entry) for entry in _entries(data, "verification")),
        )

    def to_dict(self) -> dict[str, object]:
        """The JSON shape, all three keys always there."""
        return {
            "review": self.review.to_dict(),
            "repos": [repo.to_dict() for repo in self.repos],
            "verification": [check.to_dict() for check in self.verification],
        }


def _invalid(message: str) -> Refused:
    example = '{"review": {"reviewer": "ada", "verdict": "approved", "reference": "REF"}}'
    return Refused(
        message,
        "INVALID_EVIDENCE",
        hint=spec_kitty("agent status emit", "WP01", "--to", "done", "--evidence-json", example),
    )


def _texts(data: Mapping[str, object], where: str, *keys: str) -> list[str]:
    found = [data.get(key) for key in keys]
    missing = [key for key, value in zip(keys, found, strict=True) if not isinstance(value, str) or not value.strip()]
    if missing:
        raise _invalid(f"{where} lacks {', '.join(missing)}")
    return [str(value) for value in found]


def _entries(data: Mapping[str, object], key: str) -> list[dict[str, object]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _invalid(f"{key} is not a list of objects")
    return value
