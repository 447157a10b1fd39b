"""Secrets stay where they belong, and nothing a server says moves a terminal."""

from __future__ import annotations

import os
from pathlib import Path

from specify_cli.sync.config import state_home
from tests.support.server import LOGIN, REFRESH
from tests.support.serving import Answer
from tests.support.syncing import World
from tests.sync.hostile.row import Row

_PASSWORD = "correct horse battery staple"
_SECRET = (_PASSWORD, "access-", "refresh-")
_FAULTS = (
    Answer(500, f"you sent {_PASSWORD}"),
    Answer(200, "<html>"),
    Answer(401, {}),
    Answer(302, b"", {"Location": "/"}),
)


def _user(world: World) -> None:
    world.auth.users["ada"] = (_PASSWORD, "acme")
    world.patch.setenv("SPEC_KITTY_PASSWORD", _PASSWORD)


def _files(root: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8", errors="replace") for path in root.rglob("*") if path.is_file()}


def _logs(world: World) -> None:
    """After logins and refreshes, good and bad, no file but the credentials holds a secret."""
    _user(world)
    world.run("auth", "login", "-u", "ada", "--json", cwd=world.project.path).ok()
    world.client().refresh_tokens()
    world.server.fault(REFRESH, nth=2, answer=Answer(500, "no"))
    world.run("sync", "server", "--enable", cwd=world.project.path).ok()
    world.run("auth", "login", "-u", "ada", "--force", cwd=world.project.path).ok()
    for path, text in _files(world.path).items():
        held = [secret for secret in _SECRET if secret in text]
        assert path == world.store.path or not held, path
    assert _PASSWORD not in world.store.path.read_text(encoding="utf-8")


def _errors(world: World) -> None:
    _user(world)
    for answer in _FAULTS:
        world.server.faults.clear()
        world.server.fault(LOGIN, nth=0, answer=answer)
        for words in (("--json",), ()):
            said = str(world.run("auth", "login", "-u", "ada", "--force", *words).failed())
            assert not [secret for secret in _SECRET if secret in said]


def _reports(world: World) -> None:
    found = world.log_in()
    told = str(world.run("auth", "status", "--json").ok()) + str(world.run("auth", "status").ok()) + repr(found)
    assert "ada" in told
    assert found.access not in told
    assert found.refresh not in told


def _arguments(world: World) -> None:
    """There is no option for a password; one that is given all the same is not repeated."""
    for option in ("--password", "-p"):
        said = world.run("auth", "login", "-u", "ada", option, _PASSWORD, "--json").failed("USAGE_ERROR", 2)
        assert _PASSWORD not in said.out + said.err
    assert world.server.requests == []


def _escapes(world: World) -> None:
    world.auth.users["ada"] = ("secret", "acme\x1b[2J\u202eevil\n[bold]")
    world.patch.setenv("SPEC_KITTY_PASSWORD", "secret")
    for words in (("auth", "login", "-u", "ada"), ("auth", "status"), ("auth", "status", "--json")):
        said = world.run(*words).ok()
        assert "\x1b" not in said.out + said.err
        assert "\u202e" not in said.out + said.err
        assert "[bold]" in said.out


def _modes(world: World) -> None:
    """Whatever the umask, everything below the state folder is this user's alone."""
    before = os.umask(0)
    try:
        _user(world)
        world.run("sync", "server", world.server.url, "--enable", cwd=world.project.path).ok()
        world.run("auth", "login", "-u", "ada").ok()
        world.client().refresh_tokens()
    finally:
        os.umask(before)
    consent = world.project.path / ".git" / "spec-kitty" / "consent.json"
    modes = {path: path.stat().st_mode & 0o777 for path in [state_home(), consent, *state_home().rglob("*")]}
    wrong = {path: oct(mode) for path, mode in modes.items() if mode & 0o077}
    assert not wrong


_SECRETS = "secrets never in logs, errors, reports, process args"

ROWS: tuple[Row, ...] = (
    Row(_SECRETS, "logs", "in no file but the credentials", _logs),
    Row(_SECRETS, "errors", "in no message", _errors),
    Row(_SECRETS, "reports", "in no answer", _reports),
    Row(_SECRETS, "process args", "no option takes one", _arguments),
    Row("terminal escape sequences in server text neutralised", "team name", "shown as text", _escapes),
    Row("files 0600", "umask 0", "0600 and 0700", _modes),
)
