"""Whose events these are, and where they wait."""

from __future__ import annotations

import pytest

from specify_cli.sync.account import Account
from specify_cli.sync.config import state_home


def test_the_queue_is_where_other_programs_look_for_it() -> None:
    account = Account("https://localhost:18443", "a@b.c", "acme")
    assert account.scope == "https://localhost:18443|a@b.c|acme"
    assert account.queue_path == state_home() / "queues" / "queue-bc3c207619f7cb1c.db"


@pytest.mark.parametrize(
    "other",
    [
        Account("https://localhost:18443/", " A@B.c ", "ACME"),
        Account("HTTPS://LOCALHOST:18443", "a@b.c", "acme "),
    ],
)
def test_spelling_makes_no_other_account(other: Account) -> None:
    assert other.queue_path == Account("https://localhost:18443", "a@b.c", "acme").queue_path


def test_an_account_without_a_team() -> None:
    assert Account("https://x.example", "ada").scope == "https://x.example|ada|no-team"
    assert str(Account("https://x.example", "ada")) == "ada at https://x.example"
    assert str(Account("https://x.example", "ada", "acme")) == "ada (team acme) at https://x.example"
