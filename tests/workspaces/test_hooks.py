"""Worktrees set up by a hook and by copied files, and what becomes of each failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from specify_cli.kernel.process import is_running
from specify_cli.lanes.branch_naming import lane_id_at, lane_index
from specify_cli.workspaces.hooks import SetUp, environment, set_up
from specify_cli.workspaces.lookup import workspace_of
from specify_cli.workspaces.trust import project_of, trust, wishes
from tests.cli.commands.test_hooks import HOOK, copying, hook
from tests.support.cli import SCRIPT
from tests.support.elsewhere import needs_posix
from tests.support.git import Repo
from tests.support.loop import Agent
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.trusting import trust_all

COUNT = "#!/bin/sh\necho ran >> ran.log\n"


def trusted(project: Project) -> None:
    """Trust what the project asks for."""
    trust_all(project.path)


def ignoring(project: Project, *patterns: str) -> None:
    """Have git ignore some files, and commit all there is."""
    project.git.write(".gitignore", "".join(f"{each}\n" for each in patterns))
    project.git.commit("what git ignores")


def warnings(done: SetUp) -> list[str]:
    return [notice.code for notice in done.warnings]


def again(mission: Mission, *, limit: float = 60.0) -> SetUp:
    """Set the worktree of WP01 up once more, as the next claim does."""
    workspace = workspace_of(mission.place, mission.lanes, "WP01")
    assert workspace is not None
    return set_up(mission.place, mission.context.config, workspace, limit=limit)


@pytest.fixture
def mission(project: Project) -> Mission:
    """A mission with one work package, in a project that ignores logs and `.env`."""
    ignoring(project, "*.log", ".env*", "config/local.yml", "weird/")
    return finalized_mission(project)


# -- trust -------------------------------------------------------------------------------------------------------


def test_untrusted_hooks_do_nothing_and_the_claim_says_so(mission: Mission) -> None:
    project = mission.project
    hook(project.git, COUNT)
    copying(project, ".env")
    project.git.write(".env", "A=1\n")
    words = ("agent", "action", "implement", "WP01", "--agent", "claude", "--mission", mission.slug, "--json")
    answer = project.run_installed(*words).ok().json()
    told = [each for each in answer["warnings"] if each["code"] == "HOOK_UNTRUSTED"]
    assert [each["hint"] for each in told] == ["spec-kitty hooks trust"] * 2
    worktree = Path(answer["workspace_path"])
    assert not {".env", "ran.log"} & {each.name for each in worktree.iterdir()}
    assert "was not run" in Path(answer["prompt_file"]).read_text(encoding="utf-8")
    trusted(project)
    answer = project.run_installed(*words).ok().json()
    assert [each for each in answer["warnings"] if each["code"] == "HOOK_UNTRUSTED"] == []
    assert {".env", "ran.log"} <= {each.name for each in worktree.iterdir()}


def test_the_loop_says_it_too_and_never_asks(mission: Mission) -> None:
    hook(mission.project.git, COUNT)
    words = ("next", "--agent", "claude", "--mission", mission.slug, "--json")
    answer = mission.project.run_installed(*words, env={"SPEC_KITTY_SESSION": "s"}).ok().json()
    assert (answer["action"], answer["kind"]) == ("implement", "step")
    assert [each["code"] for each in answer["warnings"] if each["code"].startswith("HOOK")] == ["HOOK_UNTRUSTED"]


def test_a_hook_that_changed_since_is_skipped_in_new_worktrees_alone(project: Project) -> None:
    ignoring(project, "*.log")
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    hook(project.git, COUNT)
    trusted(project)
    assert mission.claim("WP01").set_up.warnings == ()
    hook(project.git, COUNT + "evil\n")
    assert mission.claim("WP01").set_up.warnings == ()
    skipped = mission.claim("WP02", actor="codex").set_up
    assert warnings(skipped) == ["HOOK_UNTRUSTED"]
    assert "it has changed since it was trusted" in skipped.warnings[0].message


# -- the hook ----------------------------------------------------------------------------------------------------


def test_a_trusted_hook_runs_once_in_a_new_worktree(mission: Mission) -> None:
    hook(mission.project.git, COUNT + "echo to the log; echo and this >&2\n")
    trusted(mission.project)
    claim = mission.claim("WP01")
    assert claim.set_up.warnings == ()
    assert claim.set_up.log == mission.project.path / f".kittify/runtime/logs/worktree-setup-{mission.slug}-lane-a.log"
    told = claim.set_up.log.read_text(encoding="utf-8").splitlines()
    assert told == [f"$ cd {claim.workspace.path} && {mission.project.path / HOOK}", "to the log", "and this"]
    assert mission.claim("WP01").set_up == claim.set_up
    assert (claim.workspace.path / "ran.log").read_text(encoding="utf-8") == "ran\n"
    assert Repo(claim.workspace.path).status() == ""
    assert mission.project.git.status() == f"?? {HOOK}"


def test_a_worktree_that_is_made_again_is_set_up_again(mission: Mission) -> None:
    hook(mission.project.git, COUNT)
    trusted(mission.project)
    path = mission.claim("WP01").workspace.path
    mission.project.git("worktree", "remove", str(path))
    mission.claim("WP01")
    assert (path / "ran.log").read_text(encoding="utf-8") == "ran\n"


def test_a_reviewer_in_another_clone_finds_the_worktree_set_up(mission: Mission, tmp_path: Path) -> None:
    project = mission.project
    Agent(mission).submit("WP01")
    hook(project.git, COUNT)
    project.git.commit("a hook")
    project.run("materialize", "--mission", mission.slug).ok()
    clone = Project(tmp_path / "clone", Repo(tmp_path / "clone"))
    project.git("clone", "-q", str(project.path), str(clone.path))
    branch = f"kitty/mission-{mission.slug}-lane-a"
    clone.git("fetch", "-q", "origin", f"{branch}:{branch}")
    trusted(clone)
    step = Agent(Mission(clone, mission.slug), "codex", "c1").next()
    assert (step.action, step.wp_id) == ("review", "WP01")
    assert (Path(str(step.workspace_path)) / "ran.log").is_file()


def test_a_hook_knows_where_it_is_and_no_secret(mission: Mission, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("GITHUB_TOKEN", "x"),
        ("DATABASE_URL", "postgres://me:pw@host/db"),
        ("HTTPS_PROXY", "http://me:pw@host"),
        ("SSH_AUTH_SOCK", "/run/agent"),
        ("GIT_DIR", "/run/other"),
        ("CARGO_HOME", "/opt/cargo"),
        ("API_ROOT", "s3cret"),
        ("http_proxy", "http://host:3128"),
        ("LC_TIME", "C"),
    ):
        monkeypatch.setenv(name, value)
    hook(mission.project.git, "#!/bin/sh\nenv > env.log; pwd > pwd.log; cat > in.log\n")
    trusted(mission.project)
    path = mission.claim("WP01").workspace.path
    lines = (path / "env.log").read_text(encoding="utf-8").splitlines()
    found = {name: value for name, _, value in (line.partition("=") for line in lines)}
    assert {name: found[name] for name in found if name.startswith("SPEC_KITTY_") and "HOME" not in name} == {
        "SPEC_KITTY_MISSION": mission.slug,
        "SPEC_KITTY_WP": "WP01",
        "SPEC_KITTY_LANE": "lane-a",
        "SPEC_KITTY_LANE_INDEX": "0",
    }
    assert (found["CARGO_HOME"], found["http_proxy"], found["LC_TIME"]) == ("/opt/cargo", "http://host:3128", "C")
    unwanted = {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "DATABASE_URL", "HTTPS_PROXY", "SSH_AUTH_SOCK", "GIT_DIR"}
    assert not (unwanted | {"API_ROOT"}) & set(found)
    assert (path / "pwd.log").read_text(encoding="utf-8") == f"{path}\n"
    assert (path / "in.log").read_text(encoding="utf-8") == ""


def test_the_environment_keeps_what_it_names_and_nothing_else() -> None:
    kept = {"HOME": "/h", "PATH": "/b", "LANG": "C", "XDG_CONFIG_HOME": "/h/.config", "no_proxy": "a", "NVM_DIR": "/n"}
    lost = {"TOKEN": "x", "PATHS": "x", "GIT_COMMON_DIR": "/g", "KEY_DIR": "not a folder", "all_proxy": "u:p@h"}
    assert environment({**kept, **lost}) == kept


@pytest.mark.parametrize("index", [0, 1, 25, 26, 27, 51, 52, 701, 702])
def test_lanes_are_numbered_as_they_are_named(index: int) -> None:
    assert lane_index(lane_id_at(index)) == index


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#!/bin/sh\necho why >&2; exit 3\n", "exit code 3"),
        ("#!/bin/sh\nkill -TERM $$\n", "it was ended by signal 15"),
        ("#!/no/such/shell\n", "its first line names the program that runs it"),
        ("echo no first line\n", "its first line names the program that runs it"),
    ],
)
def test_a_hook_that_fails_is_reported_and_the_claim_stands(text: str, said: str, mission: Mission) -> None:
    hook(mission.project.git, text)
    trusted(mission.project)
    claim = mission.claim("WP01")
    assert (claim.claimed, warnings(claim.set_up)) == (True, ["HOOK_FAILED"])
    notice = claim.set_up.warnings[0]
    assert said in notice.message
    assert str(claim.set_up.log) in notice.message
    assert notice.hint is None
    assert claim.workspace.path.is_dir()
    later = mission.claim("WP01").set_up
    assert (later.warnings, later.failed) == ((), True), "it is not run again as it is"
    hook(mission.project.git, COUNT)
    assert warnings(mission.claim("WP01").set_up) == ["HOOK_UNTRUSTED"]
    trusted(mission.project)
    assert mission.claim("WP01").set_up.warnings == ()
    assert (claim.workspace.path / "ran.log").is_file()


@needs_posix("Windows ends what was started by a program of its own")
def test_a_hook_that_hangs_is_ended_with_all_it_started(mission: Mission) -> None:
    mission.claim("WP01")
    hook(mission.project.git, "#!/bin/sh\nsleep 61.5 &\necho $! > pid.log\nsleep 61.5\n")
    trusted(mission.project)
    before = time.monotonic()
    done = again(mission, limit=0.5)
    assert time.monotonic() - before < 20
    assert "it took longer than 0.5 s and was ended" in done.warnings[0].message
    workspace = workspace_of(mission.place, mission.lanes, "WP01")
    assert workspace is not None
    assert not is_running(int((workspace.path / "pid.log").read_text(encoding="utf-8")))


@needs_posix("Windows ends what was started by a program of its own")
def test_a_killed_command_leaves_its_hook_to_end_and_then_it_runs_again(mission: Mission) -> None:
    flag = mission.project.path.parent / "flag"
    hook(mission.project.git, f"#!/bin/sh\necho ran >> ran.log\n[ -e {flag} ] || {{ touch {flag}; sleep 60; }}\n")
    trusted(mission.project)
    words = ("agent", "action", "implement", "WP01", "--agent", "claude", "--mission", mission.slug)
    with subprocess.Popen([SCRIPT, *words], cwd=mission.project.path, stdout=subprocess.DEVNULL) as running:
        until = time.monotonic() + 30
        while not flag.exists() or '"running"' not in _noted(mission):
            assert time.monotonic() < until
            time.sleep(0.01)
        running.kill()
    still = mission.claim("WP01").set_up
    assert warnings(still) == ["HOOK_FAILED"]
    assert "still at work" in still.warnings[0].message
    survivor = int(still.warnings[0].message.rpartition("pid ")[2].rstrip(")"))
    os.killpg(survivor, signal.SIGKILL)
    until = time.monotonic() + 30
    while is_running(survivor):
        assert time.monotonic() < until
        time.sleep(0.01)
    claim = mission.claim("WP01")
    assert claim.set_up.warnings == ()
    assert (claim.workspace.path / "ran.log").read_text(encoding="utf-8") == "ran\nran\n"


def _noted(mission: Mission) -> str:
    found = list((mission.project.path / ".git/worktrees").glob("*/spec-kitty/setup.json"))
    return found[0].read_text(encoding="utf-8") if found else ""


def test_eight_processes_at_once_run_it_once(mission: Mission) -> None:
    hook(mission.project.git, "#!/bin/sh\necho ran >> ran.log; sleep 0.3\n")
    trusted(mission.project)
    words = [str(SCRIPT), "agent", "action", "implement", "WP01", "--agent", "claude", "--mission", mission.slug]
    env = {**os.environ, "SPEC_KITTY_SESSION": "one"}
    running = [
        subprocess.Popen(
            [*words, "--json"], cwd=mission.project.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(8)
    ]
    answers = [json.loads(each.communicate(timeout=120)[0]) for each in running]
    assert [each.returncode for each in running] == [0] * 8, answers
    assert len({each["workspace_path"] for each in answers}) == 1
    assert [each["claimed"] for each in answers].count(True) == 1
    warned = sorted([each["code"] for each in answer["warnings"]] for answer in answers)
    assert warned == [[], *[["STEP_ALREADY_OPEN"]] * 7], "the step is new to one of them"
    path = Path(answers[0]["workspace_path"])
    assert (path / "ran.log").read_text(encoding="utf-8") == "ran\n"
    assert len(mission.project.git("worktree", "list").splitlines()) == 2


# -- files -------------------------------------------------------------------------------------------------------


def test_files_are_copied_before_the_hook_runs_with_their_permissions(mission: Mission) -> None:
    project = mission.project
    project.git.write(".env", "SECRET=1\n").chmod(0o600)
    project.git.write("config/local.yml", "a: 1\n").chmod(0o755)
    copying(project, ".env", "./config/local.yml")
    hook(project.git, "#!/bin/sh\ncp .env seen.log\n")
    trusted(project)
    claim = mission.claim("WP01")
    assert claim.set_up.warnings == ()
    path = claim.workspace.path
    assert [(path / name).read_text(encoding="utf-8") for name in (".env", "seen.log")] == ["SECRET=1\n"] * 2
    modes = [(path / name).stat().st_mode & 0o777 for name in (".env", "config/local.yml")]
    assert modes == [0o600, 0o755]
    assert Repo(path).status() == ""
    assert [each.name for each in path.parent.iterdir() if each.name != ".gitignore"] == [path.name]


REFUSED = {
    "gone.env": "there is no such file",
    "README.md": "git does not ignore it",
    "notes.txt": "git does not ignore it",
    "../secret": "it leads out of the project",
    "/etc/passwd": "it leads out of the project",
    "src/../../secret": "it leads out of the project",
    ".env.out": "it leads out of the project",
    ".git/config": "it lies in git's own folder",
    "weird": "it is not a regular file",
    ".env.pipe": "it is not a regular file",
    "'~/.ssh/id_rsa'": "there is no such file",
    "':(top).env'": "there is no such file",
    "weird/.env": "it leads out of the worktree",
    ".env.mine": "something else stands there",
    ".env.folder": "something else stands there",
}


def test_files_that_may_not_be_copied_are_named_with_the_reason(project: Project) -> None:
    secret = project.path.parent / "secret"
    secret.write_text("secret\n", encoding="utf-8")
    outside = project.path.parent / "outside"
    outside.mkdir()
    ignoring(project, "*.log", ".env*", "/weird/")
    (project.path / "linked").mkdir()
    mission = finalized_mission(project)
    path = mission.claim("WP01").workspace.path
    project.git.write("notes.txt", "mine\n")
    project.git.write(".env.mine", "of the project\n")
    project.git.write(".env.folder", "of the project\n")
    project.git.write("weird/.env", "a\n")
    (project.path / ".env.out").symlink_to("../secret")
    os.mkfifo(project.path / ".env.pipe")
    Repo(path).write(".env.mine", "of the worktree\n")
    (path / ".env.folder").mkdir()
    (path / "weird").symlink_to(outside)
    copying(project, *REFUSED)
    trusted(project)
    done = again(mission)
    assert warnings(done) == ["COPY_SKIPPED"]
    for name, reason in REFUSED.items():
        assert f"{name.strip(chr(39))} ({reason})" in done.warnings[0].message
    assert list(outside.iterdir()) == []
    assert (path / ".env.mine").read_text(encoding="utf-8") == "of the worktree\n"
    assert again(mission) == SetUp(done=("worktree.copy",)), "told once"


def test_a_list_that_grew_is_copied_once_it_is_trusted_and_nothing_is_overwritten(mission: Mission) -> None:
    project = mission.project
    project.git.write(".env", "A=1\n")
    copying(project, ".env")
    trusted(project)
    path = mission.claim("WP01").workspace.path
    project.git.write(".env.more", "B=1\n")
    copying(project, ".env", ".env.more")
    assert warnings(mission.claim("WP01").set_up) == ["HOOK_UNTRUSTED"]
    assert not (path / ".env.more").exists()
    trusted(project)
    assert mission.claim("WP01").set_up.warnings == ()
    assert (path / ".env.more").is_file()


@pytest.mark.parametrize("stage", ["scratch", "copied"])
def test_a_crash_while_copying_is_made_up_for(stage: str, mission: Mission) -> None:
    project = mission.project
    path = mission.claim("WP01").workspace.path
    project.git.write(".env", "A=1\n")
    if stage == "scratch":
        Repo(path.parent).write(f".{path.name}.copy", "A")
    else:
        Repo(path).write(".env", "A=1\n")
    copying(project, ".env")
    trusted(project)
    assert mission.claim("WP01").set_up.warnings == ()
    assert (path / ".env").read_text(encoding="utf-8") == "A=1\n"
    assert not (path.parent / f".{path.name}.copy").exists()


def test_a_planning_work_package_is_done_in_the_home_and_sets_nothing_up(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    hook(project.git, COUNT)
    trusted(project)
    assert mission.claim("WP01").set_up == SetUp()
    assert not (project.path / "ran.log").exists()


def test_a_set_up_that_cannot_be_noted_is_told_and_never_raised(mission: Mission) -> None:
    project = mission.project
    mission.claim("WP01")
    hook(project.git, COUNT)
    place = mission.place
    trust(place.repo, wishes(place.repo, project_of(place.repo), mission.context.config))
    (project.path / ".git/spec-kitty/trust.json").write_text("{", encoding="utf-8")
    done = again(mission)
    assert warnings(done) == ["HOOK_FAILED"]
    assert "trust.json line 1" in done.warnings[0].message
