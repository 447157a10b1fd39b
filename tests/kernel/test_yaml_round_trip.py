from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import yaml, yaml_round_trip
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.yaml_round_trip import Lines, dumps, edit

CONFIG = """\
# The settings of the tea timer.
vcs: {type:   git}
agents:   # who works here
    available:
      - claude     # the first
      - codex

    # our own commits
    auto_commit:   true
project: {uuid: 8a4a, slug: tea}


# kept for later
mystery: 'x'   # nobody knows
"""


def test_only_the_lines_of_the_key_change() -> None:
    changed = edit(CONFIG, {("agents", "auto_commit"): False}, "x")
    assert changed == CONFIG.replace("auto_commit:   true", "auto_commit: false")
    changed = edit(CONFIG, {("project", "repo_slug"): "ada/tea"}, "x")
    assert changed == CONFIG.replace("slug: tea}", "slug: tea, repo_slug: ada/tea}")
    changed = edit(CONFIG, {("agents", "available"): ["claude"]}, "x")
    assert changed == CONFIG.replace("      - claude     # the first\n      - codex\n", "    - claude\n")


def test_comments_and_unknown_keys_survive() -> None:
    changed = edit(CONFIG, {("vcs", "type"): "jj", ("mystery",): 1, ("new", "deep"): [1]}, "x")
    for kept in ("# The settings", "# who works here", "# our own commits", "# kept for later", "1     # nobody knows"):
        assert kept in changed
    assert changed.endswith("new:\n  deep:\n  - 1\n")


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: 1\nb:\n  c: 2  # two\n  d: 3\n# end\n", ("b",), "a: 1\n# end\n"),
        ("a: 1\nb:\n  c: 2\n  d: 3  # three\n", ("b", "c"), "a: 1\nb:\n  d: 3  # three\n"),
        ("a: 1\n", ("b",), "a: 1\n"),
        ("a: 1\n", ("b", "c"), "a: 1\n"),
        ("a: 1\n", ("a", "c"), "a: 1\n"),
        ("{a: 1, b: 2}\n", ("b",), "{a: 1}\n"),
        ("'a': 1\n\"b\": 2\n", ("b",), "'a': 1\n"),
    ],
)
def test_a_key_is_taken_out(before: str, path: tuple[str, ...], after: str) -> None:
    assert edit(before, {path: yaml.ABSENT}, "x") == after


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("", ("a", "b"), 1, "a:\n  b: 1\n"),
        ("# nothing\n", ("a",), 1, "# nothing\na: 1\n"),
        ("a: 1", ("b",), 2, "a: 1\nb: 2\n"),
        ("a: [x, z]  # c\nb: [1,2]\n", ("a",), ["y"], None),
        ("a: []\n", ("a",), ["y"], "a: [y]\n"),
        ("a:\n- x\n- y\n# end\n", ("a",), [], "a: []\n# end\n"),
        ("a: null\n", ("a", "b"), 1, "a:\n  b: 1\n"),
        ("a: 1\n", ("a", "b"), 1, "a:\n  b: 1\n"),
        ("a: |\n  # no comment\nb:   1\n", ("b",), 2, "a: |\n  # no comment\nb: 2\n"),
        ("a: |\n  text\n  # no comment\nb:   1\n", ("a",), "x", None),
        ("{a: 1, b: 2}\n", ("b",), 3, "{a: 1, b: 3}\n"),
        ("'a': 1\n\"b\":   2\n", ("b",), 3, "'a': 1\n\"b\": 3\n"),
        ("x: &x\n  b: 1\ny:\n  <<: *x\n  c: 2\n", ("y", "c"), 3, "x: &x\n  b: 1\ny:\n  <<: *x\n  c: 3\n"),
        ("a: &x [1]\nb: *x\n", ("b",), 2, None),
        ("a:\n  b:\n    c:   1\n    d:   2\n", ("a", "b", "d"), 3, "a:\n  b:\n    c:   1\n    d: 3\n"),
    ],
)
def test_documents_of_any_layout(before: str, path: tuple[str, ...], value: object, after: str | None) -> None:
    changed = edit(before, {path: value}, "x")
    assert after is None or changed == after
    found = yaml.loads(changed, "x")
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert found == value


layouts = st.sampled_from(
    [
        "{}: plain text",
        "{}:   'quoted'   # with a comment",
        "{}: [x,  y]",
        "{}:\n    - x   # one\n    - y\n    # of two",
        "{}:\n- x\n\n# below",
        "{}: {{p:  1,  q: 2}}",
        "{}:\n   p:   1\n   q: >\n      folded\n      text",
        "{}: |\n  # text\n\n  more",
        "{}:",
        "# a remark\n{}: 2026-04-09",
    ]
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text("ab #:'-[\u00e9\n", max_size=8),
    st.lists(st.text("ab:#-", max_size=4)),
)


@settings(max_examples=250, deadline=None)
@given(st.lists(layouts, min_size=1, max_size=5), st.integers(0, 5), values)
def test_an_edit_sets_one_key_and_touches_no_other_line(parts: list[str], which: int, value: object) -> None:
    written = [part.format(f"key{number}") for number, part in enumerate(parts)]
    text = "\n".join(written) + "\n"
    before = yaml.mapping(text, "x")
    after = edit(text, {(f"key{which}",): value}, "x")
    assert yaml.mapping(after, "x") == {**before, f"key{which}": value}
    others = [part for number, part in enumerate(written) if number != which]
    assert all(part in after for part in others)
    # Comments above and below the key are nobody's but the person's who wrote them.
    for remark in ("# a remark", "# of two", "# below"):
        assert after.count(remark) == text.count(remark)


def test_what_cannot_be_edited_is_refused() -> None:
    for text in ("- a\n", "word\n", "a: [1\n", "a: 1\na: 2\n"):
        with pytest.raises(Refused, match=r"config\.yaml line") as told:
            edit(text, {("a",): 1}, "config.yaml")
        assert told.value.code == "MALFORMED_YAML"


def test_a_new_document() -> None:
    assert dumps({"a": {"b": [1, "x: y"]}, "c": None}) == "a:\n  b:\n  - 1\n  - 'x: y'\nc:\n"


def test_parts_know_their_lines() -> None:
    lines = Lines("a: 1\nb:\n  - c: 1\n    d: 2\n  - e\n")
    assert [lines.at("a"), lines.at("b"), lines.at("b", 0, "d"), lines.at("b", 1)] == [1, 2, 4, 5]
    assert [lines.at("z"), lines.at("b", 7), lines.at("b", 0, "z"), lines.at()] == [1, 2, 3, 1]
    assert Lines("a: [").at("a") == 1


BOMB = "a0: &a0 [x, x, x, x]\n" + "".join(
    f"a{at}: &a{at} {{b: [{', '.join([f'*a{at - 1}'] * 9)}]}}\n" for at in range(1, 9)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{at}: &a{at} {{<<: [{', '.join([f'*a{at - 1}'] * 9)}]}}\n" for at in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases stand for too many values"),
        (MERGES, "aliases stand for too many values"),
        ("a: " + "[" * 100_000, "nested too deeply"),
        ("a:\n" + '- "b\\n"\n' * 50_000, "entries, more than"),
    ],
)
def test_what_would_take_long_is_refused_before_it_is_read(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as told:
        yaml_round_trip.load(text, "x.yaml")
    assert told.value.code == "MALFORMED_YAML"


def test_a_few_aliases_are_read() -> None:
    text = "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n"
    assert yaml_round_trip.load(text, "x") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}
