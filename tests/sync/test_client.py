"""Requests in the name of who is logged in."""

from __future__ import annotations

import pytest

from specify_cli.sync.client import SaasClient
from specify_cli.version import VERSION
from tests.support.server import HEALTH, REFRESH
from tests.support.serving import Answer
from tests.support.syncing import World, code_of


def test_a_request_carries_the_token_and_says_who_we_are(world: World) -> None:
    found = world.log_in()
    with SaasClient(world.server.url) as client:
        assert client.get(HEALTH).status == 200
        client.post("/x", b"{}", {"X-Mine": "1", "Authorization": "Bearer other"})
    for sent in world.server.requests:
        assert sent.bearer == found.access
        assert sent.headers["user-agent"] == f"spec-kitty/{VERSION}"
    assert world.server.requests[1].headers["x-mine"] == "1"


def test_a_401_is_answered_by_one_refresh_and_one_more_try(world: World) -> None:
    world.log_in()
    world.auth.expire()
    with SaasClient(world.server.url) as client:
        assert client.get(HEALTH).status == 200
    assert [one.path for one in world.server.requests] == [HEALTH, REFRESH, HEALTH]
    assert world.server.requests[-1].bearer == world.stored().access


def test_a_401_that_stays_is_the_answer(world: World) -> None:
    world.log_in()
    world.server.fault(HEALTH, nth=0, answer=Answer(401, {}))
    with SaasClient(world.server.url) as client:
        assert client.get(HEALTH).status == 401
    assert [one.path for one in world.server.requests] == [HEALTH, REFRESH, HEALTH]
    assert world.stored().refresh_is_valid()


def test_a_token_about_to_end_is_renewed_before_it_is_sent(world: World) -> None:
    world.log_in(minutes=0.25)
    with SaasClient(world.server.url) as client:
        assert client.get(HEALTH).status == 200
    assert [one.path for one in world.server.requests] == [REFRESH, HEALTH]


def test_a_token_goes_to_no_other_server(world: World) -> None:
    world.log_in()
    other = world.server.url.replace("127.0.0.1", "localhost")
    with SaasClient(other) as client:
        assert code_of(lambda: client.get(HEALTH)) == "SERVER_MISMATCH"
    assert world.server.requests == []


@pytest.mark.parametrize("path", ["@evil.example/x", "https://evil.example/x", ".evil.example", ""])
def test_a_path_leads_to_no_other_server(world: World, path: str) -> None:
    world.log_in()
    with SaasClient(world.server.url) as client, pytest.raises(ValueError, match="path"):
        client.get(path)


def test_nobody_is_logged_in(world: World) -> None:
    with SaasClient(world.server.url) as client:
        assert code_of(lambda: client.get(HEALTH)) == "NOT_LOGGED_IN"


def test_without_the_switch_nothing_is_renewed(world: World) -> None:
    world.log_in(minutes=-1)
    world.patch.delenv("SPEC_KITTY_ENABLE_SAAS_SYNC")
    with SaasClient(world.server.url) as client:
        assert code_of(lambda: client.get(HEALTH)) == "SYNC_DISABLED"
    assert world.server.requests == []
