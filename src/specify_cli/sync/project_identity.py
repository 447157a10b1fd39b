"""Who sends: the project, which all clones share, and the checkout, which is this one alone (contract 2.6, seed 064).

Project uuid and slugs are in the committed config; `build_id` and `node_id` in the git folder of the checkout, where
no commit and no clone can carry them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from specify_cli.core.identity import origin_url, parse_repo_slug, project_slug
from specify_cli.core.project_resolver import kittify_of
from specify_cli.kernel import files, ids, locks
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.sync.clock import LamportClock

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@frozen
class ProjectIdentity:
    """A checkout of a project.

    Args:
        project_uuid: the same in all clones.
        repo_slug: `owner/name` at the host; None without an origin.
        build_id: this checkout, and no other clone or worktree.
        node_id: this user on this machine.
    """

    project_uuid: str
    project_slug: str
    repo_slug: str | None
    build_id: str
    node_id: str

    def to_dict(self) -> dict[str, str | None]:
        """The `project_identity` of the tracker (contract 7.3)."""
        return {
            "uuid": self.project_uuid,
            "slug": self.project_slug,
            "node_id": self.node_id,
            "repo_slug": self.repo_slug,
            "build_id": self.build_id,
        }


def project_of(repo: Repository) -> tuple[str, Config]:
    """The UUID that all clones of the project share, and the config that says so.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `MALFORMED_YAML`, `CONFIG_INVALID` (a uuid that is none, or none at all: it is never made up).
    """
    path = kittify_of(repo) / "config.yaml"
    text = files.read_text(path)
    if text is None:
        raise NotFound(
            f"{repo.checkout} is not a spec-kitty project yet",
            "NOT_INITIALIZED",
            hint=spec_kitty("init", "--ai", "claude"),
        )
    config = parse_config(text, str(path))
    uuid = (config.project_uuid or "").lower()
    if not _UUID.fullmatch(uuid):
        raise Refused(
            f"{path}: project.uuid is {config.project_uuid!r}, expected the UUID that all clones share",
            "CONFIG_INVALID",
            hint=None if uuid else spec_kitty("init"),
            details={"path": str(path), "key": "project.uuid", "expected": "a UUID", "edit": str(path)},
        )
    return uuid, config


def ensure_identity(repo: Repository) -> ProjectIdentity:
    """The identity of the checkout one stands in; its build id is minted at the first call, and kept.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: as `project_of`; `NOT_A_GIT_REPOSITORY`, `NO_WORKING_TREE`, `RECORD_INVALID`.
    """
    uuid, config = project_of(repo)
    url = origin_url(repo)
    slug = config.project_slug or project_slug(repo.root.name, url)
    build_id, node_id = _checkout_ids(repo)
    return ProjectIdentity(uuid, slug, _repo_slug(config, url), build_id, node_id)


def repo_slug_notice(repo: Repository) -> Notice | None:
    """What is to be said of a configured `project.repo_slug` that is none: another one counts (contract 2.7)."""
    path = kittify_of(repo) / "config.yaml"
    config = parse_config(files.read_text(path), str(path))
    if not config.repo_slug or _repo_slug(config, None) is not None:
        return None
    counts = parse_repo_slug(origin_url(repo) or "") or "none"
    said = f"project.repo_slug is {config.repo_slug!r}, expected owner/name; that of origin counts: {counts}"
    return Notice("REPO_SLUG_INVALID", said, edit=str(path))


def _repo_slug(config: Config, url: str | None) -> str | None:
    """The configured one where it has the form of one, else that of the origin."""
    parts = (config.repo_slug or "").split("/")
    if len(parts) >= 2 and all(part.strip() for part in parts):
        return config.repo_slug
    return parse_repo_slug(url or "")


def _checkout_ids(repo: Repository) -> tuple[str, str]:
    repo.require_git()
    if repo.git_dir is None:
        raise Refused(
            f"{repo.checkout} is a bare repository without a working tree",
            "NO_WORKING_TREE",
            hint=command("git", "worktree", "add", "../main", "main"),
        )
    path = repo.git_dir / "spec-kitty" / "checkout.json"
    found = _read(path)
    if found is None or found[2] != str(repo.git_dir):
        with locks.held(path.with_suffix(".lock"), doing="name this checkout"):
            found = _read(path)
            if found is None or _is_copy(found, path):
                found = ids.new_uuid(), LamportClock().node_id, str(repo.git_dir)
            content = {"build_id": found[0], "node_id": found[1], "git_dir": str(repo.git_dir)}
            files.atomic_write(path, files.dump_json(content), private=True)
    return found[0], found[1]


def _is_copy(found: tuple[str, str, str], path: Path) -> bool:
    """Whether the file came along with a copied folder: the place it names still has the same id."""
    origin = Path(found[2]) / "spec-kitty" / path.name
    with suppress(Refused):
        there = _read(origin) if found[2] and origin != path else None
        return there is not None and there[0] == found[0]
    return False


def _read(path: Path) -> tuple[str, str, str] | None:
    """Build id, node id and the git folder they were made for; None before the first time."""
    data = files.read_json(path)
    if data is None:
        return None
    found = tuple(str(data.get(key) or "") for key in ("build_id", "node_id", "git_dir"))
    if not (_UUID.fullmatch(found[0]) and found[1]):
        raise Refused(f"{path} does not name this checkout", "RECORD_INVALID", hint=command("rm", path))
    return found[0], found[1], found[2]
