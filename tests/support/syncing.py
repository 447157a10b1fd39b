"""A user, a server and a clone, for tests of sync."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel import clock
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.sync.account import Account
from specify_cli.sync.auth import AuthClient
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR, save_server
from specify_cli.sync.credentials import Credentials, CredentialStore
from tests.support.cli import Result, run_here
from tests.support.project import Project, make_project
from tests.support.server import Auth
from tests.support.serving import Server


@dataclass
class World:
    """The switch is on and the server chosen; nobody is logged in, and no clone has agreed to anything.

    Args:
        path: a scratch folder.
        server: listening.
        patch: to change the environment.
    """

    path: Path
    server: Server
    patch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.patch.setenv(SAAS_SYNC_ENV_VAR, "1")
        save_server(self.server.url)

    @cached_property
    def project(self) -> Project:
        """A project in a repository."""
        return make_project(self.path / "project")

    @property
    def auth(self) -> Auth:
        """What the server knows of logins."""
        return self.server.part(Auth)

    @property
    def store(self) -> CredentialStore:
        """The user's credentials."""
        return CredentialStore()

    def client(self, *, timeout: float = 8.0) -> AuthClient:
        """Who refreshes tokens."""
        return AuthClient(self.server.url, timeout=timeout)

    def log_in(self, username: str = "ada", *, minutes: float = 15) -> Credentials:
        """Put a login into the credentials as the server gives it.

        Args:
            minutes: for which the access token holds; negative: it has ended.
        """
        issued = self.auth.issue(username)
        team = self.auth.users[username][1]
        now = clock.now()
        found = Credentials(
            Account(self.server.url, username, team),
            str(issued["access"]),
            str(issued["refresh"]),
            now + timedelta(minutes=minutes),
            now + timedelta(days=7),
        )
        self.store.save(found)
        return found

    def stored(self) -> Credentials:
        """The login in the credentials."""
        found = self.store.load()
        assert found is not None
        return found

    def run(self, *words: str, cwd: Path | None = None, input: str = "") -> Result:
        """Run a command in this process."""
        return run_here(*words, cwd=cwd or self.path, input=input)


def code_of(act: Any) -> str:
    """The code of the error that a call must raise."""
    with pytest.raises(SpecKittyError) as caught:
        act()
    return caught.value.code
