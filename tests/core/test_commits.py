from __future__ import annotations

import os
from pathlib import Path

import pytest

from specify_cli.core.commits import Committed, milestone, publish_mode, require_identity
from specify_cli.home import MissionPlace, home_of
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import discover
from specify_cli.status.emit import writing
from specify_cli.status.reading import read_status
from tests.support.git import Repo
from tests.support.limits import run_python
from tests.support.status import SLUG, bare_place, committed_place, place_in

SUBJECT = f"spec-kitty({SLUG}): x"


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    """A mission with one move that is not published yet."""
    found = committed_place(git)
    with writing(found) as log:
        log.bootstrap("WP01")
    return found


def seen_from(folder: Path, place: MissionPlace) -> MissionPlace:
    """The same mission as a later command finds it."""
    repo = discover(folder)
    return MissionPlace(repo, place.slug, place.mission_id, "main", home_of(repo, "main"), place.meta)


def hook(git: Repo, source: str) -> None:
    path = git.path / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{source}\n")
    path.chmod(0o755)


def codes(done: Committed) -> list[str]:
    return [notice.code for notice in done.warnings]


def test_a_milestone_commits_the_whole_mission_folder(git: Repo, place: MissionPlace) -> None:
    git.write(f"kitty-specs/{SLUG}/spec.md", "# Written by a person\n")
    (place.feature_dir / "meta.json").write_text("{}\n")
    done = milestone(place, Config(), "x")
    assert done.commit == git.head()
    assert done.warnings == ()
    assert git("log", "-1", "--format=%an %s") == f"Ada {SUBJECT}"
    listed = sorted(git("show", "--name-only", "--format=").splitlines())
    assert listed == [f"kitty-specs/{SLUG}/{name}" for name in ("meta.json", "spec.md", "status.events.jsonl")]
    assert sorted(done.files) == listed
    assert git.status() == ""
    assert read_status(place).unpublished == 0


def test_reached_again_it_commits_nothing(git: Repo, place: MissionPlace) -> None:
    milestone(place, Config(), "x")
    head = git.head()
    assert milestone(place, Config(), "x") == Committed()
    assert git.head() == head


def test_what_goes_from_the_folder_goes_from_the_commit(git: Repo, place: MissionPlace) -> None:
    git.write(f"kitty-specs/{SLUG}/draft.md", "x")
    milestone(place, Config(), "x")
    (place.feature_dir / "draft.md").unlink()
    done = milestone(place, Config(), "x")
    assert done.files == (f"kitty-specs/{SLUG}/draft.md",)
    assert git.status() == ""


def test_other_work_of_the_user_stays_as_it_is(git: Repo, place: MissionPlace) -> None:
    git.commit("base", staged_txt="a\n", dirty_txt="a\n")
    git.write("staged.txt", "b\n")
    git("add", "staged.txt")
    git.write("staged.txt", "c\n")
    git.write("dirty.txt", "b\n")
    git.write("new.txt", "b\n")
    git.write("kitty-specs/002-other/spec.md", "another mission\n")
    before = git.status()
    milestone(place, Config(), "x")
    after = git.status()
    assert after.splitlines() == [line for line in before.splitlines() if SLUG not in line]
    assert after.startswith(" M dirty.txt\nMM staged.txt\n")
    assert git("show", ":staged.txt") == "b"


def test_names_with_wildcards_mean_themselves(git: Repo, place: MissionPlace) -> None:
    git.write(f"kitty-specs/{SLUG}/[ab] *?.md", "x")
    git.write(f"kitty-specs/{SLUG}/\u8336 th\u00e9.md", "x")
    assert milestone(place, Config(), "x").commit is not None
    assert git.status() == ""


def test_ignored_files_stay_out(git: Repo, place: MissionPlace) -> None:
    git.write("kitty-specs/.gitignore", "status.json\n")
    git.commit("ignore")
    git.write(f"kitty-specs/{SLUG}/status.json", "{}")
    milestone(place, Config(), "x")
    assert "status.json" not in git("show", "--name-only", "--format=")


# -- what hinders ------------------------------------------------------------------------------------------------


def test_a_hook_that_refuses_is_a_warning_and_the_index_is_as_before(git: Repo, place: MissionPlace) -> None:
    git.write("staged.txt", "mine\n")
    git("add", "staged.txt")
    git.write(f"kitty-specs/{SLUG}/new.md", "new\n")
    index, head = git("ls-files", "--stage"), git.head()
    hook(git, "echo the linter says no >&2; exit 1")
    done = milestone(place, Config(), "x")
    assert (done.commit, codes(done)) == (None, ["COMMIT_FAILED"])
    assert "the linter says no" in done.warnings[0].message
    assert done.warnings[0].hint == f"spec-kitty materialize --mission {SLUG}"
    assert (git("ls-files", "--stage"), git.head()) == (index, head)
    assert f"?? kitty-specs/{SLUG}/new.md" in git.status()
    hook(git, "exit 0")
    caught_up = milestone(place, Config(), "x")
    assert caught_up.commit == git.head()
    assert git.status() == "A  staged.txt"


def test_a_signature_that_fails_is_a_warning(git: Repo, place: MissionPlace) -> None:
    git("config", "commit.gpgsign", "true")
    git("config", "gpg.program", "false")
    done = milestone(place, Config(), "x")
    assert (done.commit, codes(done)) == (None, ["COMMIT_FAILED"])
    assert read_status(place).unpublished == 0


def test_no_identity_is_a_warning_with_the_commands(
    git: Repo, place: MissionPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_identity(place)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git.path / "no settings"))
    git("config", "user.useConfigOnly", "true")
    done = milestone(place, Config(), "x")
    assert (done.commit, codes(done)) == (None, ["NO_GIT_IDENTITY"])
    assert "git config --global user.name" in str(done.warnings[0].hint)
    with pytest.raises(Refused) as told:
        require_identity(place)
    assert told.value.code == "NO_GIT_IDENTITY"


@pytest.mark.parametrize("command", ["merge side", "rebase side", "cherry-pick side"])
def test_in_the_middle_of_the_users_own_work_nothing_is_touched(command: str, git: Repo, place: MissionPlace) -> None:
    git("switch", "-q", "-c", "side")
    git.commit("theirs", README_md="theirs\n")
    git("switch", "-q", "main")
    git.commit("ours", README_md="ours\n")
    git(*command.split(), check=False)
    before = git.status()
    done = milestone(seen_from(git.path, place), Config(), "x")
    assert (done.commit, codes(done)) == (None, ["COMMIT_FAILED"])
    assert f"in the middle of a {command.split(maxsplit=1)[0]}" in done.warnings[0].message
    assert git.status() == before
    git(command.split(maxsplit=1)[0], "--abort")
    assert milestone(seen_from(git.path, place), Config(), "x").commit == git.head()


def test_without_a_home_it_records_and_does_not_commit(git: Repo, place: MissionPlace) -> None:
    git("switch", "-q", "-c", "elsewhere")
    head = git.head()
    done = milestone(seen_from(git.path, place), Config(), "x")
    assert (done.commit, codes(done)) == (None, ["TARGET_NOT_CHECKED_OUT"])
    assert done.warnings[0].hint == f"git -C {git.path} switch main"
    assert (git.head(), git.head("main"), git.status()) == (head, head, "")


def test_another_git_at_work_is_a_warning(git: Repo, place: MissionPlace) -> None:
    git.write(f"kitty-specs/{SLUG}/new.md", "new\n")
    lock = git.path / ".git" / "index.lock"
    lock.touch()
    done = milestone(place, Config(), "x")
    assert (done.commit, codes(done)) == (None, ["COMMIT_FAILED"])
    assert "index.lock" in done.warnings[0].message
    lock.unlink()
    assert milestone(place, Config(), "x").commit == git.head()


def test_documents_that_cannot_be_written_are_a_warning(git: Repo, place: MissionPlace, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("theirs\n")
    (place.feature_dir / "status.events.jsonl").symlink_to(tmp_path / "outside")
    done = milestone(place, Config(), "x")
    assert (done.commit, codes(done)) == (None, ["COMMIT_FAILED"])
    assert "symbolic link" in done.warnings[0].message
    assert (tmp_path / "outside").read_text() == "theirs\n"


def test_a_full_disk_is_a_warning_and_the_next_milestone_catches_up(git: Repo, place: MissionPlace) -> None:
    (place.feature_dir / "status.events.jsonl").write_text("{}\n" * 3000)
    git.commit("a long log")
    source = f"""
from pathlib import Path
from specify_cli.core.commits import milestone
from specify_cli.kernel.config import Config
from tests.support.status import place_in
print(milestone(place_in(Path({str(git.path)!r})), Config(), "x").warnings[0])
"""
    said = run_python(source, cwd=git.path, room=8192)
    assert said.returncode == 0, said.stderr
    assert "COMMIT_FAILED" in said.stdout
    assert "df -h" in said.stdout
    assert git.status() == ""
    assert read_status(place).unpublished == 1
    assert milestone(place, Config(), "x").commit == git.head()


# -- when and whether --------------------------------------------------------------------------------------------


def test_without_commits_of_ours_it_publishes_and_leaves_the_rest(git: Repo, place: MissionPlace) -> None:
    head = git.head()
    assert milestone(place, Config(auto_commit=False), "x") == Committed()
    assert git.head() == head
    assert git.status() == f"?? kitty-specs/{SLUG}/status.events.jsonl"


def test_outside_git_there_is_nothing_to_commit(tmp_path: Path) -> None:
    place = bare_place(tmp_path / "plain")
    with writing(place) as log:
        log.bootstrap("WP01")
    assert milestone(place, Config(), "x") == Committed()
    assert read_status(place).unpublished == 0


def test_from_a_linked_working_tree_the_home_is_committed(git: Repo, place: MissionPlace, tmp_path: Path) -> None:
    git("worktree", "add", "-q", "-b", "side", "../side")
    done = milestone(seen_from(tmp_path / "side", place), Config(), "x")
    assert done.commit == git.head("main") != git.head("side")


def test_the_commit_is_told_although_its_reference_is_packed(git: Repo, place: MissionPlace) -> None:
    git("pack-refs", "--all")
    assert milestone(place, Config(), "x").commit == git.head()


def test_when_the_copy_is_kept_up_at_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    assert publish_mode(Config()) == "milestone"
    assert publish_mode(Config(publish="always")) == "always"
    assert publish_mode(Config(auto_commit=False)) == "always"
    monkeypatch.setenv("SPEC_KITTY_PUBLISH", "always")
    assert publish_mode(Config()) == "always"
    monkeypatch.setenv("SPEC_KITTY_PUBLISH", "never")
    assert publish_mode(Config()) == "milestone"


def test_a_place_that_nobody_made_is_a_warning(git: Repo) -> None:
    place = place_in(git.path)
    with writing(place) as log:
        log.bootstrap("WP01")
    place.feature_dir.rmdir()
    assert milestone(place, Config(), "x") == Committed()


def test_what_a_killed_write_left_is_not_committed_and_goes(git: Repo, place: MissionPlace) -> None:
    left = git.write(f"kitty-specs/{SLUG}/.spec.md.4194305-1.tmp", "half")
    underway = git.write(f"kitty-specs/{SLUG}/.plan.md.{os.getpid()}-7.tmp", "half")
    assert milestone(place, Config(), "x").commit == git.head()
    assert ".tmp" not in git("show", "--name-only", "--format=", "HEAD")
    assert (left.exists(), underway.exists()) == (False, True)
