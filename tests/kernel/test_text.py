from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused, Unmet
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import SLUG_PATTERN, bounded, digest, is_ulid, natural_key, plural, slugify, some
from tests.support.project import Project


def test_a_ulid_is_26_characters_of_its_alphabet_and_nothing_more() -> None:
    good = "01KNRK0000000000000000000A"
    assert is_ulid(good)
    for bad in ("", good[:-1], good + "0", good.lower(), good[:-1] + "I", good + "\n", "\n" + good):
        assert not is_ulid(bad)


@settings(deadline=None)
@given(st.text())
def test_a_title_becomes_a_slug_or_nothing(title: str) -> None:
    slug = slugify(title)
    assert slug == "" or SLUG_PATTERN.match(slug)
    assert slugify(slug) == slug


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Tea Timer", "tea-timer"),
        ("  --Tea__Timer!  ", "tea-timer"),
        ("Caf\u00e9 \u732b 2", "caf-2"),
        ("../../etc", "etc"),
        ("\u732b", ""),
    ],
)
def test_titles(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_a_slug_ends_where_its_line_does() -> None:
    assert SLUG_PATTERN.match("tea-timer")
    assert not SLUG_PATTERN.match("tea-timer\n")


def test_counts_have_their_noun() -> None:
    assert [plural(count, "lane") for count in (0, 1, 2)] == ["0 lanes", "1 lane", "2 lanes"]
    assert plural(2, "branch", "branches") == "2 branches"


@settings(deadline=None)
@given(st.permutations(["WP1", "WP2", "WP9", "WP10", "WP99", "WP100", "WP100a", "a", "2", "10"]))
def test_numbers_in_names_count_as_numbers(names: list[str]) -> None:
    expected = ["2", "10", "WP1", "WP2", "WP9", "WP10", "WP99", "WP100", "WP100a", "a"]
    assert sorted(names, key=natural_key) == expected


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_two_names_can_be_ordered(one: str, other: str) -> None:
    assert (natural_key(one) < natural_key(other)) or (natural_key(one) >= natural_key(other))


def test_a_digest_is_eight_characters_and_the_same_each_time() -> None:
    assert digest("a") == digest("a") != digest("b")
    assert len(digest("")) == len(digest("\udc80")) == 8


def test_of_many_names_the_first_are_told() -> None:
    names = [f"f{number}" for number in range(8)]
    assert some(names) == "f0, f1, f2, f3, f4, f5 and 2 more"
    assert some(names, 8) == ", ".join(names)
    assert some([]) == ""


def test_a_message_leaves_out_what_nobody_can_read() -> None:
    path, words = "/" + "a" * 5000, "no " * 5000
    assert bounded("short") == "short"
    assert bounded(f"{path} is gone") == f"/{'a' * 149}…{'a' * 100} is gone"
    assert len(bounded(words)) < 8000
    for made in (Refused(path, "X").message, Notice("X", path).message, Unmet("X", path, None).what):
        assert len(made) < 300
    assert len(Refused("", "X", unmet=[Unmet("X", path, None)] * 3).message) < 900


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--mission", "x" * 5000),
        ("agent", "tasks", "move-task", "W" * 5000, "--to", "planned"),
        ("agent", "tasks", "move-task", "WP01", "--to", "y" * 5000),
        ("agent", "mission", "create", "z" * 5000),
        ("init", "--ai", "q" * 5000),
        ("export", "v" * 5000),
        ("u" * 5000,),
    ],
)
def test_a_long_value_is_cut_in_what_is_printed(project: Project, words: tuple[str, ...]) -> None:
    error = project.run(*words, "--json").failed().json()
    assert len(error["error"]) < 1000
