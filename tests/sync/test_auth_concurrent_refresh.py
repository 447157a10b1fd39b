"""Many who refresh one login at once all stay logged in (seed 079, track 5)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from specify_cli.kernel import clock
from specify_cli.sync.auth import REFRESH_TIMEOUT
from specify_cli.sync.credentials import LOCK_TIMEOUT, CredentialStore
from tests.support import soak
from tests.support.server import HEALTH, REFRESH
from tests.support.serving import Answer
from tests.support.syncing import World, code_of

_PROCESSES = 8
# One request for each line of standard input.
_WORKER = f"""
import sys
from specify_cli.sync.client import SaasClient
with SaasClient(sys.argv[1]) as client:
    for line in sys.stdin:
        print(client.get({HEALTH!r}).status, flush=True)
"""


@contextmanager
def workers(world: World) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that talk to the server when they are told."""
    argv = [sys.executable, "-c", _WORKER, world.server.url]
    started = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(_PROCESSES)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.communicate()


def all_at_once(started: list[subprocess.Popen[str]]) -> list[str]:
    """Let each make its request; the statuses they got."""
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.stdout.readline().strip() for process in started if process.stdout is not None]


@pytest.mark.soak
def test_eight_processes_refresh_at_once_and_stay_logged_in(world: World) -> None:
    rounds = soak.times(100)
    world.log_in()
    with workers(world) as started:
        for _ in range(rounds):
            world.auth.expire()
            assert all_at_once(started) == ["200"] * _PROCESSES
    assert world.stored().refresh in world.auth.refresh
    assert len(world.server.sent_to(REFRESH)) == rounds, "one asked, the others found what it got"


def test_the_lock_is_held_while_the_server_is_asked(world: World) -> None:
    world.log_in(minutes=-1)
    gate = threading.Event()
    world.server.fault(REFRESH, gate=gate)
    thread = threading.Thread(target=lambda: world.client().usable())
    thread.start()
    while not world.server.sent_to(REFRESH):
        clock.sleep(0.01)
    assert code_of(lambda: CredentialStore().held(timeout=0).__enter__()) == "LOCKED"
    gate.set()
    thread.join()
    with CredentialStore().held(timeout=0):
        assert world.stored().access_is_valid()


def test_a_server_that_hangs_gives_up_before_those_who_wait(world: World) -> None:
    assert REFRESH_TIMEOUT < LOCK_TIMEOUT


def test_reading_and_writing_inside_the_transaction_do_not_wait_for_it(world: World) -> None:
    found = world.log_in()
    with world.store.held(timeout=0):
        world.store.save(found)
        assert world.stored() == found
        assert world.store.clear()


def test_a_refusal_after_somebody_logged_out_ends_the_session(world: World) -> None:
    world.log_in(minutes=-1)
    gate = threading.Event()
    world.server.fault(REFRESH, answer=Answer(401, {}), gate=gate)
    codes: list[str] = []
    thread = threading.Thread(target=lambda: codes.append(code_of(world.client().usable)))
    thread.start()
    while not world.server.sent_to(REFRESH):
        clock.sleep(0.01)
    world.store.path.unlink()
    gate.set()
    thread.join()
    assert codes == ["SESSION_EXPIRED"]


def test_the_login_of_somebody_else_is_not_taken_for_ones_own(world: World) -> None:
    mine = world.log_in(minutes=-1)
    world.auth.users["bob"] = ("secret", "acme")
    world.log_in("bob")
    assert code_of(lambda: world.client().refresh_tokens(mine)) == "ACCOUNT_CHANGED"
    assert world.stored().account.username == "bob"
