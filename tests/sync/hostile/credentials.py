"""Credentials files that are not as they should be."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from specify_cli.sync.auth import AuthClient
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, state_home
from tests.support.limits import run_limited
from tests.support.server import LOGIN, REFRESH
from tests.support.syncing import World, code_of
from tests.sync.hostile.row import Row

_OTHERS = '# mine\n[tracker.providers.linear]\napi_key = "k\\u0000"   # keep\n\n\n["odd name"]\r\nx = [\n  1,\n]\n'


def _log_in(world: World, *words: str) -> dict[str, object]:
    world.patch.setenv("SPEC_KITTY_PASSWORD", "secret")
    return world.run("auth", "login", "--username", "ada", *words, "--json").json()


def _nobody(content: str | None) -> Callable[[World], None]:
    """Nobody is logged in, and a login mends it."""

    def check(world: World) -> None:
        if content is not None:
            world.store.path.write_text(content, encoding="utf-8")
        assert world.store.load() is None
        told = world.run("auth", "status", "--json").ok().json()
        assert (told["authenticated"], told["warnings"]) == (False, [])
        assert code_of(world.client().usable) == "NOT_LOGGED_IN"
        assert _log_in(world)["changed"] is True

    return check


def _unusable(content: str, code: str) -> Callable[[World], None]:
    """Nothing is sent, nothing is changed, and the answer names the file."""

    def check(world: World) -> None:
        world.store.path.write_text(content, encoding="utf-8")
        told = world.run("auth", "status", "--json").ok().json()
        assert told["authenticated"] is False
        assert [one["code"] for one in told["warnings"]] == [code]
        failed = _log_in(world, "--force")
        assert failed["error_code"] == "MALFORMED_TOML"
        assert str(world.store.path) in str(failed["hint"])
        assert world.store.path.read_text(encoding="utf-8") == content
        assert world.server.requests == []

    return check


def _mode(mode: int) -> Callable[[World], None]:
    def check(world: World) -> None:
        before = world.log_in()
        world.store.path.chmod(mode)
        world.store.path.parent.chmod(0o755)
        assert world.store.load() == before
        assert world.store.path.stat().st_mode & 0o777 == 0o600
        assert world.store.path.parent.stat().st_mode & 0o777 == 0o700

    return check


def _directory(world: World) -> None:
    world.store.path.mkdir(parents=True)
    assert world.run("auth", "status", "--json").ok().json()["warnings"][0]["code"] == "FILE_UNUSABLE"
    assert _log_in(world)["error_code"] == "FILE_UNUSABLE"
    assert world.server.requests == []


def _symlink(world: World) -> None:
    world.log_in(minutes=-1)
    elsewhere = world.path / "elsewhere"
    world.store.path.rename(elsewhere)
    world.store.path.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert code_of(world.client().usable) == "SYMLINK_REFUSED"
    assert _log_in(world, "--force")["error_code"] == "SYMLINK_REFUSED"
    assert world.server.requests == []
    assert elsewhere.read_bytes() == before


def _without(line: str) -> Callable[[World], None]:
    """Half a login is none; the missing key is named, and a login mends it."""

    def check(world: World) -> None:
        world.log_in()
        text = world.store.path.read_text(encoding="utf-8")
        kept = "".join(one for one in text.splitlines(keepends=True) if not one.startswith(line))
        world.store.path.write_text(kept, encoding="utf-8")
        told = world.run("auth", "status", "--json").ok().json()
        assert told["warnings"][0]["code"] == "CREDENTIALS_INVALID"
        assert told["warnings"][0]["hint"] == "spec-kitty auth login --force"
        assert _log_in(world)["changed"] is True

    return check


def _expiry(text: str, *, refreshes: bool) -> Callable[[World], None]:
    def check(world: World) -> None:
        before = world.log_in()
        _rewrite(world, "access_expires_at", text)
        assert (world.client().usable().access != before.access) is refreshes
        assert len(world.server.sent_to(REFRESH)) == refreshes

    return check


def _rewrite(world: World, key: str, value: str) -> None:
    lines = world.store.path.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f'{key} = "{value}"\n' if line.startswith(f"{key} =") else line for line in lines]
    world.store.path.write_text("".join(changed), encoding="utf-8")


def _session_over(world: World) -> None:
    world.log_in(minutes=-1)
    _rewrite(world, "refresh_expires_at", "soon")
    assert code_of(world.client().usable) == "SESSION_EXPIRED"
    assert world.server.requests == []


def _stale_lock(world: World) -> None:
    world.log_in(minutes=-1)
    world.store.path.with_name("credentials.lock").write_text("4194304", encoding="utf-8")
    world.store.path.with_name("credentials.holder").write_text("{", encoding="utf-8")
    assert world.client().usable().access_is_valid()


def _limited(world: World, *words: str, room: int | None = None) -> dict[str, object]:
    env = {SAAS_SYNC_ENV_VAR: "1", "SPEC_KITTY_PASSWORD": "secret"}
    return run_limited(*words, "--json", cwd=world.path, room=room, mortal=True, env=env).json()


def _unwritable_lock(world: World) -> None:
    before = world.log_in()
    world.store.path.with_name("credentials.lock").chmod(0o400)
    assert _limited(world, "auth", "logout")["error_code"] == "STATE_READ_ONLY"
    assert world.store.load() == before


def _read_only_home(world: World) -> None:
    home = world.path / "read-only"
    home.mkdir(mode=0o500)
    world.patch.setenv("SPEC_KITTY_STATE_HOME", str(home / "state"))
    assert _limited(world, "auth", "status")["authenticated"] is False
    assert _limited(world, "sync", "server", world.server.url)["error_code"] == "STATE_READ_ONLY"
    assert world.server.requests == []


def _disk_full(world: World) -> None:
    before = world.log_in()
    content = world.store.path.read_bytes()
    told = _limited(world, "auth", "login", "--force", "--username", "ada", room=len(content) - 1)
    assert told["error_code"] == "DISK_FULL"
    assert world.store.path.read_bytes() == content
    assert world.store.load() == before
    assert world.server.sent_to(LOGIN) == [], "what could not have been kept was not asked for"


def _others_stay(act: Callable[[World], object]) -> Callable[[World], None]:
    """What stands in the file besides the login stays byte for byte."""

    def check(world: World) -> None:
        world.store.path.write_text(_OTHERS, encoding="utf-8", newline="")
        world.log_in(minutes=-1)
        act(world)
        assert world.store.path.read_bytes().startswith(_OTHERS.encode())

    return check


def _log_out(world: World) -> None:
    world.run("auth", "logout").ok()
    assert world.store.path.read_bytes() == _OTHERS.encode()


def _two_writers(world: World) -> None:
    """Credentials of trackers are written under the same lock while tokens are refreshed."""
    world.log_in(minutes=-1)

    def write() -> None:
        for number in range(20):
            with world.store.held():
                old = world.store.path.read_text(encoding="utf-8")
                part = f'\n[tracker.providers.p{number}]\nkey = "{number}"\n'
                _replace(world.store.path, old + part)

    def refresh() -> None:
        for _ in range(20):
            AuthClient(world.server.url).refresh_tokens()

    threads = [threading.Thread(target=write), threading.Thread(target=refresh)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = world.store.path.read_text(encoding="utf-8")
    assert all(f"[tracker.providers.p{number}]" in text for number in range(20))
    assert world.stored().refresh in world.auth.refresh


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".other")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def _anew(world: World) -> None:
    assert _log_in(world, "--force")["changed"] is True


def _home_is_private(world: World) -> None:
    assert state_home().stat().st_mode & 0o777 == 0o700


_EXPIRIES = "expiry without offset, with `Z`, garbage, year 9999"
_OTHER_PARTS = "extra sections preserved through refresh/login/logout"

ROWS: tuple[Row, ...] = (
    Row("missing", "no file", "nobody is logged in", _nobody(None)),
    Row("empty", "empty file", "nobody is logged in", _nobody("")),
    Row("empty", "only others' tables", "nobody is logged in", _nobody(_OTHERS)),
    Row("unreadable (0000)", "0000", "made readable for its owner again", _mode(0)),
    Row("world-readable", "0644", "made 0600, its folder 0700", _mode(0o644)),
    Row("directory in its place", "folder", "refused, nothing sent", _directory),
    Row("symlink", "link", "refused, nothing sent, nothing written through it", _symlink),
    Row("bad TOML", "text", "refused, nothing sent, nothing changed", _unusable("[tokens\n", "MALFORMED_TOML")),
    Row("bad TOML", "deep", "refused, nothing sent, nothing changed", _unusable("a = " + "[" * 5000, "MALFORMED_TOML")),
    Row("`tokens` a string", "string", "refused, nothing changed", _unusable('tokens = "x"\n', "CREDENTIALS_INVALID")),
    Row("missing subsections", "no user", "named; a login mends it", _without("username")),
    Row("missing subsections", "no refresh token", "named; a login mends it", _without("refresh =")),
    Row("missing subsections", "no server", "named; a login mends it", _without("url")),
    Row(_EXPIRIES, "without offset", "taken as UTC", _expiry("2999-01-01T00:00:00", refreshes=False)),
    Row(_EXPIRIES, "Z", "understood", _expiry("2999-01-01T00:00:00Z", refreshes=False)),
    Row(_EXPIRIES, "garbage", "refreshed", _expiry("soon", refreshes=True)),
    Row(_EXPIRIES, "year 9999", "understood", _expiry("9999-12-31T23:59:59.999999-14:00", refreshes=False)),
    Row(_EXPIRIES, "year 1", "refreshed", _expiry("0001-01-01T00:00:00+14:00", refreshes=True)),
    Row(_EXPIRIES, "garbage for the refresh token", "log in again, nothing sent", _session_over),
    Row("stale lock file", "left by a dead process", "no hindrance", _stale_lock),
    Row("lock file unwritable", "0400", "refused, nothing changed", _unwritable_lock),
    Row("read-only home", "home", "reading works, writing is refused", _read_only_home),
    Row("read-only home", "0755 before", "made private", _home_is_private),
    Row("disk full during write (old content must survive)", "login", "old content, nothing sent", _disk_full),
    Row(_OTHER_PARTS, "refresh", "byte for byte", _others_stay(lambda world: world.client().usable())),
    Row(_OTHER_PARTS, "login", "byte for byte", _others_stay(_anew)),
    Row(_OTHER_PARTS, "logout", "byte for byte", _others_stay(_log_out)),
    Row("concurrent writer of `[tracker.providers]`", "20 of each", "nothing is lost", _two_writers),
)
