"""Running the installed command, and other programs, in the scratch repository."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from specify_cli.core.agent_programs import PROCESS_VARIABLE, PROGRAMS
from specify_cli.kernel import files, process
from specify_cli.kernel.errors import Unavailable
from specify_cli.kernel.process import Completed
from specify_cli.kernel.values import frozen

# `-P`: a folder one stands in must not be able to shadow a module of the tool.
SPEC_KITTY = (sys.executable, "-P", "-m", "specify_cli")
TIME_LIMIT = 60.0
_OF_OTHERS = ("GIT_", "SPEC_KITTY_", "SPECIFY_")
_OURS = frozenset(program.variable for program in PROGRAMS)
_KEPT = ("GIT_EXEC_PATH",)


class DemoFailed(Unavailable):
    """Something in the demo did not go as it should."""


def surroundings(scratch: Path) -> dict[str, str]:
    """An environment in which nothing of the user's own settings counts, and nothing is written outside a folder.

    Args:
        scratch: the folder of the demo.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not (name.startswith(_OF_OTHERS) or name in _OURS)
    }
    home = scratch / "home"
    return env | {
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "SPEC_KITTY_HOME": str(home / ".kittify"),
        PROCESS_VARIABLE: "off",
        "SPEC_KITTY_STATE_HOME": str(home / ".spec-kitty"),
        "XDG_CONFIG_HOME": str(home / ".config"),
    }


@frozen
class Tool:
    """The installed command, called from some folder.

    Args:
        env: the whole environment.
    """

    env: Mapping[str, str]

    def ask(
        self, *words: str, cwd: Path, codes: Sequence[int] = (0,), timeout: float = TIME_LIMIT
    ) -> dict[str, object]:
        """Run a command and give its JSON answer.

        Args:
            words: the words after `spec-kitty`; `--json` is added where it is missing.
            cwd: where to stand.
            codes: exit codes that are no failure.
            timeout: seconds.

        Raises:
            DemoFailed: another exit code, or the answer is an error.
        """
        line = [*words, *(() if "--json" in words else ("--json",))]
        done = process.run((*SPEC_KITTY, *line), cwd=cwd, env=self.env, timeout=timeout)
        said = f"`spec-kitty {shlex.join(words)}` in {cwd}"
        answer = files.parse_json(done.out, said) if done.out.strip() else {}
        if done.code not in codes or answer.get("result") == "error":
            reason = answer.get("error") or done.said or "no output"
            details = {"argv": list(words), "exit_code": done.code, "answer": answer}
            raise DemoFailed(f"{said} gave {done.code}: {reason}", "DEMO_FAILED", details=details)
        return answer

    def git(self, *words: str, cwd: Path) -> str:
        """Run git and give its output.

        Raises:
            DemoFailed: it failed.
        """
        done = process.run(("git", *words), cwd=cwd, env=self.env, timeout=TIME_LIMIT)
        if done.code != 0:
            raise DemoFailed(f"git {shlex.join(words)} in {cwd} failed: {done.said}", "DEMO_FAILED")
        return done.out

    def line(self, command: str, *, cwd: Path) -> Completed:
        """Run a command line of the story; `python` is the interpreter that runs the demo."""
        return process.run(interpreted(command), cwd=cwd, env=self.env, timeout=TIME_LIMIT)


def interpreted(command: str) -> list[str]:
    """The words of a command line, `python` replaced by this interpreter."""
    program, *words = shlex.split(command)
    return [sys.executable if program == "python" else program, *words]
