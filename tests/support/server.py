"""The server that `sync`, `auth` and `tracker` talk to, as far as a client can tell; also to be run by hand.

    python -m tests.support.server

Each part of it stands in a module of its own and adds its routes; `PARTS` lists them.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from specify_cli.kernel import clock
from tests.support.server_batch import Batch
from tests.support.server_bodies import Bodies
from tests.support.server_tracker import Tracker
from tests.support.serving import Answer, Request, Server, serving

LOGIN = "/api/v1/token/"
REFRESH = "/api/v1/token/refresh/"
HEALTH = "/api/v1/sync/health/"


@dataclass
class Auth:
    """Logins with tokens that rotate: a refresh token is good for one refresh.

    Args:
        users: user name -> password and team.
        lifetimes: of access and refresh tokens, in seconds.
        extra: further keys of each answer.
    """

    server: Server
    users: dict[str, tuple[str, str | None]] = field(default_factory=lambda: {"ada": ("secret", "acme")})
    lifetimes: tuple[float, float] = (900, 604_800)
    extra: dict[str, object] = field(default_factory=dict)
    access: dict[str, float] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server.is_valid = self.is_valid
        self.server.route("POST", LOGIN, self.login)
        self.server.route("POST", REFRESH, self.renew)
        self.server.route("GET", HEALTH, self.server.bearer(lambda _: Answer(200, {"status": "ok"})))

    def is_valid(self, token: str) -> bool:
        """Whether an access token is known and has not ended."""
        return self.access.get(token, 0) > clock.system().timestamp()

    def login(self, request: Request) -> Answer:
        """Answer a login."""
        asked = request.json()
        password, _ = self.users.get(asked["username"], (None, None))
        if password is None or password != asked["password"]:
            return Answer(401, {"detail": "no active account found with the given credentials"})
        return Answer(200, self.issue(asked["username"]))

    def renew(self, request: Request) -> Answer:
        """Answer a refresh; the token is used up."""
        with self.lock:
            username = self.refresh.pop(request.json()["refresh"], None)
        if username is None:
            return Answer(401, {"detail": "token is blacklisted", "code": "token_not_valid"})
        return Answer(200, self.issue(username))

    def issue(self, username: str) -> dict[str, object]:
        """New tokens for a user."""
        number = next(self.numbers)
        access, refresh = f"access-{number}", f"refresh-{number}"
        self.access[access] = clock.system().timestamp() + self.lifetimes[0]
        self.refresh[refresh] = username
        team = self.users[username][1]
        found: dict[str, object] = {
            "access": access,
            "refresh": refresh,
            "access_lifetime": self.lifetimes[0],
            "refresh_lifetime": self.lifetimes[1],
        }
        return {**found, **({"team_slug": team} if team else {}), **self.extra}

    def expire(self) -> None:
        """Let every access token end now."""
        self.access.clear()

    def revoke(self) -> None:
        """Let every refresh token end now."""
        self.refresh.clear()


# Each is given the server and adds its routes.
PARTS: tuple[Callable[[Server], object], ...] = (Auth, Batch, Bodies, Tracker)


@contextmanager
def running(port: int = 0) -> Iterator[Server]:
    """The whole server, listening for the length of the block."""
    server = Server()
    server.parts += [part(server) for part in PARTS]
    with serving(server, port):
        yield server


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run it by hand until Ctrl-C, telling what it is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    with running(parser.parse_args().port) as server, suppress(KeyboardInterrupt):
        say(
            f"listening at {server.url}; user ada, password secret. In another shell:\n\n"
            "  export SPEC_KITTY_STATE_HOME=$(mktemp -d) SPEC_KITTY_ENABLE_SAAS_SYNC=1\n"
            f"  spec-kitty sync server {server.url} --enable\n"
            "  echo secret | spec-kitty auth login --username ada --password-stdin\n"
            "  spec-kitty auth status\n"
            "  spec-kitty sync now\n"
        )
        told = 0
        while True:
            time.sleep(0.2)
            for request in server.requests[told:]:
                told += 1
                say(f"{request.method} {request.path} ({len(request.body)} bytes)")


if __name__ == "__main__":
    main()
