"""TOML files, changed key by key."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel import toml
from specify_cli.kernel.errors import Refused

_FILE = b"""# mine
top = 1

[other]\r
x = [
  1,  # keep
]

# about b
[b]   # odd
"k" = 'old'  # goes
keep = 1

[c.d]
k = "no table of ours"
"""


def _edited(data: bytes | None, changes: toml.Changes) -> str:
    return toml.edit(data, changes, "f.toml").decode()


def test_a_key_is_set_and_every_other_line_stays() -> None:
    assert _edited(_FILE, {("b", "k"): "new"}) == _FILE.decode().replace("\"k\" = 'old'  # goes", 'k = "new"')
    assert _edited(_FILE, {("b", "n"): 3}) == _FILE.decode().replace("keep = 1\n", "keep = 1\nn = 3\n")
    assert _edited(_FILE, {("n", "k"): "v"}) == _FILE.decode() + '\n[n]\nk = "v"\n'


def test_a_new_file_and_one_without_a_last_newline() -> None:
    assert _edited(None, {("b", "k"): "v"}) == '[b]\nk = "v"\n'
    assert _edited(b"[b]\nk = 1", {("b", "n"): 2}) == "[b]\nk = 1\nn = 2\n"


def test_a_table_goes_with_its_last_key() -> None:
    assert _edited(b"[a]\nx = 1\n\n[b]\nk = 1\n", {("a", "x"): None}) == "[b]\nk = 1\n"
    assert _edited(b"[a]\nx = 1\n\n[b]\nk = 1\n", {("b", "k"): None}) == "[a]\nx = 1\n"
    assert _edited(b"[a]\nx = 1\n", {("b", "k"): None}) == "[a]\nx = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "[b", "b = 1\n", "b.k = 'x'\n", "b = {k = 'x'}\n", "[b]\nk = '''\n[b]\nk = 1'''\n", "[[b]]\nk = 1\n",
        "x = \xff", "\ufeff[b]\n", "a = " + "[" * 3000,
    ],
)  # fmt: skip
def test_what_cannot_be_changed_plainly_is_refused_and_not_shown(text: str) -> None:
    data = text.encode("latin-1") if "\xff" in text else text.encode()
    with pytest.raises(Refused) as caught:
        toml.edit(data, {("b", "k"): "secret"}, "f.toml")
    assert caught.value.code == "MALFORMED_TOML"
    assert "secret" not in caught.value.message
    assert caught.value.hint == "mv f.toml f.toml.broken"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.dictionaries(st.sampled_from("abc"), st.integers()))
def test_any_text_can_be_a_value_and_is_taken_out_without_a_trace(value: str, others: dict[str, int]) -> None:
    before = "".join(f"[{name}]\nx = {number}\n\n" for name, number in others.items()).encode()
    after = toml.edit(before, {("mine", "k"): value}, "f.toml")
    assert tomllib.loads(after.decode()) == {**tomllib.loads(before.decode()), "mine": {"k": value}}
    assert toml.edit(after, {("mine", "k"): None}, "f.toml") == before


def test_what_is_no_text_is_refused_and_not_shown() -> None:
    with pytest.raises(Refused) as told:
        toml.edit(b"", {("user", "username"): "caf\udcff"}, "credentials")
    assert told.value.code == "NOT_UTF8"
    assert "caf" not in told.value.message
    assert "user.username" in told.value.message
