"""Run the pages of docs/: every command they show, in a scratch home, against the output they show.

What counts on a page:

- a fenced block `console`: a line `$ …` is a command, the lines below it are what it prints; `…` stands for any
  lines, or for any text within a line;
- a fenced block whose info string is a language and a path (`python ~/tea/tea.py`): that file is written;
- a comment `<!-- replay: PAGE up to "HEADING" -->`: that page is run first, up to the heading, and not compared;
- a comment `<!-- replay: COMMAND -->`: run, shown to nobody.

Commands stand in `~` at first and keep the folder and the exported variables of the ones before.

`python -m tests.support.replay PAGE EMPTY-FOLDER` writes into a page what its commands print today, wherever that is
not what the page shows; trim it by hand.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GAP = "…"
_BLOCK = re.compile(
    r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$|^<!-- replay: (?P<note>.+?) -->$", re.MULTILINE | re.DOTALL
)
_START = re.compile(r'(?P<page>\S+\.md) up to "(?P<heading>[^"]+)"')
# What differs from run to run, and the mark that stands for it on both sides.
_CHANGING = [
    (re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b"), "<id>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00|Z)?"), "<time>"),
    (re.compile(r"-[0-9A-HJKMNP-TV-Z]{8}\.md\b"), "-<id>.md"),
    (re.compile(r"\b[0-9a-f]{7,40}\b"), "<commit>"),
    (re.compile(r"\b\d+\.\d+ ?s\b"), "<seconds>"),
    (re.compile(r"(?<=since )\d\d:\d\d\b"), "<time>"),
]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a page does.

    Args:
        line: where it stands on the page.
        command: a command line, or None where a file is written.
        shown: the lines that the page shows below the command; None where it shows none to compare.
        path: the file to write.
        content: what it is to hold.
    """

    line: int
    command: str | None = None
    shown: tuple[str, ...] | None = None
    path: str | None = None
    content: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one command of a page."""

    page: str
    line: int
    command: str
    shown: tuple[str, ...]
    printed: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the page shows what was printed."""
        return matches([settled(line) for line in self.shown], [settled(line) for line in self.printed])

    def __str__(self) -> str:
        where = f"{self.page}:{self.line}: $ {self.command}"
        return "\n".join([where, "-- the page", *self.shown, "-- printed", *self.printed])


def parts(text: str) -> Iterator[Part]:
    """All that a page does, in order."""
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if block["note"]:
            yield Part(line, command=block["note"])
        elif block["info"] == "console":
            yield from _commands(block["body"], line + 1)
        elif len(words := block["info"].split()) == 2:
            yield Part(line, path=words[1], content=block["body"])


def _commands(body: str, first: int) -> Iterator[Part]:
    lines = body.splitlines()
    starts = [index for index, text in enumerate(lines) if text.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Part(first + start, command=lines[start][2:], shown=tuple(lines[start + 1 : end]))


def settled(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, mark in _CHANGING:
        line = pattern.sub(mark, line)
    return line.rstrip()


def matches(shown: list[str], printed: list[str]) -> bool:
    """Whether lines agree; a shown line `…` stands for any number of printed ones, `…` in a line for any text."""
    if not shown:
        return not printed
    if shown[0].strip() == GAP:
        return any(matches(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    return bool(printed) and _line_matches(shown[0], printed[0]) and matches(shown[1:], printed[1:])


def _line_matches(shown: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(piece) for piece in shown.split(GAP))
    return re.fullmatch(pattern, printed) is not None


class Shell:
    """A shell that keeps its folder and its exported variables from one command to the next.

    Args:
        home: the scratch home; `~` in commands and in what they print.
        kept: a folder for copies of it, which shells of the same home share; None keeps none.
    """

    def __init__(self, home: Path, kept: Path | None = None) -> None:
        self.home, self._kept = home, kept
        self._state = home.parent / "shell-state"
        self._state.write_text(f"cd {shlex.quote(str(home))} || exit 99\n", encoding="utf-8")

    def run(self, command: str) -> tuple[str, ...]:
        """Run a command line; what it prints, `~` for the scratch home."""
        keep = f'{{ echo "cd $(printf %q "$PWD") || exit 99"; export -p; }} > {shlex.quote(str(self._state))}'
        script = f". {shlex.quote(str(self._state))}\n{command}\nkept=$?\n{keep}\nexit $kept"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        controller, terminal = pty.openpty() if "hooks trust" in command else (None, None)
        done = subprocess.run(
            ["bash", "-c", script],
            env={**os.environ, "PATH": path, "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=self.home,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        for each in (controller, terminal):
            if each is not None:
                os.close(each)
        return tuple(done.stdout.replace(str(self.home), "~").splitlines())

    def keep(self, name: str) -> None:
        """Keep home, folder and variables as they are now, under a name."""
        if self._kept is not None and not (self._kept / name).exists():
            shutil.copytree(self.home, self._kept / name / "home", symlinks=True)
            shutil.copy(self._state, self._kept / name / "state")

    def take_up(self, name: str) -> bool:
        """Make home, folder and variables what was kept under a name; False where nothing was."""
        if self._kept is None or not (self._kept / name).exists():
            return False
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self._kept / name / "home", self.home, symlinks=True)
        shutil.copy(self._kept / name / "state", self._state)
        return True

    def write(self, path: str, content: str) -> None:
        """Write a file whose path begins with `~/`."""
        target = self.home / path.removeprefix("~/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


def play(page: Path, shell: Shell) -> Iterator[Played]:
    """Do all that a page does; yields its commands, each with what it printed."""
    for part in parts(page.read_text(encoding="utf-8")):
        start = _START.fullmatch(part.command) if part.command and part.shown is None else None
        if start:
            prepare(page.parent / start["page"], shell, start["heading"])
        elif part.path is not None:
            shell.write(part.path, part.content)
        elif part.command is not None:
            printed = shell.run(part.command)
            yield Played(page.name, part.line, part.command, printed if part.shown is None else part.shown, printed)


def prepare(page: Path, shell: Shell, until: str) -> None:
    """Do what a page does up to a heading line, from the last heading on at which the shell was kept."""
    text, found, _ = page.read_text(encoding="utf-8").partition(f"\n{until}\n")
    assert found, f"{page} has no heading {until!r}"
    sections = _sections(text)
    done = next((count for count in range(len(sections), 0, -1) if shell.take_up(f"{page.stem}-{count}")), 0)
    for count, section in enumerate(sections[done:], done + 1):
        for part in parts(section):
            if part.path is not None:
                shell.write(part.path, part.content)
            elif part.command is not None:
                shell.run(part.command)
        shell.keep(f"{page.stem}-{count}")


def _sections(text: str) -> list[str]:
    """A page cut before each of its headings; a line of a block is none."""
    found, lines = [""], _BLOCK.sub(lambda block: re.sub("^#", " ", block[0], flags=re.MULTILINE), text).splitlines()
    for heading, line in zip(lines, text.splitlines(keepends=True), strict=True):
        if heading.startswith("## "):
            found.append("")
        found[-1] += line
    return found


def rewrite(page: Path, shell: Shell) -> int:
    """Put into a page what its commands print today; returns how many commands showed something else."""
    differing = [played for played in play(page, shell) if not played.agrees]
    lines = page.read_text(encoding="utf-8").splitlines()
    for played in reversed(differing):
        lines[played.line : played.line + len(played.shown)] = played.printed
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(differing)


if __name__ == "__main__":
    sys.stdout.write(f"{rewrite(Path(sys.argv[1]), Shell(Path(sys.argv[2])))} commands print something else\n")
