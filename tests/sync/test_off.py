"""Off means off: without the switch no command talks to anybody, and no repository can turn the switch."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from specify_cli.kernel.paths import discover
from specify_cli.sync import consent
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, state_home
from specify_cli.sync.runtime import is_on, runtime_of
from tests.house.test_table import COMMANDS, WORDS
from tests.support.project import Project, Task
from tests.support.syncing import World

# Runs each line of standard input as a command of its own and tells what it did that it must not. These are about the
# login, and read it in any case.
_ABOUT_THE_LOGIN = ("auth logout", "auth status")
_WATCH = """
import contextlib, io, json, os, sys
from specify_cli.cli import app
touched, known = [], []
def seen(event, given):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "sqlite3.connect"):
        touched.append(event)
    elif event == "open" and str(given[0]).startswith(sys.argv[1]):
        touched.append(f"open {given[0]}")
sys.addaudithook(seen)
for line in sys.stdin:
    name, words = json.loads(line)
    touched.clear()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        app.run(words)
    loaded = [each for each in ("httpx", "httpcore", "sqlite3", "ssl") if each in sys.modules and each not in known]
    known += loaded
    print(json.dumps([name, [*touched, *loaded]]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A command and what it did."""

    name: str
    did: list[str]


def watch(lines: dict[str, list[str]], cwd: Path) -> list[Watched]:
    """Run commands one after the other in one process."""
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, str(state_home())],
        cwd=cwd,
        input="".join(json.dumps([name, words]) + "\n" for name, words in lines.items()),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Watched(*json.loads(line)) for line in done.stdout.splitlines()]


@pytest.fixture
def ready(world: World) -> World:
    """Everything that sync wants but for the switch: a server, a login, consent, and a mission to tell of."""
    world.project.finalized(Task("WP01"))
    world.run("sync", "server", world.server.url, "--enable", cwd=world.project.path).ok()
    world.log_in()
    assert is_on(discover(world.project.path))
    world.patch.delenv(SAAS_SYNC_ENV_VAR)
    return world


def test_with_the_switch_off_no_command_talks_to_anybody_or_reads_the_login(ready: World) -> None:
    (ready.project.path / "occupied").mkdir()
    (ready.project.path / "occupied" / "file").touch()
    lines = {name: [*name.split(), *WORDS.get(name, [])] for name in COMMANDS if name not in _ABOUT_THE_LOGIN}
    config = str(state_home() / "config.toml")
    found = {one.name: [did for did in one.did if config not in did] for one in watch(lines, ready.project.path)}
    assert set(found) == set(lines)
    assert {name: did for name, did in found.items() if did} == {}
    assert ready.server.requests == []


def test_with_the_switch_off_the_login_can_be_shown_and_forgotten_without_a_network(ready: World) -> None:
    lines = {name: name.split() for name in _ABOUT_THE_LOGIN}
    for one in watch(lines, ready.project.path):
        assert not [did for did in one.did if not did.startswith("open ")]
    assert ready.store.load() is None
    assert ready.server.requests == []


def test_what_watches_sees(ready: World) -> None:
    ready.patch.setenv(SAAS_SYNC_ENV_VAR, "1")
    ready.patch.setenv("SPEC_KITTY_PASSWORD", "secret")
    seen = watch({"login": ["auth", "login", "--username", "ada", "--force"]}, ready.project.path)[0].did
    assert {"socket.connect", "httpx", f"open {ready.store.path}"} <= set(seen)


@pytest.fixture
def evil(world: World) -> Project:
    """A project that commits whatever could pass for consent."""
    project = world.project
    agreed = json.dumps({".": {world.server.url: "2026-01-01T00:00:00+00:00"}})
    for name in (".", ".kittify", ".kittify/runtime/state", "spec-kitty", ".spec-kitty"):
        project.git.write(f"{name}/consent.json", agreed)
    settings = f"sync: {{enabled: true, auto_start: true, consent: true, server_url: '{world.server.url}'}}\n"
    config = project.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + settings, encoding="utf-8")
    project.git.write(".kittify/local.yaml", settings)
    project.git.write(".spec-kitty/config.toml", f'[sync]\nserver_url = "{world.server.url}"\n')
    project.git("add", "--all", "--force")
    project.git.commit("agree to everything")
    return project


def test_a_cloned_repository_cannot_switch_sync_on(world: World, evil: Project) -> None:
    """Although the user has the switch on, a login, and has agreed in the clone it came from."""
    world.log_in()
    world.run("sync", "server", "--enable", cwd=evil.path).ok()
    clone = world.path / "clone"
    evil.git("clone", "--quiet", ".", str(clone))
    assert is_on(discover(evil.path))
    assert [one.code for one in runtime_of(discover(clone)).lacks] == ["NO_CONSENT"]
    _sends_nothing(world, clone)


def test_a_copied_clone_and_one_without_git_cannot_either(world: World, evil: Project) -> None:
    world.log_in()
    world.run("sync", "server", "--enable", cwd=evil.path).ok()
    copy = shutil.copytree(evil.path, world.path / "copy", symlinks=True)
    _sends_nothing(world, copy)
    world.run("sync", "server", "--enable", cwd=copy).ok()
    assert is_on(discover(copy))
    assert is_on(discover(evil.path))
    shutil.rmtree(copy / ".git")
    _sends_nothing(world, copy)
    world.run("sync", "server", "--enable", "--json", cwd=copy).failed("NOT_A_GIT_REPOSITORY")


def test_consent_for_one_server_is_none_for_another(world: World) -> None:
    repo = discover(world.project.path)
    consent.give(repo, "https://other.example")
    world.log_in()
    _sends_nothing(world, world.project.path)


def test_consent_can_be_taken_back(world: World) -> None:
    world.log_in()
    path = world.project.path
    first = world.run("sync", "server", "--enable", "--json", cwd=path).ok().json()
    again = world.run("sync", "server", "--enable", "--json", cwd=path).ok().json()
    assert first["is_on"] is True
    assert first["consent_since"] == again["consent_since"], "agreeing twice does not begin anew"
    assert world.run("sync", "server", "--disable", "--json", cwd=path).ok().json()["consent_since"] is None
    _sends_nothing(world, path)


def _sends_nothing(world: World, folder: Path) -> None:
    assert not is_on(discover(folder))
    world.run("sync", "now", "--json", cwd=folder)
    assert world.server.requests == []


@pytest.mark.parametrize(
    ("name", "command"),
    [(".git/spec-kitty/consent.json", "diagnose"), (".git/spec-kitty/checkout.json", "now")],
)
def test_a_damaged_record_in_the_git_folder_is_put_aside_as_its_hint_says(
    name: str, command: str, world: World
) -> None:
    world.log_in()
    path = world.project.path
    world.run("sync", "server", "--enable", "--json", cwd=path).ok()
    world.run("sync", "now", "--json", cwd=path).ok()
    (path / name).write_text('{"half": ', encoding="utf-8")
    told = world.run("sync", command, "--json", cwd=path).failed("MALFORMED_JSON", 1).json()
    subprocess.run(shlex.split(told["hint"]), check=True, cwd=path)
    world.run("sync", "server", "--enable", "--json", cwd=path).ok()
    world.run("sync", command, "--json", cwd=path).ok()


def test_a_config_that_cannot_be_read_is_no_missing_project(world: World) -> None:
    world.log_in()
    path = world.project.path
    world.run("sync", "server", "--enable", "--json", cwd=path).ok()
    (path / ".kittify" / "config.yaml").write_text("agents: [claude", encoding="utf-8")
    for words in (("diagnose",), ("queue", "list")):
        world.run("sync", *words, "--json", cwd=path).failed("MALFORMED_YAML", 1)
