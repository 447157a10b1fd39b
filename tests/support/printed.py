"""People and agents who run nothing but what was printed to them, with the placeholders filled in."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.cli import SCRIPT

_START = re.compile(r"(?<![\w./`'\"-])(?:spec-kitty|git|cd) ")
_SPAN = re.compile(r"`((?:spec-kitty|git) [^`]+)`", re.DOTALL)
_OPTION = re.compile(r"`(--[a-z-]+(?: [^`]+)?)`")
_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>]*>|\b(?:NAME|ANSWER|ANOTHER|WHY|TEXT|FILE|REF|MSG)\b|…|\.\.\.")
_PROMPT = re.compile(r"^ +prompt +(/.*\.md)$", re.MULTILINE)
_BESIDE = re.compile(r" {3,}|  +# ")  # what stands beside a command says what it does
_HEREDOC = re.compile(r"<<'([A-Z-]+)'$")


def printed_lines(text: str) -> Iterator[str]:
    """Every command line that a text shows: to the end of its line, or as far as its backticks go."""
    for found in _SPAN.finditer(text):
        yield " ".join(found[1].split())
    lines = text.split("\n")
    for number, line in enumerate(lines):
        start = _START.search(line)
        if start is None or "`" in line:
            continue
        command = _BESIDE.split(line[start.start() :].rstrip())[0]
        if end := _HEREDOC.search(command):
            indent = len(line) - len(line.lstrip())
            rest = [each[indent:] for each in lines[number + 1 :]]
            command = "\n".join([command, *rest[: rest.index(end[1]) + 1]])
        yield command


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _words(line: str) -> list[str]:
    """A command line as words, with quotes gone; a placeholder is one word. Prose has none."""
    try:
        return shlex.split(_PLACEHOLDER.sub("\0", line.partition(" <<")[0]))
    except ValueError:
        return []


def _quoted(value: str, line: str, at: int) -> str:
    """A value as a shell needs it at a place of a line."""
    return value if line[at - 1] in "\"'\n" else shlex.quote(value)


def _fits(template: list[str], words: list[str]) -> bool:
    if len(template) != len(words):
        return False
    for shown, given in zip(template, words, strict=True):
        pattern = ".+".join(re.escape(part) for part in shown.split("\0"))
        if not re.fullmatch(pattern, given, re.DOTALL):
            return False
    return True


@dataclass(slots=True)
class Reader:
    """Somebody at a shell, and all that was printed to them.

    Args:
        folder: where they stand.
        env: what their program puts into the environment.
        lines: the command lines they were shown, newest last.
        options: the options that a text said may be added.
        ran: what they ran.
        facts: placeholder -> what they fill in.
        heard: what the last command and the prompt that came with it said.
    """

    name: str
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    heard: str = ""

    def read(self, text: str) -> None:
        """Take in what is on the screen or in a file, and the prompt that it names."""
        self.heard += text
        self.lines += printed_lines(text)
        self.options += _OPTION.findall(text)
        for path in _PROMPT.findall(text):
            self.read(Path(path).read_text(encoding="utf-8"))

    def open(self, path: Path | str) -> str:
        """Read a file that they were told to read."""
        text = Path(path).read_text(encoding="utf-8")
        self.read(text)
        return text

    def find(self, *parts: str, without: tuple[str, ...] = ()) -> str:
        """The newest line they were shown that has all of these parts.

        Raises:
            AssertionError: nobody showed them such a command.
        """
        for line in reversed(self.lines):
            if all(part in line for part in parts) and not any(part in line for part in without):
                return line
        shown = "\n".join(dict.fromkeys(self.lines[-40:]))
        raise AssertionError(f"{self.name} was never shown a command with {parts}; shown:\n{shown}")

    def do(self, *parts: str, fill: Mapping[str, str] | None = None, add: str = "", **keys: Any) -> Said:
        """Run the newest line with these parts; see `find` and `run`."""
        return self.run(self.find(*parts, **keys), fill, add)

    def run(self, line: str, fill: Mapping[str, str] | None = None, add: str = "") -> Said:
        """Run a line in a shell.

        Args:
            fill: placeholder -> value, beside the facts.
            add: an option that a text said may be added.
        """
        whole = f"{line} {add}".strip()
        values = {**self.facts, **(fill or {})}
        assert set(fill or {}) <= set(_PLACEHOLDER.findall(whole)), f"{fill} does not belong into {whole}"
        whole = _PLACEHOLDER.sub(lambda found: _quoted(values[found[0]], whole, found.start()), whole)
        self.must_know(whole, add)
        env = {**os.environ, **self.env, "PATH": os.pathsep.join([str(SCRIPT.parent), os.environ["PATH"]])}
        done = subprocess.run(
            ("sh", "-c", whole),
            cwd=self.folder,
            env=env,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.ran.append(whole)
        said = Said(whole, done.returncode, done.stdout, done.stderr)
        self._hear(said)
        return said

    def must_know(self, whole: str, added: str = "") -> None:
        """Make sure that each command of a line was printed, as it stands but for its placeholders."""
        known = [_words(each) for each in dict.fromkeys(self.lines)]
        body = whole.removesuffix(added).strip() if added else whole
        assert any(_fits(each, _words(body)) for each in known), f"{self.name} was never shown: {body}"
        option = _words(added)
        assert not option or any(_fits(_words(each), option) for each in self.options), f"never shown: {added}"

    def _hear(self, said: Said) -> None:
        self.heard = ""
        self.read(said.err)
        try:
            answer = json.loads(said.out)
        except ValueError:
            self.read(said.out)
            return
        for text in _strings(answer):
            self.read(text)
        if answer.get("prompt_file"):
            self.open(answer["prompt_file"])


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed."""

    line: str
    code: int
    out: str
    err: str

    def ok(self) -> Said:
        """Itself, after making sure that the command succeeded."""
        assert self.code == 0, str(self)
        return self

    def refused(self, *parts: str) -> Said:
        """Itself, after making sure that the command failed and said all of this."""
        assert self.code != 0, str(self)
        for part in parts:
            assert part in self.out + self.err, str(self)
        return self

    def json(self) -> dict[str, Any]:
        """The one document that it printed."""
        return dict(json.loads(self.out))

    def __str__(self) -> str:
        return f"{self.line}\nexit code {self.code}\n-- out\n{self.out}\n-- err\n{self.err}"
