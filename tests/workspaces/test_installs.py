"""Tests that would test another checkout are found on what they were installed with."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from specify_cli.kernel.paths import discover
from specify_cli.workspaces.install_evidence import Leak
from specify_cli.workspaces.installs import Look, look, mended, way_out
from tests.support.git import Repo

FINDER = """import sys
MAPPING: dict[str, str] = {{'tea': {place!r}}}
NAMESPACES: dict[str, list[str]] = {{}}
"""


@pytest.fixture
def worktree(git: Repo) -> Repo:
    """A worktree below a main checkout, both with a package below `src`."""
    git.write("src/tea/__init__.py", "steep = 3\n")
    git.write(".gitignore", ".worktrees/\n.venv/\nnode_modules\n")
    git.commit("a package")
    path = git.path / ".worktrees/001-x-accept"
    git("worktree", "add", "-q", "--detach", str(path))
    return Repo(path)


def venv(folder: Path, **files: str) -> Path:
    """A virtual environment with files among its packages; its interpreter."""
    interpreter = folder / "bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to("/usr/bin/env")
    (folder / "pyvenv.cfg").write_text("home = /nowhere/bin\ninclude-system-site-packages = false\n")
    for name, text in files.items():
        path = folder / "lib/python3.11/site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("pytest", "mypy", "tea-tests"):
        (interpreter.parent / name).write_text(f"#!{interpreter}\nimport sys\n")
        (interpreter.parent / name).chmod(0o755)
    return interpreter


def editable(place: Path, how: str) -> dict[str, str]:
    """What an editable install leaves among the packages."""
    direct = json.dumps({"dir_info": {"editable": True}, "url": place.as_uri()})
    if how == "finder":
        return {
            "__editable___tea_1_0_finder.py": FINDER.format(place=str(place / "src/tea")),
            "__editable__.tea-1.0.pth": "import __editable___tea_1_0_finder; __editable___tea_1_0_finder.install()\n",
            "tea-1.0.dist-info/direct_url.json": direct,
        }
    if how == "pth":
        return {"__editable__.tea-1.0.pth": f"{place / 'src'}\n", "tea-1.0.dist-info/direct_url.json": direct}
    if how == "egg":
        return {"tea.egg-link": f"{place / 'src'}\n.", "easy-install.pth": f"{place / 'src'}\n"}
    if how == "copy":
        return {
            "tea-1.0.dist-info/direct_url.json": json.dumps({"dir_info": {}, "url": place.as_uri()}),
            "tea-1.0.dist-info/RECORD": "tea/__init__.py,,\n",
        }
    return {"tea-1.0.dist-info/direct_url.json": direct}


def seen(worktree: Repo, command: Sequence[str] | str, **env: str) -> Look:
    repo = discover(worktree.path)
    return look(repo, worktree.path, [command], {"PATH": os.defpath, **env})


@pytest.mark.parametrize("how", ["finder", "pth", "egg", "copy", "direct"])
def test_an_install_of_the_main_checkout_is_a_way_out(worktree: Repo, git: Repo, how: str) -> None:
    interpreter = venv(git.path / ".venv", **editable(git.path, how))
    found = Look()
    for command in (
        [str(interpreter.with_name("pytest")), "-q"],
        [str(interpreter), "-m", "pytest"],
        f"cd . && {interpreter} tests/run.py | cat",
        f"sh -c '{interpreter.with_name('tea-tests')} -q'",
        f"timeout 60 env A=b {interpreter.with_name('pytest')}",
    ):
        found = seen(worktree, command)
        assert [(each.kind, each.name, each.checkout) for each in found.leaks] == [("python", "tea", git.path)]
        assert found.blind == ()
    assert "PYTHONPATH=src" in way_out(found.leaks)
    line = f"{interpreter.with_name('pytest')} -q"
    assert mended(line, found.leaks) == f"env PYTHONPATH=src {line}"
    assert seen(worktree, mended(line, found.leaks)) == Look()
    assert seen(worktree, "pytest", PATH=str(interpreter.parent)).leaks == found.leaks
    assert seen(worktree, "mypy src", PATH=str(interpreter.parent)).leaks == found.leaks
    assert seen(worktree, "ruff check", PATH=str(interpreter.parent)) == Look()


@pytest.mark.parametrize("how", ["finder", "pth", "direct"])
def test_an_install_of_the_worktree_itself_or_of_another_repository_is_none(
    worktree: Repo, git: Repo, tmp_path: Path, how: str
) -> None:
    own = venv(worktree.path / ".venv", **editable(worktree.path, how))
    assert seen(worktree, ".venv/bin/pytest") == Look()
    assert seen(worktree, [str(own), "-m", "pytest"]) == Look()
    (tmp_path / "other/src/tea").mkdir(parents=True)
    other = venv(git.path / ".venv", **editable(tmp_path / "other", how))
    assert seen(worktree, [str(other), "-m", "pytest"]) == Look()
    assert seen(worktree, "no-such-program") == Look()
    assert seen(worktree, ".venv/bin/nothing") == Look()


def test_another_worktree_of_the_repository_is_another_checkout_too(worktree: Repo, git: Repo) -> None:
    lane = git.path / ".worktrees/001-x-lane-a"
    git("worktree", "add", "-q", "--detach", str(lane))
    interpreter = venv(lane / ".venv", **editable(lane, "pth"))
    assert [each.checkout for each in seen(worktree, [str(interpreter), "x.py"]).leaks] == [lane]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["lib", "src"]\n'),
        ("pytest.ini", "[pytest]\npythonpath = src\n"),
        ("setup.cfg", "[tool:pytest]\npythonpath =\n    src\n"),
    ],
)
def test_what_pytest_puts_first_is_no_way_out(worktree: Repo, git: Repo, name: str, text: str) -> None:
    interpreter = venv(git.path / ".venv", **editable(git.path, "pth"))
    worktree.write(name, text)
    assert seen(worktree, [str(interpreter.with_name("pytest"))]) == Look()
    assert seen(worktree, [str(interpreter), "-m", "unittest"]).leaks != ()


def test_a_package_at_the_root_is_found_where_the_root_comes_first(worktree: Repo, git: Repo) -> None:
    for repo in (git, worktree):
        repo.write("flat/__init__.py", "")
    interpreter = venv(git.path / ".venv", **{"flat.pth": f"{git.path}\n"})
    pytest_script = [str(interpreter.with_name("pytest"))]
    assert [each.name for each in seen(worktree, pytest_script).leaks] == ["flat"]
    assert seen(worktree, [str(interpreter), "-m", "pytest"]) == Look()
    assert seen(worktree, [str(interpreter), "-P", "-m", "pytest"]).leaks != ()
    assert seen(worktree, pytest_script, PYTHONPATH=".") == Look()
    worktree.write("conftest.py", "")
    assert seen(worktree, pytest_script) == Look()
    assert seen(worktree, [*pytest_script, "--import-mode=importlib"]).leaks != ()


def test_a_variable_that_leads_into_the_main_checkout_is_named(worktree: Repo, git: Repo) -> None:
    interpreter = venv(git.path / ".venv")
    found = seen(worktree, [str(interpreter), "x.py"], PYTHONPATH=f"{git.path / 'src'}")
    assert [each.name for each in found.leaks] == ["PYTHONPATH"]


def test_links_in_node_modules_are_followed(worktree: Repo, git: Repo) -> None:
    git.write("packages/core/index.js", "")
    worktree.write("packages/core/index.js", "")
    modules = git.path / "node_modules"
    (modules / "@tea").mkdir(parents=True)
    (modules / "@tea/core").symlink_to("../../packages/core")
    (modules / ".pnpm/left-pad").mkdir(parents=True)
    (modules / "left-pad").symlink_to(".pnpm/left-pad")
    for command in ("npm test", "npx vitest run", "CI=1 node --test", "node_modules/.bin/jest"):
        assert [(each.kind, each.name) for each in seen(worktree, command).leaks] == [("node", "@tea/core")]
    own = worktree.path / "node_modules/@tea"
    own.mkdir(parents=True)
    (own / "core").symlink_to("../../packages/core")
    assert seen(worktree, "npm test") == Look()


def test_paths_of_go_are_followed(worktree: Repo, git: Repo) -> None:
    worktree.write("go.mod", "module example.com/tea\n\nreplace example.com/cup => ./cup\n")
    assert seen(worktree, "go test ./...") == Look()
    git.write("go.work", "go 1.22\n\nuse (\n\t.\n\t./cup // ours\n)\n")
    found = seen(worktree, "go test ./...")
    assert {each.leads_to for each in found.leaks} == {git.path, git.path / "cup"}
    assert seen(worktree, "env GOWORK=off go test ./...") == Look()
    assert mended("go test ./...", found.leaks) == "env GOWORK=off go test ./..."
    worktree.write("go.mod", f"module example.com/tea\n\nreplace example.com/cup v1.0.0 => {git.path}/cup\n")
    assert [each.name for each in seen(worktree, "GOWORK=off go test").leaks] == ["example.com/cup"]


def test_paths_of_rust_are_followed(worktree: Repo, git: Repo) -> None:
    worktree.write("Cargo.toml", '[dependencies]\ncup = { path = "cup" }\n\n[[bin]]\nname = "x"\npath = "x.rs"\n')
    assert seen(worktree, "cargo test") == Look()
    git.write(".cargo/config.toml", 'paths = ["cup"]\n')
    assert [each.leads_to for each in seen(worktree, "cargo test").leaks] == [git.path / "cup"]
    (git.path / ".cargo/config.toml").write_text("not toml [")
    worktree.write("Cargo.toml", f'[patch.crates-io]\ncup = {{ path = "{git.path}/cup" }}\n')
    assert [each.name for each in seen(worktree, "cargo test").leaks] == ["cup"]


@pytest.mark.parametrize(
    ("command", "blind"),
    [
        ("make test", ["make test"]),
        (["tox", "-e", "py"], ["tox -e py"]),
        ("docker compose run tests && echo done", ["docker compose run tests"]),
        ("./run-tests.sh", ["./run-tests.sh"]),
        ("sh run-tests.sh", ["sh run-tests.sh"]),
        ("sh -c 'make test'", ["sh -c 'make test'"]),
        ("uv run --active pytest", ["uv run --active pytest"]),
        ("poetry run pytest", ["poetry run pytest"]),
        ("echo 'unclosed", ['sh "echo \'unclosed"']),
        ("uv run pytest", []),
        ("test -f x || grep -q y z; true", []),
        ("", []),
    ],
)
def test_what_nobody_can_look_into_is_said(worktree: Repo, command: str | list[str], blind: list[str]) -> None:
    worktree.write("run-tests.sh", "#!/bin/sh\npytest\n")
    found = seen(worktree, command)
    assert found.leaks == ()
    assert len(found.blind) == len(blind)
    assert all(each.split()[0] in found.blind[0] for each in blind)


def test_a_main_checkout_stands_for_a_new_worktree(git: Repo, worktree: Repo) -> None:
    repo = discover(git.path)
    interpreter = venv(git.path / ".venv", **editable(git.path, "pth"))
    env = {"PATH": f"{interpreter.parent}:{os.defpath}"}
    assert [each.checkout for each in look(repo, git.path, ["pytest"], env).leaks] == [git.path]
    assert look(repo, git.path, [".venv/bin/pytest"], env) == Look(), "a new worktree has none before it is set up"
    git.write("go.mod", "module example.com/tea\n\nreplace example.com/cup => ./cup\n")
    assert look(repo, git.path, ["go test"], env) == Look()
    git.write("go.mod", f"module example.com/tea\n\nreplace example.com/cup => {git.path}/cup\n")
    assert len(look(repo, git.path, ["go test"], env).leaks) == 1


def test_several_ways_out_are_mended_together_or_not_at_all() -> None:
    python = Leak("python", "tea", Path("/p/src"), Path("/p"), Path("/v/x.pth"), "src")
    rust = Leak("rust", "cup", Path("/p/cup"), Path("/p"), Path("/p/Cargo.toml"))
    assert mended("pytest", [python, rust]) == ""
    assert mended("pytest && true", [python]) == ""
    assert "PYTHONPATH=src" in way_out([python, rust])
    assert "crates" in way_out([python, rust])
