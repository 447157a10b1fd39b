"""Commands that are printed for others to run: argument lists that one module quotes, for the shells of agents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from tests.support.printed import printed_lines
from tests.support.source import PACKAGE, Module, dotted, modules, nodes

MAKER = "kernel.commands"
# What begins a command, where it is followed by something that is put in.
_BEGINS = re.compile(
    r"(?:^|[\s`'\"(])(?:spec-kitty (?:-|[a-z])|rm -|cd |git (?:-C|-c|add|apply|branch|checkout|cherry-pick|commit"
    r"|config|diff|fetch|init|log|merge|pull|push|rebase|reset|restore|rm|show|stash|status|submodule|switch|worktree)\b"
    r"(?! (?:ended|failed|in|on) ))"
)
_PUT_IN = "\0"
# (module, what it says): it is prose, and nobody runs it.
PROSE = {
    ("__main__", "this installation of spec-kitty is broken: "),
    ("cli.commands.footprint", "There is no file of spec-kitty in "),
    ("tracker.providers.github_cli", "<!-- spec-kitty mission "),
}
# Modules that quote words for another reason than a printed command.
QUOTING = {
    "kernel.text": "one word, for the one module that makes commands",
    "acceptance.accept": "the name under which a test is recorded, the same in every shell",
    "demo.agents": "plays an agent that types",
    "demo.tool": "plays an agent that types",
}


def composed(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Texts that are put together of parts; `_PUT_IN` stands for each part that is no constant."""
    for node in nodes(tree):
        if isinstance(node, ast.JoinedStr):
            yield node, "".join(str(part.value) if isinstance(part, ast.Constant) else _PUT_IN for part in node.values)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
                yield node, node.left.value + _PUT_IN
        elif isinstance(node, ast.Attribute) and node.attr == "format" and isinstance(node.value, ast.Constant):
            yield node, f"{node.value.value!s}{_PUT_IN}"


def commands_in(module: Module) -> Iterator[str]:
    """Composed texts that look like a command with something put in."""
    for node, text in composed(module.tree):
        for line in text.split("\n"):
            found = _BEGINS.search(line)
            if found is None or _PUT_IN not in line[found.start() :]:
                continue
            if not any(module.name == name and line.startswith(said) for name, said in PROSE):
                yield f"{module.at(node)} {line.strip()!r}"


def test_no_command_is_put_together_as_text() -> None:
    assert [line for module in modules() if module.name != MAKER for line in commands_in(module)] == []


def test_the_check_finds_what_it_is_for() -> None:
    lines = ('a = f"spec-kitty accept --mission {slug}"', 'b = "git switch " + branch', 'c = "rm -r {}".format(path)')
    tree = ast.parse("\n".join(lines))
    texts = [text for _, text in composed(tree) if _BEGINS.search(text) and _PUT_IN in text]
    assert len(texts) == 3


def test_only_one_module_quotes() -> None:
    found = {
        module.name
        for module in modules()
        for node in nodes(module.tree)
        if (isinstance(node, ast.Attribute) and dotted(node) in ("shlex.quote", "shlex.join"))
        or (isinstance(node, ast.Name) and node.id == "shell_word")
    }
    assert found - {MAKER} == set(QUOTING)


# -- what an agent's shell takes -----------------------------------------------------------------------------------

TEMPLATES = sorted((PACKAGE / "missions").rglob("*.md"))
_LONGEST_WAIT = 100  # seconds; many agents' shells end a command at 120
_WAIT = re.compile(r"--wait[ =](\d+)")
_MAKERS = frozenset({"Command", "adding", "command", "git_command", "into", "spec_kitty", "then"})


def texts_of(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every text of a module, docstrings among them."""
    for node in nodes(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def words_of(module: Module) -> Iterator[tuple[ast.AST, list[str]]]:
    """The words of every command that a module makes, as far as they are written out."""
    for name, call in module.calls():
        if name.rpartition(".")[2] in _MAKERS:
            parts = [part for argument in call.args for part in ast.walk(argument)]
            yield call, [str(part.value) for part in parts if isinstance(part, ast.Constant)]


def test_no_printed_command_needs_another_one_within_it() -> None:
    found = [module.at(node) for module in modules() for node, text in texts_of(module) if "$(" in text]
    found += [module.at(node) for module in modules() for node, words in words_of(module) if "`" in "".join(words)]
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        found += [
            f"{template}: {line}" for line in text.splitlines() if "$(" in line or "``" in line.replace("```", "")
        ]
        found += [f"{template}: {line}" for line in printed_lines(text) if "`" in line]
    assert found == []


def test_no_printed_command_waits_longer_than_the_shells_of_agents_do() -> None:
    found = [
        f"{template}: {seconds}"
        for template in TEMPLATES
        for seconds in _WAIT.findall(template.read_text(encoding="utf-8"))
        if int(seconds) != _LONGEST_WAIT
    ]
    for module in modules():
        for node, words in words_of(module):
            waits = [int(after) for word, after in pairwise(words) if word == "--wait" and after.isdigit()]
            found += [f"{module.at(node)}: {seconds}" for seconds in waits if seconds > _LONGEST_WAIT]
    assert found == []
