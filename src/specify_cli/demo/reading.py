"""What a scripted agent takes from a prompt: where to work, what to run, what to check. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.values import frozen

_FENCE = re.compile(r"^`{3,}")
_CRITERION = re.compile(r"^- Running `([^`]+)` shows `([^`]+)`\.$", re.MULTILINE)
_DOCUMENT = re.compile(r"^The step's document: `(.+)`$", re.MULTILINE)
_FOLDER = re.compile(r"^ {4}cd (.+)$", re.MULTILINE)
_WORKTREE = re.compile(r"^Worktree `([^`]+)`", re.MULTILINE)
_COMMAND = re.compile(r"^ {4,}(spec-kitty .+)$")
_SENT_BACK = re.compile(r"^## First: the review asked for changes", re.MULTILINE)


@frozen
class Prompt:
    """A prompt file's text.

    Args:
        path: the file, for messages.
        text: all of it.
    """

    path: str
    text: str

    @property
    def asks_for_changes(self) -> bool:
        """Whether a review sent the work back."""
        return _SENT_BACK.search(self.text) is not None

    @property
    def workspace(self) -> str:
        """The folder to work in, or to review in."""
        for pattern in (_FOLDER, _WORKTREE):
            found = pattern.search(self.text)
            if found:
                return shlex.split(found[1])[0] if pattern is _FOLDER else found[1]
        raise self._without("a folder to work in")

    @property
    def document(self) -> str:
        """The document of a planning step."""
        found = _DOCUMENT.search(self.text)
        if found is None:
            raise self._without("the document to write")
        return found[1]

    @property
    def criteria(self) -> list[tuple[str, str]]:
        """Command and what it must show, of each acceptance criterion that is one."""
        return [(command, shows) for command, shows in _CRITERION.findall(self.text)]

    def command(self, *words: str, fill: Mapping[str, str] | None = None) -> list[str]:
        """The first command that has all these words, without the program's name.

        Args:
            words: each stands in the command as it is.
            fill: what to put in the place of `<placeholders>`, by a word of the placeholder.

        Raises:
            NotFound: the prompt names no such command, or a placeholder nobody knows.
        """
        for argv in self._commands():
            if all(word in argv for word in words):
                return [self._filled(word, fill or {}) for word in argv[1:]]
        raise self._without(f"a command with {' '.join(words)}")

    def _commands(self) -> Iterator[list[str]]:
        for line in unfenced(self.text.split("\n")):
            found = _COMMAND.match(line)
            if found:
                yield shlex.split(found[1])

    def _filled(self, word: str, fill: Mapping[str, str]) -> str:
        if not (word.startswith("<") and word.endswith(">")):
            return word
        value = next((text for key, text in fill.items() if key in word), None)
        if value is None:
            raise self._without(f"a way to know {word}")
        return value

    def _without(self, what: str) -> NotFound:
        return NotFound(
            f"the prompt {self.path} does not name {what}", "PROMPT_INCOMPLETE", hint=command("cat", self.path)
        )


def unfenced(lines: Sequence[str]) -> Iterator[str]:
    """The prompt's own lines, without those that it quotes from the repository."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark.group()
        elif mark and line.startswith(fence):
            fence = ""
        elif not fence:
            yield line
