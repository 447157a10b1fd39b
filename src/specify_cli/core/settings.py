"""Changing `.kittify/config.yaml`: only the lines that are meant, under a lock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.core.project_files import CONFIG
from specify_cli.core.project_resolver import kittify_of
from specify_cli.kernel import files, lazy, locks
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.paths import Repository


def project_of(repo: Repository) -> Path:
    """The folder whose settings count.

    Raises:
        NotFound: `NOT_INITIALIZED`.
    """
    project = kittify_of(repo).parent
    if not (project / CONFIG).exists():
        raise NotFound(
            f"{project} is not a spec-kitty project yet", "NOT_INITIALIZED", hint=spec_kitty("init", "--ai", "claude")
        )
    return project


def config_at(project: Path) -> Config:
    """The settings of a project; raises as `parse_config`."""
    return parse_config(files.read_text(project / CONFIG), str(project / CONFIG))


def locked(repo: Repository, doing: str) -> AbstractContextManager[None]:
    """Hold the lock of the settings, and of all files that follow from them; it may be taken again inside.

    Raises:
        Conflict: `LOCKED`.
    """
    return locks.held(repo.state / "locks" / "config.lock", timeout=60, doing=doing)


def change(repo: Repository, project: Path, changes: Mapping[tuple[str, ...], object], doing: str) -> Config:
    """Set keys of the settings; every other line stays as it is, and what we changed does not count as edited.

    Args:
        repo: the repository, whose lock is held.
        project: the folder whose settings are meant.
        changes: path of keys -> new value.
        doing: told to those who wait for the lock.

    Raises:
        Refused: the settings or the manifest are malformed, or would be.
        Conflict: `LOCKED`.
    """
    path = project / CONFIG
    with locked(repo, doing):
        before = files.read_bytes(path) or b""
        text = str(lazy.load("specify_cli.kernel.yaml_round_trip:edit")(files.decode(before), changes, str(path)))
        config = parse_config(text, str(path))
        manifest = manifests.read_manifest(project)
        if manifest is not None and not manifest.is_edited(CONFIG, before):
            # First: cut short after this, the same change made again brings the two together.
            written = manifest.files[CONFIG].version
            manifests.write_manifest(project, manifest.with_file(CONFIG, files.encode(text), written))
        if files.encode(text) != before:
            files.atomic_write(path, text)
    return config
