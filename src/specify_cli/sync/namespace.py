"""Where an artifact belongs on the server, and which files of a mission go there (contract 6.2, 6.3)."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath

from specify_cli.kernel.values import frozen
from specify_cli.sync.project_identity import ProjectIdentity

SUPPORTED_EXTENSIONS = frozenset({".md", ".json", ".yaml", ".yml", ".csv"})
MAX_BODY_BYTES = 524_288
_TOP_LEVEL = frozenset({"spec.md", "plan.md", "tasks.md", "research.md", "quickstart.md", "data-model.md"})
_FOLDERS = ("research/", "contracts/", "checklists/")
_PROMPT = re.compile(r"tasks/WP\d+[^/]*\.md")
_UNFIT = re.compile("[\x00-\x1f\x7f\\\\\ud800-\udfff]")


@frozen
class NamespaceRef:
    """The five fields that name a mission's documents on the server."""

    project_uuid: str
    mission_slug: str
    target_branch: str
    mission_type: str
    manifest_version: str

    @classmethod
    def from_context(
        cls, identity: ProjectIdentity, mission_slug: str, target_branch: str, mission_type: str, manifest_version: str
    ) -> NamespaceRef:
        """The namespace of a mission of a project."""
        return cls(identity.project_uuid, mission_slug, target_branch, mission_type, manifest_version)

    def to_dict(self) -> dict[str, str]:
        """The five fields as they go over the wire."""
        return {
            "project_uuid": self.project_uuid,
            "mission_slug": self.mission_slug,
            "target_branch": self.target_branch,
            "mission_type": self.mission_type,
            "manifest_version": self.manifest_version,
        }


class UploadStatus(StrEnum):
    """What became of an artifact."""

    UPLOADED = "uploaded"
    ALREADY_EXISTS = "already_exists"
    QUEUED = "queued"
    SKIPPED = "skipped"
    FAILED = "failed"


@frozen
class UploadOutcome:
    """What became of one artifact, and why."""

    artifact_path: str
    status: UploadStatus
    reason: str
    content_hash: str | None = None
    retryable: bool = False


def is_fit_path(path: str) -> bool:
    """Whether a path can be named on the server: inside the mission, and without characters that deceive."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and not _UNFIT.search(path)


def reason_to_skip(path: str) -> str | None:
    """Why a file of a mission is not for upload, going by its name; None where it is."""
    extension = PurePosixPath(path).suffix.lower()
    if not is_fit_path(path) or not (path in _TOP_LEVEL or path.startswith(_FOLDERS) or _PROMPT.fullmatch(path)):
        return "unsupported_surface"
    return None if extension in SUPPORTED_EXTENSIONS else f"unsupported_format:{extension}"
