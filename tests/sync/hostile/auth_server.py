"""Hostile answers of the server to logins and refreshes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from specify_cli.kernel import clock
from specify_cli.sync.auth import AuthClient
from specify_cli.sync.credentials import CredentialStore
from tests.support.server import LOGIN, REFRESH
from tests.support.serving import Answer
from tests.support.syncing import World, code_of
from tests.sync.hostile.row import Row

_TOKENS = {"access": "a-new", "refresh": "r-new"}


def _refresh(code: str, *, still: bool = True, patience: float = 8.0, **fault: Any) -> Callable[[World], None]:
    """A refresh disturbed by a fault fails with a code; whether one is still logged in afterwards."""

    def check(world: World) -> None:
        before = world.log_in(minutes=-1)
        world.server.fault(REFRESH, **fault)
        assert code_of(world.client(timeout=patience).usable) == code
        assert world.store.load() == (before if still else None)
        assert len(world.server.sent_to("*")) == 1

    return check


def _late(**fault: Any) -> Callable[[World], None]:
    return _refresh("SERVER_TIMEOUT", patience=0.3, **fault)


def _answers(
    body: object, status: int = 200, code: str = "ANSWER_INVALID", *, still: bool = True
) -> Callable[[World], None]:
    return _refresh(code, still=still, answer=Answer(status, body))


def _lifetime(value: object, seconds: int) -> Callable[[World], None]:
    def check(world: World) -> None:
        world.log_in(minutes=-1)
        world.server.fault(REFRESH, answer=Answer(200, {**_TOKENS, "access_lifetime": value}))
        world.client().usable()
        end = world.stored().access_expires_at
        assert end is not None
        assert abs(end - clock.now() - timedelta(seconds=seconds)) < timedelta(seconds=20)

    return check


def _redirected(status: int) -> Callable[[World], None]:
    def check(world: World) -> None:
        before = world.log_in(minutes=-1)
        away = world.server.url.replace("127.0.0.1", "localhost") + "/elsewhere/"
        world.server.fault(REFRESH, answer=Answer(status, b"", {"Location": away}))
        assert code_of(world.client().usable) == "SERVER_ERROR"
        assert world.store.load() == before
        assert world.server.sent_to("/elsewhere/") == []

    return check


def _same_refresh_token(world: World) -> None:
    before = world.log_in(minutes=-1)
    world.server.fault(REFRESH, answer=Answer(200, {"access": "a-new", "refresh": before.refresh}))
    assert world.client().usable().access == "a-new"
    assert world.stored().refresh == before.refresh


def _no_refresh_token(world: World) -> None:
    before = world.log_in(minutes=-1)
    world.server.fault(REFRESH, answer=Answer(200, {"access": "a-new"}))
    assert world.client().usable().access == "a-new"
    assert world.stored().refresh == before.refresh
    assert world.stored().refresh_expires_at == before.refresh_expires_at


def _many(count: int) -> Callable[[World], None]:
    """Many at once with the same stale login: one asks the server, all get the new token."""

    def check(world: World) -> None:
        world.log_in(minutes=-1)
        found: list[str] = []
        together = threading.Barrier(count)

        def one() -> None:
            client = AuthClient(world.server.url)
            together.wait()
            found.append(client.usable().access)

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [world.stored().access] * count
        assert len(world.server.sent_to(REFRESH)) == 1

    return check


def _during_refresh(act: Callable[[World], object], then: Callable[[World], None]) -> Callable[[World], None]:
    """Something else happens while the server thinks about a refresh."""

    def check(world: World) -> None:
        world.log_in(minutes=-1)
        gate = threading.Event()
        world.server.fault(REFRESH, gate=gate)
        thread = threading.Thread(target=lambda: AuthClient(world.server.url).usable())
        other = threading.Thread(target=lambda: act(world))
        thread.start()
        while not world.server.sent_to(REFRESH):
            clock.sleep(0.01)
        other.start()
        clock.sleep(0.1)
        gate.set()
        thread.join()
        other.join()
        then(world)

    return check


def _log_out(world: World) -> None:
    world.store.clear()


def _logged_out(world: World) -> None:
    assert world.store.load() is None


def _log_in_anew(world: World) -> None:
    world.client().login("ada", "secret", force=True)


def _newest_login_stays(world: World) -> None:
    assert world.stored().access == max(world.auth.access, key=lambda name: int(name.split("-")[1]))


def _rotated_meanwhile(world: World) -> None:
    """Somebody who does not know the lock writes new tokens while the server refuses the old ones."""
    world.log_in(minutes=-1)
    gate = threading.Event()
    world.server.fault(REFRESH, answer=Answer(401, {}), gate=gate)
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(world.client().usable().access))
    thread.start()
    while not world.server.sent_to(REFRESH):
        clock.sleep(0.01)
    text = world.store.path.read_text(encoding="utf-8")
    world.store.path.write_text(
        text.replace("access-0", "access-1").replace("refresh-0", "refresh-1"), encoding="utf-8"
    )
    gate.set()
    thread.join()
    assert found == ["access-1"]
    assert world.stored().refresh == "refresh-1"


def _waiter(world: World) -> None:
    world.log_in(minutes=-1)
    with world.store.held():
        error: list[str] = []

        def wait() -> None:
            impatient = CredentialStore()

            def act() -> None:
                with impatient.held(timeout=0.1):
                    pass

            error.append(code_of(act))

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert error == ["LOCKED"]
    assert world.stored().refresh_is_valid()


def _skew(world: World) -> None:
    """The server counts its tokens as ended although ours still runs: a 401 is answered by a refresh."""
    found = world.log_in(minutes=10)
    world.auth.expire()
    assert world.client().refresh_tokens(found).access != found.access


def _token(value: str, code: str | None) -> Callable[[World], None]:
    """A token with unusual characters is kept and sent as it is, or refused on arrival; nothing else happens."""

    def check(world: World) -> None:
        before = world.log_in(minutes=-1)
        world.server.fault(REFRESH, answer=Answer(200, {"access": value, "refresh": "r-new"}))
        if code is None:
            assert world.client().usable().access == value
            assert world.stored().access == value
        else:
            assert code_of(world.client().usable) == code
            assert world.store.load() == before

    return check


def _rejected_login(world: World) -> None:
    before = world.log_in()
    assert code_of(lambda: world.client().login("ada", "wrong")) == "LOGIN_REJECTED"
    assert world.store.load() == before
    assert len(world.server.sent_to(LOGIN)) == 1


_MALFORMED = "200 with HTML / empty / JSON array / null / missing access or refresh / numbers as tokens / 10 MB body"
_LIFETIMES = 'lifetimes "900", "abc", 0, -5, 1e12, null'
_ODD = "token containing newline/quote/backslash/unicode (TOML and header injection)"
_REDIRECT = "redirect to http or other host"
_TEN_YEARS = 10 * 365 * 86_400
_UNTOUCHED = "unavailable; still logged in"

ROWS: tuple[Row, ...] = (
    Row(_MALFORMED, "HTML", _UNTOUCHED, _answers("<html>welcome</html>")),
    Row(_MALFORMED, "empty", _UNTOUCHED, _answers(b"")),
    Row(_MALFORMED, "JSON array", _UNTOUCHED, _answers([_TOKENS])),
    Row(_MALFORMED, "null", _UNTOUCHED, _answers("null")),
    Row(_MALFORMED, "missing access", _UNTOUCHED, _answers({"refresh": "r"})),
    Row(_MALFORMED, "missing refresh", "the old one is kept", _no_refresh_token),
    Row(_MALFORMED, "numbers", _UNTOUCHED, _answers({"access": 1, "refresh": 2})),
    Row(_MALFORMED, "a number as refresh token", _UNTOUCHED, _answers({"access": "a", "refresh": 2})),
    Row(_MALFORMED, "half a character as team", _UNTOUCHED, _answers({**_TOKENS, "team_slug": "\ud800"})),
    Row(_MALFORMED, "nested too deeply", _UNTOUCHED, _answers(b"[" * 100_000)),
    Row(_MALFORMED, "10 MB", _UNTOUCHED, _answers(b" " * 10_000_000, code="ANSWER_TOO_LARGE")),
    Row(_LIFETIMES, '"900"', "900 s", _lifetime("900", 900)),
    Row(_LIFETIMES, '"abc"', "the default", _lifetime("abc", 900)),
    Row(_LIFETIMES, "0", "the default", _lifetime(0, 900)),
    Row(_LIFETIMES, "-5", "the default", _lifetime(-5, 900)),
    Row(_LIFETIMES, "1e12", "ten years", _lifetime(1e12, _TEN_YEARS)),
    Row(_LIFETIMES, "null", "the default", _lifetime(None, 900)),
    Row(_LIFETIMES, "true", "the default", _lifetime(True, 900)),
    Row("401 with/without JSON", "with", "logged out", _answers({}, 401, "SESSION_EXPIRED", still=False)),
    Row("401 with/without JSON", "without", "logged out", _answers("no", 401, "SESSION_EXPIRED", still=False)),
    Row("401 with/without JSON", "at login", "rejected; the old login stays", _rejected_login),
    Row(
        "400 invalid_grant", "at refresh", "logged out",
        _answers({"error": "invalid_grant"}, 400, "SESSION_EXPIRED", still=False),
    ),
    Row("400 invalid_grant", "any other 400", _UNTOUCHED, _answers({"error": "x"}, 400, "SERVER_ERROR")),
    Row("409", "at refresh", _UNTOUCHED, _answers({}, 409, "SERVER_ERROR")),
    Row("429", "at refresh", _UNTOUCHED, _answers({}, 429, "SERVER_ERROR")),
    Row("500", "at refresh", _UNTOUCHED, _answers({}, 500, "SERVER_ERROR")),
    Row("502 HTML", "at refresh", _UNTOUCHED, _answers("<html>bad gateway</html>", 502, "SERVER_ERROR")),
    Row("slow drip beyond 8 s", "body", _UNTOUCHED, _late(answer=Answer(200, _TOKENS), drip=0.1)),
    Row("slow drip beyond 8 s", "headers", _UNTOUCHED, _late(drip_head=0.1)),
    Row("slow drip beyond 8 s", "no answer", _UNTOUCHED, _late(delay=5)),
    Row(
        "connection reset mid-body", "reset", _UNTOUCHED,
        _refresh("SERVER_RESET", answer=Answer(200, "x" * 1000), reset="mid"),
    ),
    Row("connection reset mid-body", "before the answer", _UNTOUCHED, _refresh("SERVER_RESET", reset="before")),
    Row(
        "connection reset mid-body", "closed", _UNTOUCHED,
        _refresh("ANSWER_BROKEN", answer=Answer(200, "x" * 1000), reset="close"),
    ),
    Row(_REDIRECT, "302", "not followed; still logged in", _redirected(302)),
    Row(_REDIRECT, "307", "not followed; still logged in", _redirected(307)),
    Row("refresh returning the same token", "same", "stored like any other", _same_refresh_token),
    Row("refresh rotating while another process waits", "stale 401", "the new tokens are used", _rotated_meanwhile),
    Row("logout during refresh", "logout", "logged out in the end", _during_refresh(_log_out, _logged_out)),
    Row("login during refresh", "login", "the new login stays", _during_refresh(_log_in_anew, _newest_login_stays)),
    Row("two processes refreshing (N=2, 10)", "2", "one request, all have the token", _many(2)),
    Row("two processes refreshing (N=2, 10)", "10", "one request, all have the token", _many(10)),
    Row("third waiter exceeding the lock timeout", "waiter", "told to try again", _waiter),
    Row("server clock skew (expiry already past)", "ended early", "refreshed", _skew),
    Row(_ODD, "newline", "refused; still logged in", _token("a\r\nX-Evil: 1", "ANSWER_INVALID")),
    Row(_ODD, "quote", "kept as it is", _token('a"b\'""""c', None)),
    Row(_ODD, "backslash", "kept as it is", _token("a\\n\\", None)),
    Row(_ODD, "unicode", "refused; still logged in", _token("päss\ud83d", "ANSWER_INVALID")),
    Row(_ODD, "blank", "refused; still logged in", _token("a b", "ANSWER_INVALID")),
)  # fmt: skip
