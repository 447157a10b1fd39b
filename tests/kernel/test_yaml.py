from __future__ import annotations

import math
import uuid

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from specify_cli.kernel import yaml, yaml_round_trip
from specify_cli.kernel.errors import Refused
from tests.support.process import modules_after

# What means something else in YAML than its characters, or looks as if it did.
ATOMS = [
    "a", "yes", "no", "on", "y", "null", "Null", "~", "True", "TRUE", "tRue", "None", "1", "0", "-1", "+1", "-0",
    "007", "0o7", "0x1F", "0b1", "1_000", "_1", "+_1", "-_", "1e3", "1.5", "1.", ".5", "+.5", "-.5e-1", "12e34",
    ".inf", "-.inf", ".nan", "1:30", "1.2.3", "99999999999999999999", "2026-04-09", "2026-04-09T01:02:03Z",
    "2026-04-09 01:02:03 +2", "it's", "a 'b", 'a "b', "'s'", "'it''s'", '"q"', '"a\\n"', '"a # b"', "'a # b'", "'",
    '"', "#", "# c", "a #b", "a# b", ":", "a:b", "a: b", "a:", ": b", ":x", "http://x:1", "-", "- ", "- a", "-a",
    "--a", "?", "? a", "a?b", "[", "]", "{", "}", "[]", "{}", "[a, b]", "[a,]", "[,]", "[a, , b]", "[a: b]",
    "[[a], {b: 1}]", "{a: 1}", "{a:1}", "{a: , b: 1}", "{a}", "{a: 1, a: 2}", "{null: 1}", "[src/{a,b}/**]", "[a[b]",
    "['a', \"b\"]", "[:x]", "|", ">", "|-", "&x a", "*x", "!t a", "!", "%a", "@a", "`a", ",", "a,b", "<<", "=", "\t",
    "a\tb", "\t# c", "\u00a0", "x\u00a0", "\u2028", "\u0085", "\u00e9", "\U0001f408", "\x07", "\x00", "\r", "\udc80",
    "\ufeff", ".env", "**/*.py", "src/**", "---", "...", "",
]  # fmt: skip
KEYS = [
    "a", "b", "c", "d", "a-b", "a.b", "a/b", "null", "true", "yes", "~", "1", "x y", "\u00e9", "'q'", '"q"', "<<", "?",
]  # fmt: skip
TRICKY = " #'\":,[]{}-ab1.0_+|?&*!%@`\\~e\n\t\u00a0"

scalars = st.one_of(st.sampled_from(ATOMS), st.text(TRICKY, max_size=6))
lines = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "", " ", "  ", "   ", "    "]),
        st.sampled_from(["", "", "", "- ", "-  ", "- - "]),
        st.one_of(st.just(""), st.sampled_from(KEYS).map("{}:".format)),
        st.sampled_from([" ", "", "  "]),
        scalars,
        st.sampled_from(["", "", "", " # c", "#c", "\t# c"]),
    ),
)
documents = st.lists(st.one_of(lines, st.text(TRICKY, max_size=20)), max_size=6).map("\n".join)


def simply(text: str) -> object:
    """What the simple reader makes of it; raises `_Beyond` where it leaves it to the library."""
    return yaml._Subset(text).document()


def is_simple(text: str) -> bool:
    try:
        simply(text)
    except yaml._Beyond:
        return False
    return True


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(documents)
@example("a: it's # c")
@example("a: x 'y # c")
@example('a: x "y # z"')
@example('owned_files: ["src/a"]  # his, not hers')
@example("a: [,]")
@example("a: +.5")
@example("a:\u00a0b")
@example("a: x\u2028b: y")
@example("a: 1\na: 2")
@example("a:\n- b: 1\n  c:\n  - d\n  - e: f\n    g: h\ni: []")
def test_a_value_is_what_the_library_says_or_the_library_is_asked(text: str) -> None:
    try:
        ours = simply(text)
    except yaml._Beyond:
        return
    assert repr(ours) == repr(yaml_round_trip.load(text, "x"))


@pytest.mark.parametrize(
    "frame", ["a: {}", "- {}", "a: [{}]", "a: [b, {}]", "a: {{b: {}}}", "a: {} # c", "a:\n  - b: {}"]
)
def test_a_word_is_what_the_library_says_or_the_library_is_asked(frame: str) -> None:
    for text in map(frame.format, ATOMS):
        if is_simple(text):
            assert repr(simply(text)) == repr(yaml_round_trip.load(text, "x")), text


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc-_", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), values, max_size=4))
@example({"a": ["\x85"]})
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    def plain(one: object) -> object:
        if isinstance(one, dict):
            return {str(key): plain(item) for key, item in one.items()}
        return [plain(item) for item in one] if isinstance(one, list) else one

    try:
        text = yaml_round_trip.dumps(value)
        expected = yaml_round_trip.load(text, "x")
    except Refused:  # a control character that no YAML can hold
        return
    assert repr(yaml.loads(text, "x")) == repr(expected)
    if all(isinstance(one, (list, bool, int, type(None))) for one in value.values()):
        assert plain(yaml.loads(text, "x")) == plain(value)


@pytest.mark.parametrize("text", ["a: x\x85y\n", "a: 'x\x85y'\n", 'a: "x\x85y"\n', "a:\n- x\x85y\n", "? x\x85y\n: a\n"])
def test_a_foreign_line_break_lives_through_an_edit(text: str) -> None:
    before = yaml.mapping(text, "x")
    assert yaml.mapping(yaml_round_trip.edit(text, {("b", "c"): "d"}, "x"), "x") == {**before, "b": {"c": "d"}}
    flow = f"{{{text.strip()}}}\n" if text.startswith("a: ") else text
    assert yaml.mapping(yaml_round_trip.edit(flow, {("b",): "d\x85"}, "x"), "x") == {**before, "b": "d\x85"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "vcs: {type: git}\nagents:\n  available: [claude, codex]   # who works here, isn't it\n  auto_commit: true\n",
        "worktree: {copy: [.env]}\nleases: {quiet_minutes: 15}\nprotected: [main]\n",
        'work_package_id: WP01\ntitle: Init coherence\ndependencies: []\nowned_files: ["src/a.py", "tests/**"]\n',
        'history: [{at: "2026-04-09T07:30:50Z", actor: planner, event: created}]\n',
        'spec_kitty:\n  version: 3.1.1\n  initialized_at: "2026-11-20T19:29:40+00:00"\n  last_upgraded_at: null\n',
        "missing:\nnothing: ~\ndeep:\n  deeper:\n    - a: 1\n      b: two\n    - c\n",
    ],
)
def test_our_own_files_need_no_library(text: str) -> None:
    assert simply(text) == yaml_round_trip.load(text, "x")


@settings(max_examples=60, deadline=None)
@given(st.uuids(), st.binary(min_size=20, max_size=20))
def test_a_uuid_and_a_commit_need_no_library(project: uuid.UUID, commit: bytes) -> None:
    # A commit of digits alone, or one that reads as 12e34, is a number to YAML.
    text = f"uuid: {project}\ncommit: ab{commit.hex()}\n"
    assert simply(text) == {"uuid": str(project), "commit": f"ab{commit.hex()}"}


def test_the_library_stays_away_until_it_is_needed() -> None:
    simple = "from specify_cli.kernel import yaml; yaml.loads('a: [b, 1]', 'x')"
    assert not [name for name in modules_after(simple) if name.startswith("ruamel")]
    assert [name for name in modules_after(simple.replace("[b, 1]", "&x b")) if name.startswith("ruamel")]


def test_values_of_all_kinds() -> None:
    text = "a: 1\nb: 1.5\nc: yes\nd: null\ne: |\n  two\n  lines\nf: 2026-04-09T07:30:50Z\ng: 2026-04-09\nh: .inf\n"
    assert yaml.loads(text, "x") == {
        "a": 1,
        "b": 1.5,
        "c": "yes",
        "d": None,
        "e": "two\nlines\n",
        "f": "2026-04-09T07:30:50.000000+00:00",
        "g": "2026-04-09",
        "h": math.inf,
    }


def test_windows_line_endings() -> None:
    assert yaml.loads("a: 1\r\nb:\r\n  - c\r\n", "x") == {"a": 1, "b": ["c"]}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1, 2\nb: 3\n", 2, 2),
        ("a: 1\nb: 'x\n", 3, 1),
        ("a: 1\n\tb: 2\n", 2, 1),
        ("a: 1\na: 2\n", 2, 1),
        ("a: b: c\n", 1, 5),
        ("a: 1\nb: caf\udce9\n", 2, 7),
        ("\x00", 1, 1),
        ("a: *nobody\n", 1, 4),
        ("a: 1\n---\nb: 2\n", 2, 1),
    ],
)
def test_malformed_yaml_is_told_with_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(Refused, match=rf"config\.yaml line {line}, column {column}: ") as told:
        yaml.loads(text, "config.yaml")
    assert told.value.code == "MALFORMED_YAML"
    assert told.value.details == {"path": "config.yaml", "line": line, "column": column}
    assert told.value.hint


@pytest.mark.parametrize("text", ["a: " + "[" * 1200, "a: &x [*x]", "a: " + "9" * 5000])
def test_what_no_value_can_be_is_refused(text: str) -> None:
    with pytest.raises(Refused) as told:
        yaml.loads(text, "x")
    assert told.value.code == "MALFORMED_YAML"


def test_aliases_cannot_blow_a_document_up() -> None:
    laughs = "a: &a [ha, ha]\n" + "".join(
        f"{chr(after)}: &{chr(after)} [{', '.join([f'*{chr(after - 1)}'] * 9)}]\n"
        for after in range(ord("b"), ord("p"))
    )
    with pytest.raises(Refused, match="its aliases stand for too many values"):
        yaml.loads(laughs, "x")


def test_a_mapping_is_expected_of_a_header() -> None:
    assert yaml.mapping("", "x") == {}
    assert yaml.mapping("# nothing\n", "x") == {}
    assert yaml.mapping("1: a\n", "x") == {"1": "a"}
    for text in ("- a\n", "a\n"):
        with pytest.raises(Refused, match="a mapping of keys is expected"):
            yaml.mapping(text, "x")
