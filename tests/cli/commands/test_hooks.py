from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT
from tests.support.git import Repo
from tests.support.missions import finalized_mission
from tests.support.project import Project
from tests.support.terminal import at_a_terminal
from tests.support.trusting import trust_all

HOOK = ".kittify/hooks/worktree-setup"
TEXT = "#!/bin/sh\necho \x1b[2J \u202e \u200b \udcff \ufdd0\r\n\n\necho end\n"


def hook(repo: Repo, text: str = TEXT) -> Path:
    """Write the hook of a project."""
    path = repo.path / HOOK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o755)
    return path


def copying(project: Project, *names: str) -> None:
    """Have files copied into new worktrees."""
    config = project.path / ".kittify/config.yaml"
    told = [line for line in config.read_text(encoding="utf-8").splitlines() if not line.startswith("worktree:")]
    config.write_text("\n".join([*told, f"worktree: {{copy: [{', '.join(names)}]}}", ""]), encoding="utf-8")


def states(project: Project) -> dict[str, str]:
    found = project.run("hooks", "list", "--json").ok().json()["hooks"]
    return {each["name"]: each["state"] for each in found if each["name"] != "accept.tests"}


def test_without_hooks_there_is_nothing_to_trust(project: Project) -> None:
    assert states(project) == {"worktree.copy": "missing", "worktree-setup": "missing"}
    assert "nothing new to trust" in project.run("hooks", "trust").ok().out
    assert project.run("hooks", "trust", "--json").ok().json()["trusted"] == []
    assert not (project.path / ".git/spec-kitty/trust.json").exists()


def test_hooks_are_untrusted_trusted_changed_and_trusted_again(project: Project) -> None:
    hook(project.git)
    copying(project, ".env")
    assert states(project) == {"worktree.copy": "untrusted", "worktree-setup": "untrusted"}
    assert "Trusted in this clone: worktree.copy, worktree-setup" in trust_all(project.path)
    assert states(project) == {"worktree.copy": "trusted", "worktree-setup": "trusted"}
    hook(project.git, TEXT + "echo more\n")
    assert states(project) == {"worktree.copy": "trusted", "worktree-setup": "changed"}
    copying(project, ".env", "more")
    assert states(project) == {"worktree.copy": "changed", "worktree-setup": "changed"}
    assert "changed" in project.run("hooks", "list").ok().out
    hook(project.git)
    assert states(project)["worktree-setup"] == "trusted"
    (project.path / HOOK).unlink()
    assert states(project)["worktree-setup"] == "missing"
    assert project.git.status().splitlines() == [" M .kittify/config.yaml"], "nothing is written into the tree"


def test_every_line_is_shown_and_nothing_a_terminal_obeys(project: Project) -> None:
    hook(project.git)
    shown = at_a_terminal(SCRIPT, "hooks", "trust", typed="n\n", cwd=project.path, env={"NO_COLOR": "1"})
    assert f"{HOOK}: 5 lines, run in every new worktree" in shown
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in lines if line[:1].isdigit()] == [
        "1  #!/bin/sh",
        r"2  echo \x1b[2J \u202e \u200b \udcff \ufdd0\r",
        "3",
        "4",
        "5  echo end",
    ]
    assert "Error: nothing was trusted" in shown
    assert states(project)["worktree-setup"] == "untrusted"


def test_a_yes_at_the_terminal_is_kept_in_the_git_folder(project: Project) -> None:
    hook(project.git)
    at_a_terminal(SCRIPT, "hooks", "trust", typed="y\n", cwd=project.path)
    assert states(project)["worktree-setup"] == "trusted"
    assert (project.path / ".git/spec-kitty/trust.json").is_file()
    assert (project.path / ".git/spec-kitty").stat().st_mode & 0o077 == 0
    path = project.path.with_name("clone")
    project.git("clone", "-q", str(project.path), str(path))
    clone = Project(path, Repo(path))
    hook(clone.git)
    assert states(clone)["worktree-setup"] == "untrusted", "another clone decides for itself"


@pytest.mark.parametrize("mode", [(), ("--json",), ("--yes", "--json")])
def test_nobody_is_asked_without_a_terminal(mode: tuple[str, ...], project: Project) -> None:
    hook(project.git)
    refused = project.run_installed("hooks", "trust", *mode)
    assert refused.code == 2
    if mode:
        document = refused.failed("CONFIRMATION_REQUIRED").json()
        assert document["hint"] == "spec-kitty hooks list"
        assert document["details"]["hooks"][0]["lines"][0] == "#!/bin/sh"
    else:
        assert "1  #!/bin/sh" in refused.out
    assert states(project)["worktree-setup"] == "untrusted"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("mode", "it is not executable"),
        ("folder", "it is not a regular file"),
        ("pipe", "it is not a regular file"),
        ("binary", "it is no text"),
        ("large", "it is larger than 1 MiB"),
        ("outside", "it leads out of the project"),
        ("nowhere", "there is no such file"),
        ("circle", "it cannot be reached"),
        ("git", "it lies in git's own folder"),
    ],
)
def test_what_cannot_be_read_as_it_will_run_is_never_trusted(problem: str, said: str, project: Project) -> None:
    path = hook(project.git)
    if problem == "mode":
        path.chmod(0o644)
    elif problem == "binary":
        path.write_bytes(b"\x7fELF\0\1")
    elif problem == "large":
        path.write_bytes(b"#" * (1 << 20) + b"#")
    else:
        path.unlink()
        outside = project.path.parent / "outside"
        outside.write_text("#!/bin/sh\n", encoding="utf-8")
        outside.chmod(0o755)
        inside = project.path / ".git/hooks/mine"
        inside.write_text("#!/bin/sh\n", encoding="utf-8")
        inside.chmod(0o755)
        targets = {
            "outside": "../../../outside",
            "nowhere": "gone",
            "circle": path.name,
            "git": "../../.git/hooks/mine",
        }
        if problem == "folder":
            path.mkdir()
        elif problem == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(targets[problem])
    found = project.run("hooks", "list", "--json").ok().json()["hooks"][1]
    assert (found["state"], found["problem"]) == ("untrusted", said)
    assert said in project.run("hooks", "list").ok().out
    assert said in project.run("hooks", "trust", "--yes", "--json").failed("HOOK_UNTRUSTED", 1).json()["error"]
    assert states(project)["worktree-setup"] == "untrusted"
    copying(project, ".env")
    assert "Trusted in this clone: worktree.copy\n" in at_a_terminal(
        SCRIPT, "hooks", "trust", typed="y\n", cwd=project.path, env={"NO_COLOR": "1"}
    )
    assert states(project) == {"worktree.copy": "trusted", "worktree-setup": "untrusted"}


def test_a_link_within_the_project_is_followed(project: Project) -> None:
    path = hook(project.git)
    path.rename(project.path / "setup.sh")
    path.symlink_to("../../setup.sh")
    trust_all(project.path)
    found = project.run("hooks", "list", "--json").ok().json()["hooks"][1]
    assert (found["state"], found["path"]) == ("trusted", str(project.path / "setup.sh"))


def test_a_lanes_copy_of_the_hook_counts_for_nothing(project: Project) -> None:
    hook(project.git)
    project.git.commit("the hook")
    trust_all(project.path)
    worktree = finalized_mission(project).work("WP01", "a.txt")
    hook(worktree, "#!/bin/sh\nevil\n")
    copied = project.run("hooks", "list", "--json", cwd=worktree.path).ok().json()["hooks"][1]
    assert (copied["state"], copied["path"]) == ("trusted", str(project.path / HOOK))


def test_outside_git_there_are_no_worktrees_to_set_up(tmp_path: Path) -> None:
    Project(tmp_path, Repo(tmp_path)).run("hooks", "list", "--json").failed("NOT_A_GIT_REPOSITORY", 1)


def test_what_was_trusted_and_cannot_be_read_is_said(project: Project) -> None:
    hook(project.git)
    store = project.path / ".git/spec-kitty/trust.json"
    store.parent.mkdir(exist_ok=True)
    store.write_text("{", encoding="utf-8")
    project.run("hooks", "list", "--json").failed("MALFORMED_JSON", 1)
    store.write_text('{"worktree-setup": 3}', encoding="utf-8")
    assert states(project)["worktree-setup"] == "untrusted"
