"""Trackers that are programs here: beads and fp, through scripts that answer as `bd` and `fp` do."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.sync.credentials import CredentialStore
from specify_cli.tracker.cache import TrackerCache, cache_path
from specify_cli.tracker.config import DOCTRINE_MODES, TrackerProjectConfig
from specify_cli.tracker.local_service import merged_fields
from specify_cli.tracker.providers.command import plain
from tests.support.issues import Programs, programs
from tests.support.project import Project, Task
from tests.support.syncing import code_of

LOCAL = TrackerProjectConfig(doctrine_mode="spec_kitty_authoritative")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A `bd` and an `fp`; the switch of sync is off."""
    return programs(tmp_path / "programs", monkeypatch)


def bind(project: Project, tools: Programs, provider: str = "beads", *more: str) -> None:
    words = ("--workspace", "tea", "--credential", f"cwd={tools.folder}", *more, "--json")
    project.run("tracker", "bind", "--provider", provider, *words).ok()


def stats(project: Project, verb: str) -> dict[str, Any]:
    told = project.run("tracker", "sync", verb, "--json").ok().json()
    return {name: count for name, count in told["stats"].items() if count}


def test_beads_are_pulled_once_and_pushed_from_the_board(project: Project, tools: Programs) -> None:
    bind(project, tools, "beads", "--doctrine-mode", "split_ownership", "--field-owner", "status=local")
    assert stats(project, "pull") == {"pulled_created": 2}
    assert stats(project, "pull") == {"skipped": 2}
    tools.beads({**tools.beads()[0], "title": "Boil it", "updated_at": "2026-11-21T10:00:00Z"}, tools.beads()[1])
    assert stats(project, "pull") == {"pulled_updated": 1, "skipped": 1}
    slug = project.finalized(Task("WP01"))
    project.run("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--mission", slug, "--note", "x").ok()
    project.run("tracker", "map", "add", "--wp-id", "1", "--external-id", "bd-1", "--external-key", "B1").ok()
    assert project.run("tracker", "map", "list").ok().out == "WP01: beads:B1\n"
    assert stats(project, "push") == {"pushed_updated": 1}
    assert [each["status"] for each in tools.beads()] == ["blocked", "closed"]
    assert stats(project, "run") == {"skipped": 3}


def test_by_default_nothing_is_pushed(project: Project, tools: Programs) -> None:
    bind(project, tools)
    project.finalized(Task("WP01"))
    project.run("tracker", "map", "add", "--wp-id", "WP01", "--external-id", "bd-2").ok()
    assert stats(project, "push") == {"skipped": 1}
    assert tools.beads()[1]["status"] == "closed"


def test_what_could_not_be_pushed_is_said(project: Project, tools: Programs) -> None:
    bind(project, tools, "beads", "--doctrine-mode", "spec_kitty_authoritative")
    project.finalized(Task("WP01"), Task("WP02"))
    project.run("tracker", "map", "add", "--wp-id", "WP01", "--external-id", "bd-9").ok()
    project.run("tracker", "map", "add", "--wp-id", "WP02", "--external-id", "--status=x").ok()
    told = project.run("tracker", "sync", "push", "--json").failed("TRACKER_PARTIAL", 1).json()
    assert [("bd-9" in error, "no id" in error) for error in told["errors"]] == [(True, False), (False, True)]


def test_fp_knows_fewer_states(project: Project, tools: Programs) -> None:
    bind(project, tools, "fp", "--doctrine-mode", "spec_kitty_authoritative")
    assert stats(project, "pull") == {"pulled_created": 2}
    slug = project.finalized(Task("WP01"))
    project.run("agent", "action", "implement", "WP01", "--agent", "claude", "--mission", slug).ok()
    project.run("tracker", "map", "add", "--wp-id", "WP01", "--external-id", "FP-1").ok()
    assert stats(project, "push") == {"pushed_updated": 1}
    assert "FP-1 [in-progress] Boil water" in (tools.folder / "fp.txt").read_text(encoding="utf-8")


def test_an_issue_stands_for_one_work_package(project: Project, tools: Programs) -> None:
    bind(project, tools)
    project.finalized(Task("WP01"), Task("WP02"))
    words = ("tracker", "map", "add", "--external-id", "bd-1", "--json", "--wp-id")
    for _ in range(2):
        project.run(*words, "WP01").ok()
    project.run(*words, "WP02").failed("ISSUE_MAPPED")
    project.run(*words, "WP07").failed("WP_NOT_FOUND")
    project.run(*words[:-1]).failed("USAGE_ERROR", 2)


def test_status_makes_no_file(project: Project, tools: Programs) -> None:
    bind(project, tools)
    told = project.run("tracker", "status", "--json").ok().json()
    assert (told["provider"], told["workspace"], told["issue_count"]) == ("beads", "tea", 0)
    assert told["credentials_present"] is True
    assert not Path(told["db_path"]).exists()
    project.run("tracker", "status", "--all", "--json").failed("USAGE_ERROR", 2)
    assert "beads" in project.run("tracker", "status").ok().out
    project.run("tracker", "sync", "pull").ok()
    assert stat.S_IMODE(Path(told["db_path"]).stat().st_mode) == 0o600


def test_binding_and_unbinding_leave_the_rest_of_the_files_alone(project: Project, tools: Programs) -> None:
    store = CredentialStore()
    store.path.parent.mkdir(mode=0o700)
    mine = '# mine\n[tracker.providers.linear]\nkey = "x"   # keep\n'
    store.path.write_text(mine, encoding="utf-8")
    config = project.path / ".kittify" / "config.yaml"
    before = config.read_text(encoding="utf-8") + "# the end\ntracker:\n  mine: {a: 1}  # keep\n"
    config.write_text(before, encoding="utf-8")
    bind(project, tools)
    assert mine in store.path.read_text(encoding="utf-8")
    assert "mine: {a: 1}  # keep" in config.read_text(encoding="utf-8")
    assert config.read_text(encoding="utf-8").startswith(before.partition("tracker:")[0])
    project.run("tracker", "unbind", "--json").ok()
    assert store.path.read_text(encoding="utf-8").strip() == mine.strip()
    assert config.read_text(encoding="utf-8") == before.partition("tracker:")[0]
    assert project.run("tracker", "unbind", "--json").ok().json()["changed"] is False


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--provider beads", "WORKSPACE_REQUIRED"),
        ("--provider beads --workspace w --doctrine-mode wat", "DOCTRINE_INVALID"),
        ("--provider beads --workspace w --field-owner status=me", "DOCTRINE_INVALID"),
        ("--provider beads --workspace w --field-owner status", "USAGE_ERROR"),
        ("--provider beads --workspace w --credential =x", "USAGE_ERROR"),
        ("--provider linear --credential key=x", "CREDENTIAL_NOT_HERE"),
        ("--provider azure_devops", "UNKNOWN_PROVIDER"),
    ],
)
def test_what_cannot_be_bound(project: Project, words: str, code: str) -> None:
    before = (project.path / ".kittify" / "config.yaml").read_bytes()
    project.run("tracker", "bind", *words.split(), "--json").failed(code)
    assert (project.path / ".kittify" / "config.yaml").read_bytes() == before


def test_an_account_has_a_cache_of_its_own(tmp_path: Path) -> None:
    assert cache_path("beads", "Tea", {}) == cache_path("beads", "tea", {"team_slug": "no-team"})
    assert cache_path("beads", "tea", {"email": "a@b.c"}) != cache_path("beads", "tea", {})
    cache = TrackerCache(tmp_path / "x.db", "beads", "tea")
    assert cache.issues() == {}
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize("text", ["", "-x", "--all", "a b", "a;b", "../x", "a/b", "$(x)"])
def test_an_id_is_never_an_option(text: str) -> None:
    assert code_of(lambda: plain(text)) == "ISSUE_ID_INVALID"


FIELDS = st.dictionaries(st.sampled_from(["title", "status", "body", "labels"]), st.sampled_from("abc"), min_size=1)


@given(FIELDS, FIELDS, st.sampled_from(DOCTRINE_MODES), st.sampled_from(["1", "2", "3"]))
def test_whose_word_counts(mine: dict[str, str], theirs: dict[str, str], mode: str, at: str) -> None:
    """The owner's word stands; of shared fields the newer one, and each disagreement is told."""
    config = TrackerProjectConfig(doctrine_mode=mode)
    merged, conflicts = merged_fields({**mine, "updated_at": "2"}, {**theirs, "updated_at": at}, config)
    differing = {name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name]}
    theirs_count = mode == DOCTRINE_MODES[0] or (mode == DOCTRINE_MODES[2] and at > "2")
    for name in mine.keys() | theirs.keys():
        winner, other = (theirs, mine) if theirs_count else (mine, theirs)
        assert merged[name] == winner.get(name, other.get(name))
    assert {each["field_name"] for each in conflicts} == (differing if mode == DOCTRINE_MODES[2] else set())


def test_a_new_issue_is_taken_as_it_is() -> None:
    assert merged_fields(None, {"title": "x"}, LOCAL) == ({"title": "x"}, [])


def test_a_command_that_no_shell_could_read_is_told_with_the_way_out(project: Project, tools: Programs) -> None:
    bind(project, tools, "beads", "--credential", "command='bd")
    told = project.run("tracker", "sync", "pull", "--json").failed("PROGRAM_UNUSABLE", 1).json()
    assert told["hint"].endswith("--workspace tea --credential command=bd")
    project.run(*told["hint"].split()[1:]).ok()
    project.run("tracker", "sync", "pull", "--json").ok()
