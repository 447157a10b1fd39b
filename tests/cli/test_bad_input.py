"""What can be wrong with a repository, a file or a line: one clear error with its fix, and nothing half-written.

What is wrong with a plan (cycles, unknown dependencies, no owned files) is in tests/core/test_finalize.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import Result, run_here
from tests.support.elsewhere import needs_posix
from tests.support.git import Repo, make_repo
from tests.support.limits import run_limited
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task, make_project

SLUG = "001-tea-timer"

CREATE = "agent mission create tea-cup"
QUERY = f"next --mission {SLUG}"
TAKE = f"next --agent claude --mission {SLUG}"
STATUS = f"status --mission {SLUG}"
MOVE = f"agent tasks move-task WP01 --to blocked --agent claude --mission {SLUG}"
PLAN = f"agent mission setup-plan --mission {SLUG}"
READ = (QUERY, STATUS)
WRITE = (TAKE, MOVE)
FINE = "fine"


@dataclass(frozen=True, slots=True)
class Scene:
    """A project in trouble, and one mission in it that is ready to be worked on."""

    project: Project
    scratch: Path

    @property
    def git(self) -> Repo:
        """Git in the project."""
        return self.project.git

    @property
    def folder(self) -> Path:
        """The mission's folder."""
        return self.project.folder(SLUG)

    @property
    def prompt(self) -> Path:
        """The prompt of WP01."""
        return self.folder / "tasks" / "WP01-work.md"


@pytest.fixture
def scene(project: Project, tmp_path: Path) -> Scene:
    finalized_mission(project, Task("WP01"), Task("WP02", needs=("WP01",)))
    return Scene(project, tmp_path)


def run(line: str, cwd: Path) -> Result:
    """Run a line in a folder, asking for JSON."""
    return run_here(*line.split(), "--json", cwd=cwd)


def everything(folder: Path) -> dict[str, str | bytes]:
    """All that a command could change by mistake, locks and git's own bookkeeping left out."""
    found: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file() and _counts(name):
            found[name] = path.read_bytes()
    if (folder / ".git").exists():
        git = Repo(folder)
        found["refs"] = git("for-each-ref", check=False)
        found["staged"] = git("ls-files", "--stage", check=False)
    return found


def _counts(name: str) -> bool:
    inside, _, rest = name.partition(".git/")
    if inside or not rest:
        return not name.startswith((".kittify/runtime/state/locks/", ".worktrees/.gitignore"))
    return rest == "HEAD" or (rest.startswith("spec-kitty/") and not rest.startswith("spec-kitty/locks/"))


def assert_told(result: Result, code: str) -> None:
    """The error is one document, has this code, and says how to mend it."""
    error = result.failed(code).json()
    assert error.keys() >= {"result", "error_code", "error", "hint", "details"}
    assert error["error"]
    by_hand = "edit" in error["details"] or "install it" in error["error"]
    assert error["hint"] or by_hand, str(result)
    assert result.code in (1, 2), str(result)
    assert result.err == "", str(result)


# -- scenes ------------------------------------------------------------------------------------------------------


def nothing(scene: Scene) -> None:
    pass


def no_git(scene: Scene) -> None:
    """The project without its repository: the log in the tree is all there is."""
    shutil.rmtree(scene.project.path / ".git")


def no_identity(scene: Scene) -> None:
    (scene.scratch / "home" / ".gitconfig").write_text("")


def detached(scene: Scene) -> None:
    scene.git("switch", "-q", "--detach")


def elsewhere(scene: Scene) -> None:
    scene.git("switch", "-q", "-c", "elsewhere")


def elsewhere_without_the_folder(scene: Scene) -> None:
    elsewhere(scene)
    scene.git("rm", "-q", "-r", "kitty-specs")
    scene.git.commit("no missions here")


def dirty(scene: Scene) -> None:
    scene.git.write("README.md", "changed\n")
    scene.git.write("new file", "x")
    scene.git("add", "README.md")


def branch_kitty(scene: Scene) -> None:
    scene.git("branch", "kitty")


def config_malformed(scene: Scene) -> None:
    scene.git.write(".kittify/config.yaml", "agents:\n  available: [claude\nmerge: {}\n")


def config_invalid(scene: Scene) -> None:
    scene.git.write(".kittify/config.yaml", "merge: {strategy: octopus}\n")


def meta_malformed(scene: Scene) -> None:
    (scene.folder / "meta.json").write_text('{\n  "slug": tea\n}\n')


def meta_gone(scene: Scene) -> None:
    (scene.folder / "meta.json").unlink()
    scene.git.commit("no meta")


def lanes_malformed(scene: Scene) -> None:
    (scene.folder / "lanes.json").write_text('{"version": 1,\n')


def header_malformed(scene: Scene) -> None:
    scene.prompt.write_text("---\ntitle: x\nowned_files: [a\nb: 1\n---\nbody\n")


def header_unclosed(scene: Scene) -> None:
    scene.prompt.write_text("---\ntitle: x\n")


def header_latin(scene: Scene) -> None:
    scene.prompt.write_bytes(b"---\ntitle: caf\xe9\n---\nbody\n")


def mission_link(scene: Scene) -> None:
    scene.folder.rename(scene.scratch / "moved")
    scene.folder.symlink_to(scene.scratch / "moved")


def tasks_link(scene: Scene) -> None:
    (scene.folder / "tasks").rename(scene.scratch / "moved")
    (scene.folder / "tasks").symlink_to(scene.scratch / "moved")


def specs_link(scene: Scene) -> None:
    specs = scene.project.path / "kitty-specs"
    specs.rename(scene.scratch / "moved")
    specs.symlink_to(scene.scratch / "moved")


def lanes_circle(scene: Scene) -> None:
    (scene.folder / "lanes.json").unlink()
    (scene.folder / "lanes.json").symlink_to("lanes.json")


def journal_blocked(scene: Scene) -> None:
    journal = scene.project.path / ".git" / "spec-kitty" / "journal"
    for path in journal.glob("*.jsonl"):
        path.unlink()
        path.mkdir()


def windows(scene: Scene) -> None:
    for path in scene.folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    config = scene.project.path / ".kittify" / "config.yaml"
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))


SCENES: list[tuple[Callable[[Scene], None], dict[str, str]]] = [
    (no_git, {CREATE: "NOT_A_GIT_REPOSITORY", TAKE: "NOT_A_GIT_REPOSITORY", QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (no_identity, {CREATE: "NO_GIT_IDENTITY", TAKE: FINE, QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (detached, {CREATE: "DETACHED_HEAD", PLAN: "TARGET_NOT_CHECKED_OUT", QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (elsewhere, {PLAN: "TARGET_NOT_CHECKED_OUT", CREATE: FINE, TAKE: FINE, QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (elsewhere_without_the_folder, {PLAN: "TARGET_NOT_CHECKED_OUT", TAKE: FINE, QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (dirty, {CREATE: FINE, TAKE: FINE, QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (branch_kitty, {CREATE: "BRANCH_EXISTS", TAKE: "BRANCH_EXISTS", QUERY: FINE, STATUS: FINE, MOVE: FINE}),
    (config_malformed, {**dict.fromkeys((CREATE, PLAN, *WRITE), "MALFORMED_YAML"), **dict.fromkeys(READ, FINE)}),
    (config_invalid, {**dict.fromkeys((CREATE, PLAN, *WRITE), "CONFIG_INVALID"), **dict.fromkeys(READ, FINE)}),
    (meta_malformed, {**dict.fromkeys((PLAN, *READ, *WRITE), "MALFORMED_JSON"), CREATE: FINE}),
    (meta_gone, {**dict.fromkeys((PLAN, *READ, *WRITE), "MISSION_META_MISSING"), CREATE: FINE}),
    (lanes_malformed, {**dict.fromkeys((QUERY, TAKE, MOVE), "MALFORMED_JSON"), STATUS: FINE, CREATE: FINE}),
    (header_malformed, {**dict.fromkeys((*READ, CREATE), FINE), MOVE: "MALFORMED_YAML"}),
    (header_unclosed, {**dict.fromkeys((*READ, CREATE), FINE), MOVE: "HEADER_UNCLOSED"}),
    (header_latin, {**dict.fromkeys((*READ, CREATE), FINE), MOVE: "MALFORMED_YAML"}),
    (mission_link, {**dict.fromkeys((PLAN, *READ, *WRITE), "SYMLINK_REFUSED"), CREATE: FINE}),
    (tasks_link, {**dict.fromkeys((PLAN, *READ, *WRITE), "SYMLINK_REFUSED"), CREATE: FINE}),
    (lanes_circle, {**dict.fromkeys((*READ, TAKE), "SYMLINK_REFUSED"), CREATE: FINE}),
    (specs_link, dict.fromkeys((CREATE, PLAN, *READ, *WRITE), "SYMLINK_REFUSED")),
    (journal_blocked, {**dict.fromkeys((*READ, *WRITE), "LOG_NOT_A_FILE"), CREATE: FINE}),
    (windows, {CREATE: FINE, TAKE: FINE, QUERY: FINE, STATUS: FINE, MOVE: FINE, PLAN: FINE}),
]
TABLE = [
    pytest.param(spoil, line, expected, id=f"{spoil.__name__}: {' '.join(line.split()[:3])}")
    for spoil, lines in SCENES
    for line, expected in lines.items()
]


@pytest.mark.parametrize(("spoil", "line", "expected"), TABLE)
def test_trouble(spoil: Callable[[Scene], None], line: str, expected: str, scene: Scene) -> None:
    spoil(scene)
    before = everything(scene.project.path)
    result = run(line, scene.project.path)
    if expected == FINE:
        result.ok().json()
        return
    assert_told(result, expected)
    assert everything(scene.project.path) == before


@pytest.mark.parametrize(
    ("spoil", "line", "column", "name"),
    [
        (meta_malformed, 2, 11, "meta.json"),
        (lanes_malformed, 2, 1, "lanes.json"),
    ],
)
def test_what_cannot_be_read_is_told_with_file_line_and_column(
    spoil: Callable[[Scene], None], line: int, column: int, name: str, scene: Scene
) -> None:
    spoil(scene)
    error = run(QUERY, scene.project.path).failed().json()["error"]
    assert f"{name} line {line}, column {column}: " in error


def test_settings_that_cannot_be_read_are_told_to_who_reads_and_stop_who_changes(scene: Scene) -> None:
    config_malformed(scene)
    for line in READ:
        told = run(line, scene.project.path).ok().err
        assert ".kittify/config.yaml line 3, column 6: " in told
        assert "the default stands for it" in told


@pytest.mark.parametrize(("spoil", "line", "column"), [(header_malformed, 4, 2), (header_latin, 2, 11)])
def test_a_prompt_that_cannot_be_read_is_a_finding_of_its_work_package(
    spoil: Callable[[Scene], None], line: int, column: int, scene: Scene
) -> None:
    spoil(scene)
    where = f"WP01-work.md line {line}, column {column}: "
    board = run(STATUS, scene.project.path).ok().json()
    assert [each["id"] for each in board["work_packages"] if each["problems"]] == ["WP01"]
    assert [each["code"] for each in board["problems"]] == ["MALFORMED_YAML"]
    assert board["ready_wps"] == []
    assert where in run_here(*STATUS.split(), cwd=scene.project.path).ok().out.replace("\n    ", " ")
    asked = run(TAKE, scene.project.path).failed(exit_code=1).json()
    assert where in asked["reason"]
    assert "WP02 needs WP01" in asked["reason"]
    assert [each["code"] for each in asked["warnings"]].count("MALFORMED_YAML") == 1
    assert where in run(MOVE, scene.project.path).failed("MALFORMED_YAML").json()["error"]


def test_nobody_is_sent_to_work_whose_prompt_is_broken_and_the_others_go_on(project: Project) -> None:
    finalized_mission(project, Task("WP01"), Task("WP02"))
    spoilt = project.folder(SLUG) / "tasks" / "WP01-work.md"
    spoilt.write_text(spoilt.read_text().replace("execution_mode: code_change\n", "execution_mode: by_hand\n"))
    taken = run(TAKE, project.path).ok().json()
    assert (taken["wp_id"], [each["code"] for each in taken["warnings"]].count("FIELD_INVALID")) == ("WP02", 1)
    ready = run_here("orchestrator-api", "list-ready", "--mission", SLUG, cwd=project.path)
    assert "WP01" not in ready.out


# -- where one stands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [CREATE, *READ, *WRITE])
def test_a_folder_that_is_no_repository(line: str, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    code = "NOT_A_GIT_REPOSITORY" if line == CREATE else "MISSION_NOT_FOUND"
    assert_told(run(line, tmp_path / "plain"), code)
    assert list((tmp_path / "plain").iterdir()) == []


@pytest.mark.parametrize("line", [CREATE, "next", "next --agent claude", "agent tasks move-task WP01 --to claimed"])
def test_a_repository_that_is_no_project(line: str, git: Repo) -> None:
    before = everything(git.path)
    result = run(line, git.path)
    assert_told(result, "NOT_INITIALIZED")
    assert result.json()["hint"] == "spec-kitty init --ai claude"
    assert everything(git.path) == before


def test_a_repository_without_commits(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "new", commit=False)
    run("init --ai claude --non-interactive", repo.path).ok()
    result = run(CREATE, repo.path)
    assert_told(result, "NO_COMMITS")
    assert result.json()["hint"].startswith("git add -A")
    assert run("status", repo.path).ok().json()["missions"] == []


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECIFY_REPO_ROOT", str(tmp_path / "gone"))
    for line in (CREATE, "status", *WRITE):
        result = run(line, tmp_path)
        assert_told(result, "FOLDER_MISSING")
        assert result.json()["hint"] == "unset SPECIFY_REPO_ROOT"


def test_names_with_blanks_and_letters_of_all_kinds(tmp_path: Path) -> None:
    project = make_project(tmp_path / "mes th\u00e9s \u8336" / "it's; $(mine)")
    project.git("switch", "-q", "-c", "th\u00e9/\u8336")
    mission = finalized_mission(project, Task("WP01", owns=("src/\u8336 th\u00e9/**",)))
    (mission.folder / "notes \u8336.md").write_text("x")
    found = run(TAKE, project.path).ok().json()
    tree = Repo(Path(found["workspace_path"]))
    tree.write("src/\u8336 th\u00e9/a b.py", "a = 1\n")
    tree.commit("work")
    run(f"agent tasks move-task WP01 --to for_review --agent claude --mission {SLUG}", tree.path).ok()
    run(f"agent tasks move-task WP01 --to approved --agent codex --mission {SLUG}", project.path).ok()
    assert run(STATUS, project.path).ok().json()["by_lane"]["approved"] == ["WP01"]
    assert project.git.status() == ""


def test_a_bare_repository_with_working_trees(project: Project, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    project.git("clone", "-q", "--bare", str(project.path), str(bare))
    Repo(bare)("worktree", "add", "-q", str(tmp_path / "tree"), "main")
    tree = Project(tmp_path / "tree", Repo(tmp_path / "tree"))
    mission = finalized_mission(tree, Task("WP01"))
    for folder in (tree.path, bare):
        assert run(STATUS, folder).ok().json()["home"] == str(tree.path)
    run(TAKE, bare).ok()
    assert mission.lane("WP01") is Lane.IN_PROGRESS
    assert tree.git.status() == ""


def test_a_starting_point_that_cannot_be(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECIFY_REPO_ROOT", "~no-such-user")
    for line in (*READ, *WRITE):
        assert_told(run(line, scene.project.path), "FOLDER_MISSING")


def test_a_submodule_of_the_project(scene: Scene, tmp_path: Path) -> None:
    lib = make_repo(tmp_path / "lib")
    scene.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(lib.path), "lib")
    scene.git.commit("lib")
    inside = scene.project.path / "lib"
    for line in (*READ, MOVE):
        run(line, inside).ok()
    created = run(CREATE, inside).ok().json()
    assert created["feature_dir"] == str(scene.project.folder("002-tea-cup"))
    assert Repo(inside).status() == ""
    assert scene.git.status() == ""


def test_no_git_on_the_path(scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run(STATUS, scene.project.path).ok()
    assert_told(run(CREATE, scene.project.path), "PROGRAM_MISSING")


# -- which mission -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "selector",
    ["nobody", "999", "../001-tea-timer", "/etc", "tea/timer", "01KNRK", "\u8336", "-", "\u00b2", "\uff11", "9" * 5000],
)
def test_a_mission_that_is_not_there(selector: str, scene: Scene) -> None:
    before = everything(scene.project.path)
    for line in ("next", "next --agent claude", "status", "agent tasks move-task WP01 --to blocked"):
        result = run_here(*line.split(), f"--mission={selector}", "--json", cwd=scene.project.path)
        assert_told(result, "MISSION_NOT_FOUND")
        assert result.json()["details"]["known"] == [SLUG]
    assert everything(scene.project.path) == before


def test_a_name_that_several_missions_have(scene: Scene) -> None:
    finalized_mission(scene.project, name="tea-timer")
    before = everything(scene.project.path)
    for selector, lines in (
        ("--mission tea-timer", ("next", "next --agent claude", "status", "agent tasks move-task WP01 --to blocked")),
        ("", ("next", "next --agent claude", "agent tasks move-task WP01 --to blocked")),
    ):
        for line in lines:
            result = run(f"{line} {selector}", scene.project.path)
            assert_told(result, "MISSION_AMBIGUOUS")
            assert result.json()["details"]["candidates"] == [SLUG, "002-tea-timer"]
    assert everything(scene.project.path) == before


@pytest.mark.parametrize("name", ["9" * 5000, "WP\u00b2", "\uff11", "", "x" * 300, "WP\udcff"])
def test_a_work_package_that_is_not_there(name: str, scene: Scene) -> None:
    before = everything(scene.project.path)
    for words in (["why"], ["agent", "tasks", "move-task", "--to", "blocked"], ["agent", "action", "review"]):
        if name or words[0] != "agent" or words[1] != "action":
            assert_told(run_here(*words, "--json", "--", name, cwd=scene.project.path), "WP_NOT_FOUND")
    assert everything(scene.project.path) == before


@pytest.mark.parametrize(
    "line",
    [
        "init NAME --ai claude", "config --show-origin --mission-type NAME",
        "agent release prep --channel beta --repo NAME", "import --from kiro NAME",
        "agent tasks add-history WP01 --note @NAME", "agent tasks map-requirements --batch @NAME",
        "agent tasks move-task WP01 --to planned --review-feedback-file NAME",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "~no-such-user/x"])
def test_a_path_that_cannot_be(line: str, name: str, scene: Scene) -> None:
    before = everything(scene.project.path)
    result = run(line.replace("NAME", name), scene.project.path)
    if name.startswith("~") and line.startswith("init"):
        return
    assert result.failed().code in (1, 2), str(result)
    by_hand = ("install it", "`-` reads standard input")
    assert result.json()["hint"] or any(words in result.json()["error"] for words in by_hand), str(result)
    assert everything(scene.project.path) == before


@pytest.mark.parametrize(
    "slug", ["..", "../x", "a/b", "/etc", "A B", "", "x" * 200, "tea\n", "-x", "caf\u00e9", "x-lane-a"]
)
def test_a_slug_that_names_no_folder(slug: str, scene: Scene) -> None:
    before = everything(scene.project.path)
    result = run_here("agent", "mission", "create", "--json", "--", slug, cwd=scene.project.path)
    assert_told(result, "INVALID_SLUG")
    assert result.code == 2
    assert everything(scene.project.path) == before


# -- disks and hooks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [CREATE, *WRITE])
def test_a_read_only_repository(line: str, scene: Scene) -> None:
    modes = {path: path.stat().st_mode for path in (scene.project.path, *scene.project.path.rglob("*"))}
    before = everything(scene.project.path)
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    try:
        result = run_limited(*line.split(), "--json", cwd=scene.project.path, mortal=True)
        reading = [run_limited(*each.split(), "--json", cwd=scene.project.path, mortal=True) for each in READ]
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert_told(result, "STATE_READ_ONLY")
    assert result.json()["hint"].startswith("chmod u+rwx ")
    for each in reading:
        each.ok()
    assert everything(scene.project.path) == before


limits_files = needs_posix("a git that is ended by a signal says nothing of a full disk where there are no signals")


@pytest.mark.parametrize(
    "line",
    [CREATE, pytest.param(TAKE, marks=limits_files), MOVE, f"agent tasks add-history WP01 --note x --mission {SLUG}"],
)
def test_a_full_disk(line: str, scene: Scene) -> None:
    before = everything(scene.project.path)
    result = run_limited(*line.split(), "--json", cwd=scene.project.path, room=10)
    assert_told(result, "DISK_FULL")
    assert result.json()["hint"].startswith("df -h ")
    assert everything(scene.project.path) == before


def test_a_disk_that_is_full_in_mid_write(scene: Scene) -> None:
    mission = Mission(scene.project, SLUG)
    journal = mission.place.journal
    with journal.open("ab") as log:
        log.write(b"\n" * (8192 - journal.stat().st_size - 100))
    before = everything(scene.project.path)
    result = run_limited(*MOVE.split(), "--json", cwd=scene.project.path, room=8192)
    assert_told(result, "DISK_FULL")
    assert everything(scene.project.path) == before
    run(MOVE, scene.project.path).ok()
    assert mission.lane("WP01") is Lane.BLOCKED
    assert mission.status.problems == ()


def test_a_hook_that_refuses(scene: Scene) -> None:
    mission = Mission(scene.project, SLUG)
    mission.walk("WP01", Lane.FOR_REVIEW)
    scene.git.write("mine.txt", "staged\n")
    scene.git("add", "mine.txt")
    hook = scene.project.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    index, head = scene.git("ls-files", "--stage"), scene.git.head()
    approve = f"agent tasks move-task WP01 --to approved --agent codex --force --note read --mission {SLUG}"
    for line in (approve, CREATE):
        found = run(line, scene.project.path).ok().json()
        assert found["commit"] is None
        assert [each["code"] for each in found["warnings"]] == ["COMMIT_FAILED"]
        assert "not today" in found["warnings"][0]["message"]
        assert found["warnings"][0]["hint"] == f"spec-kitty materialize --mission {found['mission_slug']}"
        assert (scene.git("ls-files", "--stage"), scene.git.head()) == (index, head)
    assert mission.lane("WP01") is Lane.APPROVED
    hook.unlink()
    caught_up = run(f"materialize --mission {SLUG}", scene.project.path).ok().json()
    assert caught_up["commit"] == scene.git.head()
    assert scene.git("diff", "--cached", "--name-only") == "mine.txt"


def test_without_an_identity_moves_go_on(scene: Scene) -> None:
    mission = Mission(scene.project, SLUG)
    mission.walk("WP01", Lane.FOR_REVIEW)
    no_identity(scene)
    scene.git("config", "user.useConfigOnly", "true")
    approve = f"agent tasks move-task WP01 --to approved --agent codex --force --note read --mission {SLUG}"
    found = run(approve, scene.project.path).ok().json()
    assert [each["code"] for each in found["warnings"]] == ["NO_GIT_IDENTITY"]
    assert "git config --global user.name" in found["warnings"][0]["hint"]
    assert_told(run(f"agent mission finalize-tasks --mission {SLUG}", scene.project.path), "NO_GIT_IDENTITY")


def test_an_empty_specification(project: Project) -> None:
    slug = project.create()
    (project.folder(slug) / "spec.md").write_text("\r\n \r\n")
    assert_told(run(f"agent mission setup-plan --mission {slug}", project.path), "SPEC_MISSING")
    found = run(f"next --agent claude --mission {slug}", project.path).ok().json()
    assert (found["kind"], found["action"]) == ("step", "specify")
    again = run(f"next --agent claude --result success --mission {slug}", project.path).json()
    assert (again["action"], again["reason"]) == ("specify", "not finished yet")
