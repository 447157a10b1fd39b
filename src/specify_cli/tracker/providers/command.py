"""Running a tracker's own program: never a shell, half a minute, and nothing in what it says is trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from specify_cli.core.agents import is_on_path
from specify_cli.kernel import process
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.values import frozen

TIMEOUT = 30.0
_PLAIN = re.compile(r"[A-Za-z0-9][\w.\-]{0,199}")
_LONGEST_TEXT = 500
# Program -> what installs it, taken where that installer is here; and its page, where none is.
_INSTALLERS: Mapping[str, tuple[str, ...]] = {
    "gh": ("brew install gh", "winget install --id GitHub.cli", "sudo apt install gh", "sudo dnf install gh"),
    "bd": ("npm install --global @beads/bd",),
}
_PAGES: Mapping[str, str] = {"gh": "https://cli.github.com", "bd": "https://github.com/steveyegge/beads"}


@frozen
class Issue:
    """An issue of a local tracker.

    Args:
        status: todo, in_progress, in_review, blocked, done or canceled.
        fields: whatever else is known: body, issue_type, priority, assignees, labels, url.
    """

    id: str
    title: str
    status: str
    updated_at: str
    fields: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Every field by its name, as it is kept."""
        return {**self.fields, "id": self.id, "title": self.title, "status": self.status, "updated_at": self.updated_at}


class Connector(Protocol):
    """A tracker that is a program here."""

    def issues(self, limit: int) -> list[Issue]:
        """The issues there are, at most `limit`."""
        ...

    def set_status(self, issue_id: str, status: str) -> None:
        """Move an issue."""
        ...


@frozen
class Program:
    """A program and where it runs.

    Args:
        command: its words.
    """

    command: tuple[str, ...]
    cwd: Path | None = None

    def run(self, words: Sequence[str], *, input: str | None = None) -> str:
        """What it prints.

        Raises:
            Unavailable: `PROGRAM_MISSING`, `PROGRAM_UNUSABLE`, `TIMEOUT`; `TRACKER_COMMAND_FAILED` with its words.
        """
        env = process.environment(NO_COLOR="1", GH_PROMPT_DISABLED="1", GH_NO_UPDATE_NOTIFIER="1")
        try:
            done = process.run([*self.command, *words], cwd=self.cwd, env=env, input=input, timeout=TIMEOUT)
        except Unavailable as error:
            missing = error.code == "PROGRAM_MISSING"
            error.hint = _way_out(self.command[0]) if missing else error.hint
            raise
        if done.code != 0:
            said = " ".join(done.said.split())[:_LONGEST_TEXT] or f"exit code {done.code}"
            shown = " ".join([*self.command, *words[:2]])
            hint = command("gh", "auth", "login") if self.command[0] == "gh" else None
            raise Unavailable(f"{shown}: {said}", "TRACKER_COMMAND_FAILED", hint=hint)
        return done.out

    def json(self, words: Sequence[str], *, input: str | None = None) -> Any:
        """What it prints as JSON; raises as `run`, and `TRACKER_OUTPUT_INVALID`."""
        text = self.run(words, input=input)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.unreadable(words) from error

    def rows(self, words: Sequence[str]) -> list[dict[str, Any]]:
        """What it prints as a list of JSON objects; raises as `json`."""
        found = self.json(words)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self.unreadable(words)
        return found

    def unreadable(self, words: Sequence[str]) -> Unavailable:
        """The error for output of another form than agreed."""
        shown = " ".join([*self.command, *words[:2]])
        return Unavailable(
            f"{shown} printed what cannot be read: another version of it may be needed",
            "TRACKER_OUTPUT_INVALID",
        )


def _way_out(program: str) -> Command:
    """The command that brings a program here; of one that nobody knows how to get, how to say where it is."""
    for way in _INSTALLERS.get(program, ()):
        if is_on_path(way.removeprefix("sudo ").split()[0]):
            return command(*way.split())
    if program in _PAGES:
        return command("python3", "-m", "webbrowser", _PAGES[program])
    return spec_kitty("tracker bind", "--credential", "command=PROGRAM")


def plain(issue_id: str) -> str:
    """An id that can stand among the words of a command, and is no option.

    Raises:
        Refused: `ISSUE_ID_INVALID`.
    """
    if not _PLAIN.fullmatch(issue_id):
        raise Refused(f"{issue_id!r} is no id of an issue", "ISSUE_ID_INVALID", hint=spec_kitty("tracker map list"))
    return issue_id
