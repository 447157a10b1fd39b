"""Who a project is: its UUID, its slug, and its name at the host."""

from __future__ import annotations

import re
from pathlib import Path

from specify_cli.kernel import files, ids
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen

_SCP = re.compile(r"^(?:[^@/\s]+@)?[^/:\s]{2,}:(?!//)(?P<path>[^/\\].*)$")
_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://[^/]+/(?P<path>[^?#]*)")
_SECTION = re.compile(r'^\[\s*remote\s+"origin"\s*\]', re.IGNORECASE)


@frozen
class ProjectNames:
    """The identity that all clones of a project share.

    Args:
        uuid: UUIDv4, minted once.
        slug: short name of the project.
        repo_slug: `owner/name` at the host, or None without an origin remote.
    """

    uuid: str
    slug: str
    repo_slug: str | None


def mint(repo: Repository, project: Path) -> ProjectNames:
    """A new identity for a project that has none; the names come from the origin remote, else from the folder."""
    url = origin_url(repo)
    return ProjectNames(ids.new_uuid(), project_slug(project.name, url), parse_repo_slug(url or ""))


def origin_url(repo: Repository) -> str | None:
    """Address of the remote `origin`, read from git's own config file; None without one."""
    if repo.common_dir is None:
        return None
    inside = False
    for raw in (files.read_text(repo.common_dir / "config") or "").splitlines():
        line = raw.strip()
        if line.startswith("["):
            inside = bool(_SECTION.match(line))
            line = line.partition("]")[2].strip()
        name, equals, value = line.partition("=")
        if inside and equals and name.strip().lower() == "url":
            return _unquoted(value.strip())
    return None


def parse_repo_slug(url: str) -> str | None:
    """`owner/name` (or deeper) from a remote's address; None for local paths and addresses with fewer parts.

    User names, passwords, ports and queries of the address never show in it.
    """
    path = _remote_path(url.strip())
    if path is None:
        return None
    parts = path.strip("/").removesuffix(".git").rstrip("/").split("/")
    return "/".join(parts) if len(parts) >= 2 and all(part.strip() for part in parts) else None


def project_slug(folder: str, url: str | None = None) -> str:
    """A project's short name: the last part of its origin's path, else its folder's name; lower case, with dashes.

    Args:
        folder: name of the project's folder.
        url: address of the origin remote.
    """
    path = _remote_path(url.strip()) if url else None
    name = path.strip("/").removesuffix(".git").rpartition("/")[2] if path else folder
    dashed = re.sub(r"[\s_]+", "-", name.strip().lower())
    return "".join(filter(str.isprintable, dashed)).strip("-") or "project"


def _remote_path(url: str) -> str | None:
    match = _URL.match(url)
    if match is not None:
        return None if match["scheme"].lower() == "file" else match["path"]
    match = _SCP.match(url)
    return match["path"] if match is not None else None


def _unquoted(value: str) -> str | None:
    if value.startswith('"'):
        return value[1:].partition('"')[0] or None
    return re.split(r"\s[#;]", value, maxsplit=1)[0].strip() or None
