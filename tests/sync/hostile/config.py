"""Settings of the user and of the project that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import discover
from specify_cli.sync.config import config_path, load_config
from specify_cli.sync.project_identity import ensure_identity
from specify_cli.sync.runtime import runtime_of
from tests.support.syncing import World, code_of
from tests.sync.hostile.row import Row


def _config(text: str) -> None:
    config_path().write_text(text, encoding="utf-8")


def _bad_toml(world: World) -> None:
    _config("[sync\n")
    assert [one.code for one in runtime_of(discover(world.path)).lacks] == ["MALFORMED_TOML"]
    failed = world.run("sync", "server", world.server.url, "--json").failed("MALFORMED_TOML").json()
    assert str(config_path()) in failed["hint"]
    assert config_path().read_text(encoding="utf-8") == "[sync\n"


def _size(value: str, found: int) -> Callable[[World], None]:
    def check(world: World) -> None:
        _config(f"[sync]\nmax_queue_size = {value}\n")
        assert load_config().max_queue_size == found

    return check


def _url(given: str, found: str | None) -> Callable[[World], None]:
    """An address written by hand is read, and one given to the command stored, in its one spelling; or refused."""

    def check(world: World) -> None:
        _config(f"[sync]\nserver_url = '{given}'\n")
        if found is None:
            assert code_of(load_config) == "SERVER_URL_INVALID"
            failed = world.run("sync", "server", given, "--json").failed("SERVER_URL_INVALID")
            assert "hunter2" not in failed.out
        else:
            assert load_config().server_url == found
            assert world.run("sync", "server", given, "--json").ok().json()["server"] == found
            assert load_config().server_url == found

    return check


def _empty_url(world: World) -> None:
    _config("[sync]\nserver_url = ' '\n")
    world.run("auth", "login", "--username", "ada", "--json").failed("SERVER_NOT_SET")
    assert world.run("sync", "server", "--json").ok().json()["server"] is None
    world.run("sync", "server", "", "--json").failed("SERVER_URL_INVALID")


def _project(text: str, code: str) -> Callable[[World], None]:
    """The project has no identity then; none is made up, and the file is not touched."""

    def check(world: World) -> None:
        path = world.project.path / ".kittify" / "config.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Refused, match=r"config\.yaml") as caught:
            ensure_identity(discover(world.project.path))
        assert caught.value.code == code
        assert path.read_text(encoding="utf-8") == text

    return check


def _read_only(world: World) -> None:
    path = world.project.path / ".kittify" / "config.yaml"
    path.chmod(0o400)
    before = path.read_bytes()
    one = ensure_identity(discover(world.project.path))
    assert one == ensure_identity(discover(world.project.path))
    assert path.read_bytes() == before


def _tracker(value: str) -> Callable[[World], None]:
    def check(world: World) -> None:
        path = world.project.path / ".kittify" / "config.yaml"
        before = ensure_identity(discover(world.project.path))
        path.write_text(path.read_text(encoding="utf-8") + f"tracker: {value}\n", encoding="utf-8")
        assert ensure_identity(discover(world.project.path)) == before

    return check


def _unknown(world: World) -> None:
    old = '[sync]\nserver_url = "https://old.example"  # where\n'
    text = f'# mine\ntop = 1\n\n{old}future = [1,\n 2]\n\n[other]\nx = "y"\n'
    _config(text)
    world.run("sync", "server", world.server.url).ok()
    wanted = text.replace('"https://old.example"  # where', f'"{world.server.url}"')
    assert config_path().read_text(encoding="utf-8") == wanted


_SIZES = 'max_queue_size 0, -1, "3", 1e9'
_URLS = "server_url empty, http, trailing slashes, with path, IPv6, userinfo, uppercase host, unicode host"
_PROJECT = "project config.yaml malformed, read-only, `project: []`, bad uuid"
_UUID = "project:\n  uuid: {}\n"

ROWS: tuple[Row, ...] = (
    Row("bad TOML", "config.toml", "off, and refused; not overwritten", _bad_toml),
    Row(_SIZES, "0", "the default", _size("0", 100_000)),
    Row(_SIZES, "-1", "the default", _size("-1", 100_000)),
    Row(_SIZES, '"3"', "3", _size('"3"', 3)),
    Row(_SIZES, "1e9", "1000000000", _size("1e9", 1_000_000_000)),
    Row(_SIZES, "inf", "the default", _size("inf", 100_000)),
    Row(_SIZES, '"many"', "the default", _size('"many"', 100_000)),
    Row(_SIZES, "a list", "the default", _size("[3]", 100_000)),
    Row(_URLS, "empty", "no server; said how to choose one", _empty_url),
    Row(_URLS, "http", "refused", _url("http://example.com", None)),
    Row(_URLS, "http with a name like loopback", "refused", _url("http://127.0.0.1.example.com", None)),
    Row(_URLS, "trailing slashes", "dropped", _url("https://example.com///", "https://example.com")),
    Row(_URLS, "with path", "kept", _url("https://example.com/kitty/", "https://example.com/kitty")),
    Row(_URLS, "IPv6", "understood", _url("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443")),
    Row(_URLS, "IPv6 loopback", "http is fine", _url("http://[::1]:8000", "http://[::1]:8000")),
    Row(_URLS, "half an IPv6", "refused", _url("https://[2001:db8", None)),
    Row(_URLS, "userinfo", "refused, the password not shown", _url("https://ada:hunter2@example.com", None)),
    Row(_URLS, "uppercase host", "lower case", _url("HTTPS://Example.COM:443", "https://example.com")),
    Row(
        _URLS,
        "unicode host",
        "as it goes over the wire",
        _url("https://kätzchen.example", "https://xn--ktzchen-5wa.example"),
    ),
    Row(_URLS, "query", "refused", _url("https://example.com/?x=hunter2", None)),
    Row(_URLS, "port too large", "refused", _url("https://example.com:99999", None)),
    Row(_URLS, "no scheme", "refused", _url("example.com", None)),
    Row(_PROJECT, "malformed", "refused, no new identity", _project("project: {", "MALFORMED_YAML")),
    Row(_PROJECT, "read-only", "works, nothing written to it", _read_only),
    Row(_PROJECT, "project: []", "refused, no new identity", _project("project: []\n", "CONFIG_INVALID")),
    Row(_PROJECT, "bad uuid", "refused, no new identity", _project(_UUID.format("'12'"), "CONFIG_INVALID")),
    Row(_PROJECT, "no uuid", "refused, no new identity", _project("vcs: {type: git}\n", "CONFIG_INVALID")),
    Row("tracker section a list/null", "list", "no matter for sync", _tracker("[1, 2]")),
    Row("tracker section a list/null", "null", "no matter for sync", _tracker("null")),
    Row("unknown keys preserved", "keys, tables, comments", "left as they are", _unknown),
)
