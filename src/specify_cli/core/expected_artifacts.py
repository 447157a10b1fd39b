"""What documents a mission of a type leaves behind: `expected-artifacts.yaml` beside its `mission.yaml`. Data only."""

from __future__ import annotations

import re
from functools import cache

from specify_cli.core import project_resolver
from specify_cli.kernel import files, yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import SLUG_PATTERN
from specify_cli.kernel.values import frozen

FILE = "expected-artifacts.yaml"
DEFAULT_VERSION = "1"
CLASSES = ("input", "workflow", "output", "evidence", "policy", "runtime", "other")


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


def load_expected_artifacts(mission_type: str, repo: Repository) -> ExpectedArtifacts:
    """The manifest that counts: of the project, of the user, or of this package.

    Raises:
        Refused: `MALFORMED_YAML`, `ARTIFACTS_INVALID`, or `SYMLINK_REFUSED`.
    """
    folders = project_resolver.type_folders(repo, mission_type) if SLUG_PATTERN.match(mission_type) else []
    for folder in folders:
        text = files.read_text(folder.path / FILE)
        if text is not None:
            project_resolver.check_inside(repo, folder.path / FILE, folder.tier)
            return parse_expected_artifacts(text, mission_type, str(folder.path / FILE))
    return ExpectedArtifacts(mission_type)


def parse_expected_artifacts(text: str, mission_type: str, where: str) -> ExpectedArtifacts:
    """The manifest that a file describes.

    Raises:
        Refused: `MALFORMED_YAML` or `ARTIFACTS_INVALID`.
    """
    raw = yaml.mapping(text, where)
    steps = raw.get("required_by_step")
    by_step = [(each, True, str(name)) for name, each in steps.items()] if isinstance(steps, dict) else []
    if steps and not by_step:
        raise _invalid(where, "required_by_step is a mapping of steps to artifacts")
    lists = [(raw.get("required_always"), True, None), *by_step, (raw.get("optional_always"), False, None)]
    found = [
        _artifact(entry, where, step, required=required)
        for entries, required, step in lists
        for entry in (entries if isinstance(entries, list) else [entries] if entries else [])
    ]
    return ExpectedArtifacts(mission_type, str(raw.get("manifest_version") or DEFAULT_VERSION), tuple(found))


def _artifact(raw: object, where: str, step: str | None, *, required: bool) -> ExpectedArtifact:
    said = raw if isinstance(raw, dict) else {}
    key, kind, pattern = (said.get(name) for name in ("artifact_key", "artifact_class", "path_pattern"))
    named = isinstance(key, str) and bool(key.strip()) and kind in CLASSES
    if named and isinstance(pattern, str) and project_resolver.is_plain_path(pattern):
        return ExpectedArtifact(str(key), str(kind), pattern, said.get("blocking") is True, required, step)
    kinds = ", ".join(CLASSES)
    raise _invalid(
        where, f"{key or raw!r} needs artifact_key, artifact_class ({kinds}) and path_pattern in the mission"
    )


def _invalid(where: str, reason: str) -> Refused:
    return Refused(f"{where}: {reason}", "ARTIFACTS_INVALID", hint=f"edit {where}", details={"path": where})
