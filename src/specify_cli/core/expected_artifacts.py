"""What documents a mission of a type leaves behind: `expected-artifacts.yaml` beside its `mission.yaml`. Data only."""

from __future__ import annotations

import re
from functools import cache

from specify_cli.core.data_files import DataFile, Entry, nearest
from specify_cli.core.work_packages import MISSION
from specify_cli.home import MissionPlace
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.persistence import LANES
from specify_cli.mission_metadata import identity_of

FILE = "expected-artifacts.yaml"
DEFAULT_VERSION = "1"
CLASSES = ("input", "workflow", "output", "evidence", "policy", "runtime", "other")
_LISTS = ("required_always", "required_by_step", "optional_always")
_KEYS = ("schema_version", "mission_type", "manifest_version", *_LISTS)
_ARTIFACT_KEYS = ("artifact_key", "artifact_class", "path_pattern", "blocking")


@frozen
class ExpectedArtifact:
    """One entry of the manifest.

    Args:
        key: names it for other programs, `input.spec.main`.
        artifact_class: one of `CLASSES`.
        pattern: its path below the mission; `*` and `?` stay within a folder, `/*` at the end is all that lies below.
        blocking: whether its absence holds the mission up.
        required: whether it must be there once its step is done.
        step: the step that leaves it behind; None where it belongs to none.
    """

    key: str
    artifact_class: str
    pattern: str
    blocking: bool
    required: bool
    step: str | None = None

    def matches(self, path: str) -> bool:
        """Whether a file of the mission is this artifact."""
        return bool(_expression(self.pattern).fullmatch(path))

    def key_of(self, path: str) -> str:
        """The key of one file: a pattern that several files match tells them apart by what it leaves open."""
        fixed = self.pattern.partition("*")[0].partition("?")[0].rpartition("/")[0]
        return self.key if self.pattern == path else f"{self.key}.{path[len(fixed) :].lstrip('/')}"


@frozen
class ExpectedArtifacts:
    """The manifest of a mission type; empty where it has none."""

    mission_type: str
    version: str = DEFAULT_VERSION
    artifacts: tuple[ExpectedArtifact, ...] = ()

    @property
    def required(self) -> list[ExpectedArtifact]:
        """What must be there in the end, in the order of the steps."""
        return [each for each in self.artifacts if each.required]

    def of(self, path: str) -> ExpectedArtifact | None:
        """The entry that a file of the mission belongs to."""
        return next((each for each in self.artifacts if each.matches(path)), None)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    whole = pattern + "*" if pattern.endswith("/*") else pattern
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", whole)), re.DOTALL)


def artifacts_of(place: MissionPlace) -> ExpectedArtifacts:
    """The manifest of a mission: that of its type; of a tiny one `mission.md` stands for all that others write first.

    Raises:
        Refused: as `load_expected_artifacts`.
    """
    found = load_expected_artifacts(identity_of(place.meta, place.slug).mission_type, place.repo)
    if not place.is_tiny:
        return found
    own = ExpectedArtifact("input.mission.main", "input", MISSION, blocking=True, required=True)
    rest = (
        each if each.pattern == LANES else replace(each, blocking=False, required=False) for each in found.artifacts
    )
    return replace(found, artifacts=(own, *rest))


def load_expected_artifacts(mission_type: str, repo: Repository) -> ExpectedArtifacts:
    """The manifest that counts: of the project, of the user, or of this package.

    Raises:
        Refused: `MALFORMED_YAML`, `ARTIFACTS_INVALID`, or `SYMLINK_REFUSED`.
    """
    found = nearest(repo, mission_type, FILE)
    return parse_expected_artifacts(found[0], mission_type, str(found[1])) if found else ExpectedArtifacts(mission_type)


def parse_expected_artifacts(text: str, mission_type: str, where: str) -> ExpectedArtifacts:
    """The manifest that a file describes.

    Raises:
        Refused: `MALFORMED_YAML` or `ARTIFACTS_INVALID`, with the line.
    """
    root = DataFile(text, where, "ARTIFACTS_INVALID").root()
    root.only(_KEYS)
    steps = root.entry("required_by_step")
    lists = [
        (root.entries("required_always"), True, None),
        *((steps.entries(name), True, name) for name in steps.raw),
        (root.entries("optional_always"), False, None),
    ]
    found = [_artifact(entry, step, required=required) for entries, required, step in lists for entry in entries]
    return ExpectedArtifacts(mission_type, str(root.raw.get("manifest_version") or DEFAULT_VERSION), tuple(found))


def _artifact(entry: Entry, step: str | None, *, required: bool) -> ExpectedArtifact:
    entry.only(_ARTIFACT_KEYS)
    key, kind = entry.word("artifact_key"), entry.one_of("artifact_class", CLASSES)
    pattern = entry.place("path_pattern")
    if pattern is None:
        raise entry.invalid(f"{key!r} has no path_pattern")
    return ExpectedArtifact(key, kind, pattern, entry.flag("blocking"), required, step)
