"""docs/reference/errors.md names every code that the program can give, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.source import ROOT, Module, modules, nodes

PAGE = ROOT / "docs" / "reference" / "errors.md"
SEVERAL_WORDS = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
ONE_WORD = re.compile(r"[A-Z]{3,}")
# Calls whose arguments are codes: the error tree and the values that carry a code to the outside.
GIVERS = re.compile(
    r"(UsageError|NotFound|Refused|Conflict|Unavailable|\w*Error|\w*Failed|Notice|Unmet|Shortcoming|\w*Problem|Finding"
    r"|_?problem|_?report|_?finding|_ok|_note|_warning|_error)"
)
# Capitals with an underscore that are no codes: variables of the environment and names of git.
OTHERS = re.compile(
    r"(GIT|GH|LC|XDG|SPEC_KITTY|SPECIFY|CLAUDE_CODE|PYTHON)_.*|CLAUDE_ENV_FILE|NO_COLOR|CODEX_(HOME|THREAD_ID)|\w+_SESSION_ID|KILO_RUN_ID|OPENCODE_PID|(MERGE|CHERRY_PICK|REVERT)_HEAD"
    r"|BISECT_LOG"
    r"|(HTTPS|NO)_PROXY|SSL_CERT_FILE"
)
CODES_LIKE_OTHERS = {"GIT_FAILED", "GIT_MISSING", "GIT_TOO_OLD", "PYTHON_TOO_OLD"}


def test_every_code_is_explained_and_every_explained_code_exists() -> None:
    given = {code: where for module in modules() for code, where in codes(module)}
    explained = set(re.findall(r"`([A-Z][A-Z0-9_]{2,})`", PAGE.read_text(encoding="utf-8")))
    assert {code: where for code, where in given.items() if code not in explained} == {}, f"explain them in {PAGE.name}"
    assert {code for code in explained - set(given) if not OTHERS.fullmatch(code)} == set(), "nothing gives them"


def test_a_code_is_explained_once() -> None:
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [code for code in rows if rows.count(code) > 1] == []


def test_the_other_pages_name_only_codes_that_exist() -> None:
    given = {code for module in modules() for code, _ in codes(module)}
    named = {
        (str(path.relative_to(ROOT)), code)
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        if path != PAGE
        for code in re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`", path.read_text(encoding="utf-8"))
    }
    assert {(path, code) for path, code in named if code not in given and not OTHERS.fullmatch(code)} == set()


def codes(module: Module) -> Iterator[tuple[str, str]]:
    """Every code that stands in a module, with its place."""
    for node in nodes(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_code(node.value):
            yield node.value, module.at(node)
    for name, call in module.calls():
        if GIVERS.fullmatch(name.rpartition(".")[2]):
            for given in [*call.args, *(keyword.value for keyword in call.keywords)]:
                if isinstance(given, ast.Constant) and isinstance(given.value, str) and ONE_WORD.fullmatch(given.value):
                    yield given.value, module.at(call)


def is_code(text: str) -> bool:
    return bool(SEVERAL_WORDS.fullmatch(text)) and (text in CODES_LIKE_OTHERS or not OTHERS.fullmatch(text))
