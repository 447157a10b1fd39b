"""Leases: seen, quiet, and whose."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

from specify_cli.kernel import clock, system
from specify_cli.kernel.ancestors import process_of
from specify_cli.workspaces import leases
from specify_cli.workspaces.leases import Lease, is_quiet, lease_in, read_lease
from tests.support.git import Repo
from tests.support.loop import later
from tests.support.missions import finalized_mission
from tests.support.programs import needs_proc
from tests.support.project import Project, Task

OLD = Lease("claude", "s1", "here", clock.stamp(clock.system() - timedelta(days=300)))


def test_a_lease_is_quiet_when_its_time_is_over() -> None:
    seen = replace(OLD, last_seen=clock.stamp())
    assert not is_quiet(seen, None, 15)
    with later(14):
        assert not is_quiet(seen, None, 15)
    with later(16):
        assert is_quiet(seen, None, 15)
    assert is_quiet(seen, None, 0)


def test_without_a_lease_or_with_a_broken_one_nobody_is_known_to_be_quiet() -> None:
    assert not is_quiet(None, None, 0)
    assert not is_quiet(replace(OLD, last_seen="yesterday"), None, 0)


def test_a_changed_file_is_a_sign_of_life(git: Repo) -> None:
    assert is_quiet(OLD, git.path, 15)
    path = git.write("half.txt", "half\n")
    assert not is_quiet(OLD, git.path, 15)
    assert is_quiet(OLD, git.path, 15, ("docs",)), "another's files are none of ours"
    with later(16):
        assert is_quiet(OLD, git.path, 15)
    os.utime(path, (0, 0))
    assert is_quiet(OLD, git.path, 15)
    path.unlink()
    (git.path / "README.md").unlink()
    assert is_quiet(OLD, git.path, 15), "a file that was deleted has no time"


def test_a_commit_is_a_sign_of_life(git: Repo) -> None:
    git.write("docs/a.md", "a\n")
    git("add", "-A")
    git("-c", "user.name=Ada", "commit", "-q", "-m", "a")
    committed = clock.parse(git("log", "-1", "--format=%cI"))
    with clock.use(lambda: committed + timedelta(hours=8)):
        assert is_quiet(OLD, git.path, 15), "the tests commit in the morning"
        assert not is_quiet(OLD, git.path, 24 * 60)
        assert not is_quiet(OLD, git.path, 24 * 60, ("docs",))
        assert is_quiet(OLD, git.path, 24 * 60, ("src",))
    with clock.use(lambda: committed + timedelta(hours=25)):
        assert is_quiet(OLD, git.path, 24 * 60)


def test_a_vanished_worktree_shows_no_life(git: Repo) -> None:
    assert is_quiet(OLD, git.path / "gone", 15)


def test_a_lease_is_kept_read_and_dropped(project: Project) -> None:
    place = finalized_mission(project).place
    assert read_lease(place, "WP01") is None
    leases.touch(place, "WP01", "claude", "s1")
    lease = read_lease(place, "WP01")
    assert lease is not None
    assert (lease.actor, lease.session, lease.host) == ("claude", "s1", system.host())
    assert lease.to_dict(quiet=True)["state"] == "quiet"
    path = place.state / "leases" / place.key / "WP01.json"
    path.write_text("{", encoding="utf-8")
    assert read_lease(place, "WP01") is None
    path.write_text('{"actor": 5}', encoding="utf-8")
    assert read_lease(place, "WP01") is None
    leases.release(place, "WP01")
    leases.release(place, "WP01")
    assert not path.exists()


def test_the_last_one_seen_in_a_worktree_is_its_agent(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    path = mission.claim("WP01", actor="codex", session="c1").workspace.path
    found = lease_in(mission.place, path)
    assert found is not None
    assert (found.actor, found.session) == ("codex", "c1")
    assert lease_in(mission.place, project.path) is None


@needs_proc
def test_a_minute_is_enough_where_the_holders_program_is_known_to_have_ended(git: Repo) -> None:
    running = process_of(os.getpid())
    assert running is not None
    alive = replace(OLD, host=system.host(), last_seen=clock.stamp(), process=running)
    ended = replace(alive, process=replace(running, start_time=running.start_time - 1))
    unknown = (
        replace(ended, host="elsewhere"),
        replace(ended, process=replace(running, boot_id="another", start_time=1)),
        replace(ended, process=replace(running, pid_namespace="pid:[1]", start_time=1)),
    )
    assert not is_quiet(ended, git.path, 15)
    with later(2):
        assert is_quiet(ended, git.path, 15)
        assert not is_quiet(alive, git.path, 15)
        assert not any(is_quiet(each, git.path, 15) for each in unknown)
        path = git.write("half.txt", "half\n")
        os.utime(path, (clock.epoch(), clock.epoch()))
        assert not is_quiet(ended, git.path, 15), "what it began is still at work"
    assert is_quiet(ended, None, 0), "what a project sets lower stays so"
