"""`spec-kitty auth …` as a person and a program meet it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from specify_cli.cli.commands.auth import remaining
from specify_cli.kernel import clock, database
from specify_cli.sync.account import Account
from specify_cli.sync.config import SAAS_SYNC_ENV_VAR
from specify_cli.sync.schema import SCHEMA
from tests.support.cli import SCRIPT
from tests.support.server import LOGIN
from tests.support.serving import Server
from tests.support.syncing import World


@pytest.fixture
def world(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> World:
    """A user with the switch on, and a server; nobody is logged in yet."""
    world = World(tmp_path, server, monkeypatch)
    world.auth.users["bob"] = ("secret", None)
    return world


def test_a_login_is_shown_and_ended(world: World) -> None:
    done = world.run("auth", "login", "-u", "ada", "--password-stdin", "--json", input="secret\n").ok().json()
    assert done["changed"] is True
    assert (done["username"], done["team_slug"], done["server"]) == ("ada", "acme", world.server.url)
    assert (done["access"]["state"], done["refresh"]["state"]) == ("valid", "valid")
    sent = world.server.sent_to(LOGIN)[0]
    assert sent.json() == {"username": "ada", "password": "secret"}

    shown = world.run("auth", "status", "--json").ok().json()
    assert shown["authenticated"] is True
    assert shown["access"]["remaining"] == "14m"
    text = world.run("auth", "status").ok().out
    assert f"ada (team acme) at {world.server.url}" in text
    assert "14m left" in text

    again = world.run("auth", "login", "--json").ok().json()
    assert again["changed"] is False
    assert len(world.server.sent_to(LOGIN)) == 1

    ended = world.run("auth", "logout", "--json").ok().json()
    assert (ended["changed"], ended["username"]) == (True, "ada")
    assert not world.store.path.exists()
    assert world.run("auth", "logout", "--json").ok().json()["changed"] is False
    assert world.run("auth", "status", "--json").ok().json()["authenticated"] is False


def test_the_password_may_come_from_the_environment_and_keeps_its_blanks(world: World) -> None:
    world.auth.users["ada"] = (" sécret ", None)
    world.patch.setenv("SPEC_KITTY_PASSWORD", " sécret ")
    world.run("auth", "login", "-u", "ada").ok()
    world.run("auth", "login", "-u", "ada", "--force", "--password-stdin", input=" sécret \r\n").ok()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "USERNAME_REQUIRED"),
        (("-u", "ada"), "PASSWORD_REQUIRED"),
        (("-u", "ada", "--password-stdin"), "PASSWORD_REQUIRED"),
    ],
)
def test_a_program_is_not_asked(world: World, words: tuple[str, ...], code: str) -> None:
    world.run("auth", "login", *words, "--json").failed(code, 2)
    assert world.server.requests == []


def test_a_person_is_asked_and_the_password_is_not_shown(world: World) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SCRIPT, "auth", "login"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=world.path, start_new_session=True
    )
    os.close(theirs)
    said = _until(ours, b"User name")
    os.write(ours, b"ada\n")
    # The blank comes once the terminal hides what is typed; what was typed before that is thrown away.
    said += _until(ours, b"Password: ")
    os.write(ours, b"secret\n")
    said += _until(ours, b"Next:")
    assert process.wait(20) == 0
    assert b"secret" not in said
    assert world.stored().account.username == "ada"


def _until(terminal: int, text: bytes) -> bytes:
    said = b""
    while text not in said:
        assert select.select([terminal], [], [], 20)[0], f"only {said!r} was said"
        said += os.read(terminal, 4096)
    return said


def test_a_wrong_password_is_rejected(world: World) -> None:
    said = world.run("auth", "login", "-u", "ada", "--password-stdin", "--json", input="wrong")
    assert said.failed("LOGIN_REJECTED", 1).json()["hint"] == "spec-kitty auth login"


def test_without_the_switch_or_a_server_nobody_logs_in(world: World) -> None:
    world.run("sync", "server", "--json").ok()
    world.patch.delenv(SAAS_SYNC_ENV_VAR)
    failed = world.run("auth", "login", "-u", "ada", "--password-stdin", "--json", input="secret")
    assert failed.failed("SYNC_DISABLED").json()["hint"] == f"export {SAAS_SYNC_ENV_VAR}=1"
    assert world.server.requests == []


def test_the_login_of_another_server_is_not_used(world: World) -> None:
    world.log_in()
    world.run("sync", "server", "https://other.example").ok()
    shown = world.run("auth", "status", "--json").ok().json()
    assert [one["code"] for one in shown["warnings"]] == ["SERVER_MISMATCH"]


def _waits(account: Account, count: int) -> None:
    with database.open(account.queue_path, SCHEMA) as db:
        for number in range(count):
            db.execute(
                "INSERT INTO queue (event_id, event_type, data, timestamp, project) VALUES (?, 'X', '{}', 0, 'p')",
                (str(number),),
            )


def test_events_of_another_account_hold_a_change_and_both_logins_survive(world: World) -> None:
    before = world.log_in()
    _waits(before.account, 2)
    words = ("auth", "login", "-u", "bob", "--password-stdin", "--json")
    refused = world.run(*words, input="secret").failed("ACCOUNT_SWITCH").json()
    assert refused["details"]["pending"] == 2
    assert world.store.load() == before
    assert world.server.sent_to(LOGIN) == [], "no password is sent for what would be refused"

    world.run(*words, "--force", input="secret").ok()
    assert world.stored().account.username == "bob"
    with database.look(before.account.queue_path, SCHEMA) as db:
        assert db.execute("SELECT COUNT(*) FROM queue").fetchone()[0] == 2, "they wait for their own account"


def test_another_team_is_another_account(world: World) -> None:
    before = world.log_in()
    _waits(before.account, 1)
    world.auth.users["ada"] = ("secret", "other")
    world.run("auth", "login", "-u", "ada", "--password-stdin", "--json", input="secret").ok()
    words = ("auth", "login", "-u", "ada", "--password-stdin", "--json", "--force")
    world.auth.expire()
    assert world.run(*words, input="secret").ok().json()["team_slug"] == "other"


def test_an_account_without_waiting_events_is_changed_at_once(world: World) -> None:
    world.log_in()
    assert world.run("auth", "login", "-u", "bob", "--password-stdin", "--json", input="secret").ok().json()["changed"]
    assert world.stored().account == Account(world.server.url, "bob")


def test_logging_out_needs_no_queue(world: World) -> None:
    account = world.log_in().account
    _waits(account, 1)
    account.queue_path.write_bytes(b"no database " * 1000)
    told = world.run("auth", "logout", "--json").ok().json()
    assert (told["changed"], told["pending_events"]) == (True, None)
    assert [each["code"] for each in told["warnings"]] == ["DATABASE_BROKEN"]
    assert world.store.load() is None


def test_logging_out_tells_what_waits(world: World) -> None:
    _waits(world.log_in().account, 1)
    assert world.run("auth", "logout", "--json").ok().json()["pending_events"] == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0s"), (45, "45s"), (60, "1m"), (899, "14m"), (6 * 3600 + 59, "6h"), (7 * 86400 - 1, "6d")],
)
def test_time_left_is_told_in_one_unit(seconds: int, said: str) -> None:
    now = clock.now()
    with clock.use(lambda: now):
        assert remaining(now + timedelta(seconds=seconds)) == said
