"""Editing lists in somebody else's JSON: comments, order, line endings and every other byte stay."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from specify_cli.kernel import json_round_trip
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.files import parse_json
from specify_cli.kernel.json_round_trip import Lists, put, take

ALLOW = ("permissions", "allow")
OURS: Lists = {ALLOW: ["Bash(a)", "Bash(b)"]}
TEXTS = {
    "empty": "{}",
    "one line": '{"permissions": {"allow": ["Bash(ls)"]}, "x": 1}\n',
    "pretty": '{\n  "model": "opus",\n  "permissions": {\n    "allow": [\n      "Bash(ls)"\n    ]\n  }\n}\n',
    "tabs": '{\n\t"permissions": {\n\t\t"deny": [\n\t\t\t"Read(x)"\n\t\t]\n\t}\n}',
    "comments": (
        '// mine\n{\n  // why\n  "permissions": {\n    "allow": [\n      "Bash(ls)" // listing\n'
        '      // "Bash(rm)"\n    ], /* all */\n  },\n  "z": [1, 2,],\n}\n'
    ),
    "comma at the end": '{\n  "permissions": {\n    "allow": [\n      "Bash(ls)",\n    ],\n  },\n}\n',
    "comma and comment": '{\n  "permissions": {\n    "allow": [\n      "Bash(ls)", // it\n    ],\n  },\n}\n',
    "byte order mark": '\ufeff{\n    "a": "\\u00e9, // no comment"\n}\n',
    "deny only": '{\n  "permissions": { "deny": [] }\n}\n',
    "empty list": '{\n  "permissions": {\n    "allow": []\n  }\n}\n',
}


def value_of(text: str) -> dict[str, Any]:
    return parse_json(json_round_trip._read(text, "").plain, "")


@pytest.mark.parametrize("windows", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_put_in_and_taken_out_leaves_the_same_bytes(text: str, windows: bool) -> None:
    before = text.replace("\n", "\r\n") if windows else text
    after, made = put(before, OURS, "settings.json")
    assert value_of(after)["permissions"]["allow"][-2:] == ["Bash(a)", "Bash(b)"]
    assert put(after, OURS, "settings.json") == (after, [])
    for comment in re.findall(r"// ?\w+(?= *\r?\n)|/\*.*?\*/", before):
        assert comment in after
    if "\n" in text and windows:
        assert "\n" not in after.replace("\r\n", "")
    assert take(after, OURS, made, "settings.json") == before


def test_a_comment_behind_the_last_value_stays_with_it() -> None:
    after, _ = put(TEXTS["comments"], OURS, "")
    assert '"Bash(ls)", // listing\n      "Bash(a)",\n      "Bash(b)"\n      // "Bash(rm)"\n' in after


def test_what_was_there_before_is_not_put_in_again() -> None:
    after, made = put('{"permissions": {"allow": ["Bash(b)"]}}', OURS, "")
    assert json.loads(after) == {"permissions": {"allow": ["Bash(b)", "Bash(a)"]}}
    assert not made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"permissions": []}', "permissions is not an object"),
        ('{"permissions": {"allow": "Bash(a)"}}', "permissions.allow is not a list"),
        ('{"permissions": {}, "permissions": {}}', "permissions is there twice"),
    ],
)
def test_what_cannot_be_merged_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(Refused, match=re.escape(said)) as refused:
        put(text, OURS, "settings.json")
    assert refused.value.code == "SETTINGS_NOT_MERGED"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", '{"a" 1}', '{"a": }', '{"a": 1} x', '{"a": "b\n"}', '{"a": 01}', "[" * 300, '{"a": nul}'),
        *('{"a": [,]}', '{"a": [1,,]}', '{"a": 1} /* x'),
    ],
)
def test_what_is_no_json_is_refused_with_line_and_column(text: str) -> None:
    with pytest.raises(Refused, match=r"settings\.json line \d+, column \d+: ") as refused:
        put(text, OURS, "settings.json")
    assert refused.value.code == "MALFORMED_JSON"


def test_many_layouts_keep_what_they_say() -> None:
    """Random documents with random comments and blanks: ours come and go, the rest says the same."""
    dice = random.Random(7)

    def blank() -> str:
        return dice.choice(["", "", " ", "\n", "\n\t", " // c\n", "/* , */", "\n  "])

    def value(depth: int) -> str:
        kind = dice.randrange(5 if depth < 3 else 3)
        if kind < 3:
            return dice.choice(["1", "null", '"x // y"', '"[,"', "-2.5e3"])
        parts = [
            blank() + (f'"k{number}"{blank()}:{blank()}' if kind == 3 else "") + value(depth + 1) + blank()
            for number in range(dice.randrange(4))
        ]
        body = ",".join(parts) + ("," + blank() if parts and dice.random() < 0.3 else blank())
        return f"{{{body}}}" if kind == 3 else f"[{body}]"

    for _ in range(400):
        inner = ",".join(
            filter(None, [f'"allow":{blank()}{_list(dice, blank)}', dice.choice(["", f'"q": {value(1)}'])])
        )
        text = f'{blank()}{{{blank()}"a": {value(0)}{blank()},{blank()}"permissions"{blank()}:{{{inner}{blank()}}}}}'
        before = value_of(text)
        after, made = put(text, OURS, "")
        standing = before["permissions"].get("allow", [])
        assert value_of(after)["permissions"]["allow"] == [*standing, "Bash(a)", "Bash(b)"], text
        assert value_of(take(after, OURS, made, "")) == before, text
        assert comments(after) == comments(text), text
        gone = standing[: dice.randrange(3)]
        less = take(text, {ALLOW: gone}, (), "")
        assert value_of(less)["permissions"].get("allow", []) == standing[len(gone) :], text
        assert comments(less) == comments(text), text


def comments(text: str) -> tuple[int, int]:
    return text.count("// c"), text.count("/* , */")


def _list(dice: random.Random, blank: object) -> str:
    assert callable(blank)
    parts = [f'{blank()}"v{number}"{blank()}' for number in range(dice.randrange(4))]
    return "[" + ",".join(parts) + ("," if parts and dice.random() < 0.5 else "") + str(blank()) + "]"
