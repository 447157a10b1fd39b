from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.lanes import globs

OVERLAPPING = [
    ("src/**", "src/a/b.py"),
    ("src/app/", "src/app/deep/down.py"),
    ("src/app", "src/app/deep/down.py"),
    ("src/app", "src/app"),
    ("./src//a.py", "src/a.py"),
    ("SRC/A.py", "src/a.PY"),
    ("src\\app\\x.py", "src/app/x.py"),
    ("*.md", "READ*"),
    ("a?c.py", "ab*.py"),
    ("[a-c]x", "bx"),
    ("[!a]x", "bx"),
    ("**/test_*.py", "tests/unit/test_api.py"),
    ("**/test_*.py", "test_api.py"),
    ("src/**/b/**", "**/a/**/b/c"),
    (".", "anything/at/all"),
    ("**", "**"),
    ("app/[slug]/page.tsx", "app/**"),
    ("app/[slug]/page.tsx", "app/[slug]"),
    ("src/*/tests", "src/api/tests/test_x.py"),
    ("caf\u00e9.py", "cafe\u0301.py"),
    ("[Z]x", "zx"),
    ("x[]]y", "x]y"),
    ("x[y", "x[y"),
    ("src/My.App", "src/My.App/Core.cs"),
    ("src/My.App", "src/My.App/**"),
    ("conf.d/", "**/*.conf"),
    ("src/v1.2", "**/*.py"),
    (".github", "**/ci.yml"),
]
APART = [
    ("src/app", "src/app.py"),
    ("src/app", "src/application/x.py"),
    ("src/a/**", "src/b/**"),
    ("src/*", "src/a/b.py"),
    ("*.md", "docs/x.md"),
    ("a?c", "ac"),
    ("a?c", "abbc"),
    ("[a-c]x", "dx"),
    ("[!a]x", "ax"),
    ("[!a]x", "Ax"),
    ("*.py", "*.md"),
    ("src/**/x.py", "src/y.py"),
    ("src/y.py", "**/*.md"),
    ("README.md", "**/x"),
    ("src/My.App", "src/My.Appendix/x"),
    ("app/[slug]/page.tsx", "app/[id]/page.tsx"),
    ("x[+-9]y", "x/y"),
    ("x[c-a]y", "xby"),
]


@pytest.mark.parametrize(("one", "other"), OVERLAPPING)
def test_these_share_a_path(one: str, other: str) -> None:
    assert globs.overlaps(one, other)
    assert globs.overlaps(other, one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_these_share_none(one: str, other: str) -> None:
    assert not globs.overlaps(one, other)
    assert not globs.overlaps(other, one)


@pytest.mark.parametrize("pattern", ["", "  ", "/etc/passwd", "~/x", "C:/x", "../x", "src/../../x", "a\0b"])
def test_a_pattern_stays_below_the_project(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"is |leaves|holds"):
        globs.normalise(pattern)


def test_a_file_with_something_below_it_is_a_folder() -> None:
    assert globs.covers("src/My.App", "src/My.App/Core.cs")
    assert not globs.covers("src/My.App", "src/My.AppCore.cs")


def test_a_pattern_has_one_spelling() -> None:
    assert globs.normalise("./src//app/./x.py") == "src/app/x.py"
    assert globs.normalise("src/app/") == "src/app/"
    assert globs.normalise("./") == "**"


@pytest.mark.parametrize(
    ("patterns", "folder"),
    [
        (["src/app/a.py", "src/app/deep/*.py"], "src/app/"),
        (["src/app/**"], "src/app/"),
        (["src/app/"], "src/app/"),
        (["README.md"], ""),
        (["src/a.py", "tests/a.py"], ""),
        ([], ""),
    ],
)
def test_the_surface_is_the_folder_that_holds_all(patterns: list[str], folder: str) -> None:
    assert globs.surface(patterns) == folder


# -- against an oracle: a pattern as a regular expression, tried on every short path over a small alphabet ------------

NAMES = ["".join(letters) for size in (1, 2) for letters in itertools.product("ab]", repeat=size)]
PATHS = ["/".join(parts) for depth in (1, 2, 3) for parts in itertools.product(["a", "b", "ab", "b]"], repeat=depth)]
PATHS += [*NAMES, *(f"a/{name}" for name in NAMES)]

segments = st.one_of(
    st.just("**"),
    st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", "[b-]"]), min_size=1, max_size=3).map("".join),
)
patterns = st.builds(
    lambda parts, tail: "/".join(parts) + tail,
    st.lists(segments, min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
)


def expression(pattern: str, *, with_sets: bool) -> re.Pattern[str]:
    parts = pattern.rstrip("/").split("/")
    plain = not any(mark in parts[-1] for mark in ("*?[" if with_sets else "*?"))
    if pattern.endswith("/") or plain:
        parts.append("**")
    text = ""
    for part in parts:
        text += "(?:/[^/]+)*" if part == "**" else "/" + _segment_expression(part, with_sets=with_sets)
    return re.compile(text, re.IGNORECASE)


def _segment_expression(part: str, *, with_sets: bool) -> str:
    pieces = re.findall(r"\[!?[^]]+\]|\*+|.", part) if with_sets else re.findall(r"\*+|.", part)
    text = ""
    for piece in pieces:
        if piece.startswith("*"):
            text += "[^/]*"
        elif piece == "?":
            text += "[^/]"
        elif len(piece) > 1:
            text += piece.replace("[!", "[^/")
        else:
            text += re.escape(piece)
    return f"(?=[^/]){text}"


def matches(pattern: str, path: str) -> bool:
    return any(expression(pattern, with_sets=sets).fullmatch("/" + path) for sets in (True, False))


@given(patterns)
@settings(max_examples=200)
def test_covering_agrees_with_a_regular_expression(pattern: str) -> None:
    wrong = [path for path in PATHS if globs.covers(pattern, path) != matches(pattern, path)]
    assert wrong == []


@given(patterns, patterns)
@settings(max_examples=300)
def test_patterns_with_a_common_path_overlap(one: str, other: str) -> None:
    shared = [path for path in PATHS if matches(one, path) and matches(other, path)]
    assert globs.overlaps(one, other) or not shared


short = st.lists(
    st.one_of(st.just("**"), st.lists(st.sampled_from(["a", "b", "*", "?"]), min_size=1, max_size=2).map("".join)),
    min_size=1,
    max_size=2,
).map("/".join)
SHORT_NAMES = ["".join(letters) for size in (1, 2) for letters in itertools.product("ab", repeat=size)]
ALL_SHORT = ["/".join(parts) for depth in (1, 2, 3) for parts in itertools.product(SHORT_NAMES, repeat=depth)]


@given(short, short)
@settings(max_examples=300)
def test_overlapping_patterns_have_a_common_path(one: str, other: str) -> None:
    if globs.overlaps(one, other):
        assert any(matches(one, path) and matches(other, path) for path in ALL_SHORT)
