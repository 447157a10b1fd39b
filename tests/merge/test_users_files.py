"""Files of the user's survive a merge, or the merge refuses and names them; nothing in between."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.git import Repo
from tests.support.project import Task, make_project
from tests.support.stories import Story, story

State = Callable[[Repo, str], None]

# What the merge does to each of these files of the target.
FATES = ("added", "changed", "removed", "renamed", "left")


def _changed(git: Repo, name: str) -> None:
    git.write(name, "the user's own\n")


def _staged(git: Repo, name: str) -> None:
    git.write(name, "the user's own\n")
    git("add", "-f", name)


def _staged_and_changed_again(git: Repo, name: str) -> None:
    _staged(git, name)
    git.write(name, "the user's own, once more\n")


def _intended(git: Repo, name: str) -> None:
    git.write(name, "the user's own\n")
    git("add", "-f", "-N", name)


def _ignored(git: Repo, name: str) -> None:
    (git.path / ".git/info/exclude").write_text("*.txt\n*.dir\n")
    git.write(name, "the user's own\n")


def _unlinked(git: Repo, name: str) -> None:
    git.write(name, "").unlink()
    (git.path / name).symlink_to("elsewhere")


def _a_folder(git: Repo, name: str) -> None:
    (git.path / name).unlink(missing_ok=True)
    git.write(f"{name}/mine.txt", "the user's own\n")


def _executable(git: Repo, name: str) -> None:
    if not (git.path / name).exists():
        git.write(name, "the user's own\n")
    (git.path / name).chmod(0o755)


def _hidden(git: Repo, name: str) -> None:
    git("update-index", "--assume-unchanged", name, check=False)
    git.write(name, "the user's own\n")


def _removed(git: Repo, name: str) -> None:
    (git.path / name).unlink(missing_ok=True)


STATES: tuple[State, ...] = (
    _changed, _staged, _staged_and_changed_again, _intended, _ignored, _unlinked, _a_folder, _executable, _hidden,
    _removed,
)  # fmt: skip


def _story(folder: Path) -> Story:
    project = make_project(folder / "project")
    for fate in FATES[1:]:
        project.git.write(f"{fate}.txt", "".join(f"{fate} {line}\n" for line in range(20)))
    project.git.commit("files")
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = Repo(found.mission.claim("WP01").workspace.path)
    lane.write("changed.txt", "by the lane\n")
    lane("mv", "renamed.txt", "new-name.txt")
    found.work("WP01", {"added.txt": "by the lane\n", "removed.txt": None})
    found.accept().ok()
    return found


def _seen(path: Path) -> dict[str, str]:
    """Every file that is not git's or ours."""
    found = {}
    for base, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in (".git", "kitty-specs", ".worktrees", ".kittify")]
        for name in names:
            each = Path(base) / name
            content = str(each.readlink()) if each.is_symlink() else each.read_text()
            found[each.relative_to(path).as_posix()] = f"{each.lstat().st_mode:o} {content}"
    return found


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
def test_a_file_of_the_users_in_every_state_and_place(tmp_path: Path, state: State) -> None:
    found = _story(tmp_path)
    git = found.git
    for fate in (*FATES, "new-name"):
        git("reset", "-q", "--hard")
        git("clean", "-qdfx", "-e", ".worktrees", "-e", ".kittify")
        (git.path / ".git/info/exclude").write_text("")
        name = f"{fate}.txt"
        state(git, name)
        before, refs, index = _seen(git.path), found.refs(), git("ls-files", "--stage", "-v", name)

        done = found.merge()

        if done.code:
            assert done.json()["error_code"] == "DIRTY_OVERLAP", f"{fate}\n{done}"
            named = done.json()["details"]["files"]
            assert all(each == name or each.startswith(f"{name}/") for each in named), f"{fate}: {named}"
            assert named, fate
            assert _seen(git.path) == before, fate
            assert found.refs() == refs, fate
            assert git("ls-files", "--stage", "-v", name) == index, fate
            continue
        mine = {path: text for path, text in before.items() if path == name or path.startswith(f"{name}/")}
        after = _seen(git.path)
        touched = fate != "left" and mine and "the user's own" in " ".join(mine.values())
        assert not touched, f"{fate}: merged over {mine}"
        if fate == "left":
            assert {path: after.get(path) for path in mine} == mine
            assert git("ls-files", "--stage", "-v", name) == index
        found = _story(tmp_path / fate)
        git = found.git
