"""Whether a repository may be released: every rule, all failures at once (seed 079, track 7)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.version import Version

from specify_cli.kernel import files, paths, yaml
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.release.changelog import entries, malformed, tag_names
from specify_cli.release.version import parsed, released

PYPROJECT = "pyproject.toml"
METADATA = ".kittify/metadata.yaml"
CHANGELOG = "CHANGELOG.md"
# The distributions whose projects carry their own version in metadata.yaml; elsewhere it names the tool's.
OURS = frozenset({"spec-kitty-cli", "spec-kitty"})


@frozen
class Failure:
    """A rule that does not hold.

    Args:
        code: stable, SCREAMING_SNAKE.
        message: what is wrong and where.
        fix: a command; None where only an edit mends it.
    """

    code: str
    message: str
    fix: Command | None

    def to_dict(self) -> dict[str, str | None]:
        """As it stands in the answer."""
        return {"code": self.code, "message": self.message, "fix": self.fix}


@frozen
class Stated:
    """A version and where it is written, `pyproject.toml:7`."""

    version: str
    where: str


def failures(repo_root: Path, tag: str | None = None) -> tuple[str | None, list[Failure]]:
    """Every rule of a release that a repository breaks.

    Args:
        repo_root: top folder of the repository.
        tag: the tag of the release, in tag mode; None in branch mode.

    Returns:
        The version that pyproject.toml states, None where it states none, and what is wrong.
    """
    try:
        stated = load_pyproject_version(repo_root)
    except Refused as error:
        return None, [Failure(error.code, error.message, error.hint), *_tags(repo_root, None, tag)]
    version = parsed(stated.version)
    found = [] if version else [_odd_version(stated)]
    found += [*validate_metadata_yaml_version_sync(repo_root), *_changelog(repo_root, stated.version)]
    return stated.version, [*found, *_tags(repo_root, version, tag)]


def load_pyproject_version(repo_root: Path) -> Stated:
    """The version that pyproject.toml states.

    Raises:
        Refused: `PYPROJECT_INVALID`: the file is missing, malformed, or has no `[project] version`.
    """
    _, stated = _pyproject(repo_root)
    return stated


def _pyproject(repo_root: Path) -> tuple[str, Stated]:
    """The distribution's name, and its version."""
    text = files.read_text(repo_root / PYPROJECT)
    if text is None:
        raise Refused(
            f"{PYPROJECT} is missing",
            "PYPROJECT_INVALID",
            hint=command("git", "log", "--oneline", "--", "pyproject.toml"),
        )
    try:
        project = tomllib.loads(text).get("project")
    except tomllib.TOMLDecodeError as error:
        raise Refused(
            f"{PYPROJECT} is malformed: {error}", "PYPROJECT_INVALID", hint=command("git", "diff", PYPROJECT)
        ) from None
    version = project.get("version") if isinstance(project, dict) else None
    if not isinstance(project, dict) or not isinstance(version, str):
        raise Refused(f"{PYPROJECT} states no version below [project]", "PYPROJECT_INVALID", hint=None)
    line = _line(text, r"version\s*=", "[project]")
    return str(project.get("name", "")), Stated(version, f"{PYPROJECT}:{line}")


def _line(text: str, pattern: str, below: str) -> int:
    """The number of the first line that begins with a pattern below a line, from 1."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if line.strip() == below), 0)
    found = (at for at, line in enumerate(lines[start:], start) if re.match(rf"\s*{pattern}", line))
    return next(found, start) + 1


def _odd_version(stated: Stated) -> Failure:
    return Failure(
        "VERSION_INVALID",
        f"{stated.where} says {stated.version!r}, which is not X.Y.Z, X.Y.ZaN or X.Y.ZbN",
        None,
    )


def validate_metadata_yaml_version_sync(repo_root: Path) -> list[Failure]:
    """Whether `.kittify/metadata.yaml` and pyproject.toml state one version (seed 079, FR-601, FR-602).

    The rule holds where the distribution is this tool's own; in other projects metadata.yaml names the tool that set
    them up.
    """
    name, stated = _pyproject(repo_root)
    if name not in OURS:
        return []
    text = files.read_text(repo_root / METADATA)
    if text is None:
        return [
            Failure("METADATA_MISSING", f"{METADATA} is missing", command("git", "log", "--oneline", "--", METADATA))
        ]
    try:
        section = yaml.mapping(text, METADATA).get("spec_kitty")
    except Refused as error:
        return [Failure("METADATA_INVALID", error.message, command("git", "diff", METADATA))]
    version = section.get("version") if isinstance(section, dict) else None
    if version is None:
        return [Failure("METADATA_INVALID", f"{METADATA} has no spec_kitty.version", command("git", "diff", METADATA))]
    if str(version) == stated.version:
        return []
    line = _line(text, r"version\s*:", "spec_kitty:")
    return [
        Failure(
            "METADATA_VERSION_MISMATCH",
            f"{stated.where} says {stated.version}, {METADATA}:{line} says {version}",
            None,
        )
    ]


def _changelog(repo_root: Path, version: str) -> Iterator[Failure]:
    text = files.read_text(repo_root / CHANGELOG)
    if text is None:
        yield Failure("CHANGELOG_MISSING", f"{CHANGELOG} is missing: write it, with ## [{version}] - DATE", None)
        return
    found = entries(text)
    for line, reason in malformed(found):
        yield Failure("CHANGELOG_MALFORMED", f"{CHANGELOG}:{line}: {reason}", None)
    own = next((entry for entry in found if entry.name == version), None)
    if own is None:
        yield Failure(
            "CHANGELOG_ENTRY_MISSING",
            f"{CHANGELOG} has no entry for {version}",
            spec_kitty("agent release prep", "--channel", "stable", "--json"),
        )
    elif own.is_empty:
        yield Failure(
            "CHANGELOG_ENTRY_EMPTY",
            f"{CHANGELOG}:{own.line}: the entry for {version} says nothing",
            spec_kitty("agent release prep", "--channel", "stable", "--json"),
        )


def _tags(repo_root: Path, version: Version | None, tag: str | None) -> Iterator[Failure]:
    """The version against the tags: ahead of all that came before, equal to its own."""
    if tag is not None and version is not None and parsed(tag.removeprefix("v")) != version:
        yield Failure("TAG_MISMATCH", f"the tag is {tag}, the version {version}", command("git", "tag", f"v{version}"))
    repo = paths.discover(repo_root)
    if not repo.has_git:
        yield Failure("TAGS_UNAVAILABLE", f"{repo_root} is no git repository, so no tag is known", None)
        return
    git = Git(repo.checkout)
    known, here = released(tag_names(git)), git.resolve("HEAD")
    others = {name: each for name, each in known.items() if each != version or name != tag}
    if not others and _tags_may_lack(repo, git):
        yield Failure(
            "TAGS_UNAVAILABLE",
            "this clone was made without the tags, so nobody can tell what was released before",
            command("git", "fetch", "--tags", "--unshallow")
            if _is_shallow(repo)
            else command("git", "fetch", "--tags"),
        )
    if version is None or here is None:
        return
    for name, each in others.items():
        at = git.resolve(f"refs/tags/{name}")
        if each == version and at != here:
            yield Failure("VERSION_RELEASED", f"{version} is released: tag {name}", None)
        elif each > version and at is not None and git.is_ancestor(at, here):
            yield Failure("VERSION_BEHIND", f"{version} is behind {name}, which this history holds", None)
    if tag in known and git.resolve(f"refs/tags/{tag}") != here:
        yield Failure(
            "TAG_ELSEWHERE",
            f"tag {tag} is not the commit that is checked out",
            command("git", "switch", "--detach", tag),
        )


def _tags_may_lack(repo: paths.Repository, git: Git) -> bool:
    return _is_shallow(repo) or git.setting("remote.origin.tagOpt") == "--no-tags"


def _is_shallow(repo: paths.Repository) -> bool:
    return repo.common_dir is not None and (repo.common_dir / "shallow").is_file()
