"""Running git: never a shell, always a time limit, and an environment that a caller's variables cannot bend."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from specify_cli.kernel import process
from specify_cli.kernel.errors import Unavailable
from specify_cli.kernel.text import quoted
from specify_cli.kernel.values import frozen

# What `git rev-parse --local-env-vars` lists: these name another repository than the one we mean.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX",
)  # fmt: skip


class GitFailed(Unavailable):
    """A git command that should have worked did not."""


@frozen
class GitRun:
    """Git, run in one folder.

    Args:
        root: top folder of a working tree, or a bare repository.
    """

    root: Path

    def call(
        self,
        *args: str,
        input: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        write: bool = False,
    ) -> process.Completed:
        """Run git and return what it said, whatever its exit code."""
        return process.run(
            ("git", *args), cwd=self.root, env=_environment(env, write=write), input=input, timeout=timeout
        )

    def run(
        self,
        *args: str,
        input: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        write: bool = False,
    ) -> str:
        """Run git and return its output.

        Raises:
            GitFailed: the exit code is not 0.
        """
        done = self.call(*args, input=input, env=env, timeout=timeout, write=write)
        if done.code != 0:
            verb = next((arg for arg in args if not arg.startswith("-") and "=" not in arg), args[0])
            raise GitFailed(
                f"git {verb} failed in {self.root}: {done.said or 'no output'}",
                "GIT_FAILED",
                hint=f"git -C {quoted(self.root)} status",
                details={"argv": list(done.argv), "exit_code": done.code},
            )
        return done.out


def _environment(extra: Mapping[str, str] | None, *, write: bool) -> dict[str, str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in _LOCAL and not name.startswith("GIT_CONFIG_KEY")
    }
    env["LC_ALL"] = "C"
    env["GIT_TERMINAL_PROMPT"] = "0"
    if not write:
        env["GIT_OPTIONAL_LOCKS"] = "0"
    env.update(extra or {})
    return env
