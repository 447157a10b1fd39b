"""Every hostile case of the contract, section 10, ends as its row states; see `tests/sync/hostile/`."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from tests.support.source import ROOT
from tests.support.syncing import World
from tests.sync.hostile import (
    auth_server,
    batch_server,
    bodies,
    config,
    credentials,
    lamport,
    no_daemon,
    odd_events,
    origins,
    queue_on_disk,
    security,
    trackers,
)
from tests.sync.hostile.cases import CASES
from tests.sync.hostile.row import Row

TABLES = {
    "Auth server": auth_server.ROWS,
    "Batch server": batch_server.ROWS,
    "Credentials on disk": credentials.ROWS,
    "Config": config.ROWS,
    "Queue on disk": queue_on_disk.ROWS,
    "Lamport/identity/git": lamport.ROWS,
    "Events": odd_events.ROWS,
    "WebSocket/daemon": no_daemon.ROWS,
    "Body sync": bodies.ROWS,
    "Tracker": trackers.ROWS,
    "Origin": origins.ROWS,
    "Security": security.ROWS,
}
CONTRACT = ROOT.parent / "shared" / "contracts" / "sync-auth-tracker.md"


@pytest.mark.parametrize("row", list(chain(*TABLES.values())), ids=str)
def test_a_hostile_case_ends_as_stated(row: Row, world: World) -> None:
    row.check(world)


@pytest.mark.parametrize("section", sorted(CASES))
def test_every_case_of_the_list_has_its_rows(section: str) -> None:
    rows = [row.clause for row in TABLES.get(section, ())]
    assert set(rows) <= set(CASES[section]), "a row of a case that is not listed"
    assert {clause: least for clause, least in CASES[section].items() if rows.count(clause) < least} == {}


def test_no_case_is_checked_twice() -> None:
    names = [str(row) for row in chain(*TABLES.values())]
    assert len(names) == len(set(names))


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract does not lie beside the repository")
def test_the_list_is_that_of_the_contract() -> None:
    text = CONTRACT.read_text(encoding="utf-8").partition("## 10. ")[2].partition("## 11. ")[0]
    sections = dict(re.findall(r"^\*\*(.+?)\*\*: (.*)$", text, re.MULTILINE))
    for section, clauses in CASES.items():
        assert _letters("".join(clauses)) == _letters(sections[section])


def _letters(text: str) -> str:
    """A text without what separates its parts."""
    return re.sub(r"[;,.\s]", "", text)
