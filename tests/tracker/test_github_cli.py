"""GitHub issues without a server: found, bound by a comment, closed when their mission is merged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from specify_cli.context.missions import place_of
from specify_cli.home import MissionPlace
from specify_cli.kernel.paths import discover
from specify_cli.mission_metadata import load_meta
from specify_cli.sync import consent
from specify_cli.tracker.closing import close_origin, consent_key
from specify_cli.tracker.providers.github_cli import repository_named
from tests.support.issues import Programs, programs
from tests.support.project import Project
from tests.support.syncing import code_of

WORDS = ("mission", "from-ticket", "12", "--yes", "--json")


@pytest.fixture
def gh(tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A `gh` with three issues, and a project bound to them; the switch of sync is off."""
    found = programs(tmp_path / "programs", monkeypatch)
    project.run("tracker", "bind", "--provider", "github-cli", "--json").ok()
    project.git.commit("bind")
    return found


def test_a_mission_from_an_issue_and_back(project: Project, gh: Programs) -> None:
    listed = project.run_installed("mission", "from-ticket", "tea")
    assert listed.code == 1
    assert "GH-12" in listed.out
    assert "GH-13" not in listed.out
    made = project.run_installed(*WORDS).ok().json()
    assert (made["mission_slug"], made["created"]) == ("001-gh-12", True)
    assert made["origin_ticket"]["provider"] == "github-cli"
    assert made["origin_ticket"]["external_issue_url"] == "https://github.example/ada/tea/issues/12"
    (comment,) = gh.issues()[0]["comments"]
    assert "https://github.example/ada/tea/tree/main/kitty-specs/001-gh-12" in comment["body"]
    meta = load_meta(project.folder("001-gh-12")) or {}
    assert str(meta["mission_id"]) in comment["body"]
    assert "github-cli GH-12 Tea gets cold" in project.run("mission", "info").ok().out


@pytest.mark.parametrize("key", ["12", "#12", "GH-12", "gh-12"])
def test_the_spellings_of_a_number(project: Project, gh: Programs, key: str) -> None:
    project.run("mission", "from-ticket", key, "--yes", "--json").ok()
    assert len(gh.issues()[0]["comments"]) == 1


def test_a_retry_comments_once(project: Project, gh: Programs) -> None:
    gh.breaks("comment")
    told = project.run(*WORDS).failed("TRACKER_COMMAND_FAILED").json()
    assert "Bad Gateway" in told["error"]
    meta = load_meta(project.folder("001-gh-12")) or {}
    assert "origin_ticket" not in meta
    gh.mends()
    for _ in range(2):
        assert project.run(*WORDS).ok().json()["created"] is False
    assert len(gh.issues()[0]["comments"]) == 1


def test_another_issue_for_the_same_mission_is_refused(project: Project, gh: Programs) -> None:
    project.run(*WORDS).ok()
    path = project.folder("001-gh-12") / "meta.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"I_12"', '"I_99"', 2), encoding="utf-8")
    project.run("mission", "from-ticket", "13", "--yes", "--json").ok()
    assert [len(each["comments"]) for each in gh.issues()] == [1, 1, 0]


def test_an_issue_that_is_not_there(project: Project, gh: Programs) -> None:
    told = project.run("mission", "from-ticket", "99", "--yes", "--json").failed("TICKET_NOT_FOUND")
    assert "99" in told.json()["error"]
    assert gh.calls()[-1][1] == "view"
    project.run("mission", "from-ticket", "nothing like it", "--json").failed("TICKET_NOT_FOUND")


def test_words_that_look_like_options_are_only_words(project: Project, gh: Programs) -> None:
    project.run("mission", "from-ticket", "--json", "--", "--state=closed; $(touch harm)").failed("TICKET_NOT_FOUND")
    assert gh.calls()[-1][-1] == "--search=--state=closed; $(touch harm)"
    assert gh.calls()[-1][3] == "--state=open"


def test_gh_is_missing(project: Project, gh: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    (gh.folder / "bin" / "gh").unlink()
    (gh.folder / "bin" / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(gh.folder / "bin"))
    assert _hint(project) == "python3 -m webbrowser https://cli.github.com"
    for installer, told in (("apt", "sudo apt install gh"), ("brew", "brew install gh")):
        (gh.folder / "bin" / installer).symlink_to("/bin/true")
        assert _hint(project) == told


def _hint(project: Project) -> object:
    return project.run(*WORDS).failed("PROGRAM_MISSING").json()["hint"]


def test_status_pull_and_push(project: Project, gh: Programs) -> None:
    status = project.run("tracker", "status", "--json").ok().json()
    assert (status["workspace"], status["issue_count"], status["credentials_present"]) == ("ada/tea", 0, False)
    stats = project.run("tracker", "sync", "pull", "--json").ok().json()["stats"]
    assert stats["pulled_created"] == len(gh.issues())
    assert project.run("tracker", "status", "--json").json()["issue_count"] == 3


@pytest.mark.parametrize("name", ["tea", "a b/c", "--repo=x/y", "../x", "a/b/c/d", ""])
def test_what_is_no_repository(name: str) -> None:
    assert code_of(lambda: repository_named(name)) == "WORKSPACE_INVALID"


def test_the_merge_closes_the_issue(project: Project, gh: Programs) -> None:
    """What `merge` calls once a mission is merged: closed once, and told why."""
    project.run(*WORDS).ok()
    place = _place(project)
    assert close_origin(place, "abc123") == ()
    assert close_origin(place, "abc123") == ()
    issue = gh.issues()[0]
    assert (issue["state"], len(issue["comments"])) == ("CLOSED", 2)
    assert "abc123" in issue["comments"][1]["body"]


def test_a_clone_that_was_never_bound_closes_nothing(project: Project, gh: Programs) -> None:
    """A committed meta.json can make nobody write to GitHub."""
    project.run(*WORDS).ok()
    consent.withdraw(discover(project.path), consent_key("ada/tea"))
    (notice,) = close_origin(_place(project), "abc123")
    assert (notice.code, notice.hint) == ("ISSUE_LEFT_OPEN", "gh issue close 12 --repo=ada/tea")
    assert gh.issues()[0]["state"] == "OPEN"


def test_a_host_that_fails_is_a_warning(project: Project, gh: Programs) -> None:
    project.run(*WORDS).ok()
    gh.breaks("close")
    (notice,) = close_origin(_place(project), "abc123")
    assert "Bad Gateway" in notice.message


def test_unbinding_takes_the_consent_back(project: Project, gh: Programs) -> None:
    assert gh.issues()
    assert consent.consented_at(discover(project.path), consent_key("ada/tea"))
    project.run("tracker", "unbind", "--json").ok()
    assert consent.consented_at(discover(project.path), consent_key("ada/tea")) is None
    assert project.run("tracker", "status", "--json").ok().json()["configured"] is False
    project.run(*WORDS).failed("TRACKER_NOT_BOUND")


def _place(project: Project) -> MissionPlace:
    found = place_of(discover(project.path), "001-gh-12")
    assert found is not None
    return found
