"""Names of a project: from its origin, else from its folder."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.identity import mint, origin_url, parse_repo_slug, project_slug
from specify_cli.kernel.paths import Repository, discover
from tests.support.git import Repo


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("git@example.org:org/repo.git", "org/repo"),
        ("example.org:org/repo", "org/repo"),
        ("https://example.org/org/repo.git", "org/repo"),
        ("https://user:secret@example.org:8443/org/Demo_Repo.git/?token=x#y", "org/Demo_Repo"),
        ("ssh://git@example.org:2222/group/sub/repo.git", "group/sub/repo"),
        ("git://example.org/~ada/repo", "~ada/repo"),
        ("https://example.org/repo.git", None),
        ("https://example.org/org//repo", None),
        ("file:///srv/org/repo.git", None),
        ("/srv/org/repo.git", None),
        ("./org/repo", None),
        ("../org/repo.git", None),
        ("C:\\work\\org\\repo", None),
        ("C:/work/org/repo", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_the_name_at_the_host(url: str, slug: str | None) -> None:
    assert parse_repo_slug(url) == slug


@pytest.mark.parametrize(
    ("folder", "url", "slug"),
    [
        ("My_Tea Timer", None, "my-tea-timer"),
        ("x", "git@example.org:org/Demo_Repo.git", "demo-repo"),
        ("Here", "/srv/other.git", "here"),
        ("  ", None, "project"),
        ("Größe", None, "größe"),
    ],
)
def test_the_short_name(folder: str, url: str | None, slug: str) -> None:
    assert project_slug(folder, url) == slug


@given(st.text(max_size=60))
def test_any_address_can_be_read(url: str) -> None:
    slug = parse_repo_slug(url)

    assert slug is None or "/" in slug
    assert project_slug("folder", url)


def test_the_origin_is_read_from_gits_config(git: Repo) -> None:
    assert origin_url(discover(git.path)) is None
    git("remote", "add", "upstream", "git@example.org:them/tea.git")
    assert origin_url(discover(git.path)) is None
    git("remote", "add", "origin", "git@example.org:us/tea#1.git")
    assert origin_url(discover(git.path)) == git("remote", "get-url", "origin") == "git@example.org:us/tea#1.git"


@pytest.mark.parametrize(
    "line",
    [
        'url = "a@b.org:us/tea.git"',
        "url=a@b.org:us/tea.git",
        "URL = a@b.org:us/tea.git ; ours",
        "\turl = a@b.org:us/tea.git # x",
    ],
)
def test_gits_ways_to_write_a_value_are_understood(tmp_path: Path, line: str) -> None:
    (tmp_path / "config").write_text(
        f'[core]\n\turl = no\n[remote "origin"]\n\tfetch = x\n{line}\n[remote "b"]\nurl = b\n'
    )

    assert origin_url(Repository(tmp_path, tmp_path, tmp_path, tmp_path)) == "a@b.org:us/tea.git"


def test_a_worktree_has_the_origin_of_its_repository(git: Repo, tmp_path: Path) -> None:
    git("remote", "add", "origin", "https://example.org/us/tea.git")
    git("worktree", "add", "-q", str(tmp_path / "side"))

    names = mint(discover(tmp_path / "side"), tmp_path / "side")

    assert (names.slug, names.repo_slug) == ("tea", "us/tea")


def test_every_project_gets_a_uuid_of_its_own(tmp_path: Path) -> None:
    repo = Repository(tmp_path, None, None, None)
    one, other = mint(repo, tmp_path), mint(repo, tmp_path)

    assert uuid.UUID(one.uuid).version == uuid.UUID(other.uuid).version == 4
    assert one.uuid != other.uuid
    assert one.repo_slug is None
