"""Run commands: in this process, or through the installed script."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specify_cli.cli import app
from specify_cli.cli.commands import TABLE, Entry
from tests.support.environment import standing_in

SCRIPT = Path(sys.executable).parent / "spec-kitty"


@dataclass(frozen=True, slots=True)
class Result:
    """What a command said."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Standard output as the one JSON document it must be."""
        try:
            document = json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"{self}\nis no single JSON document: {error}") from error
        assert isinstance(document, dict), f"not an object: {document!r}"
        return document

    def ok(self) -> Result:
        """Itself, after making sure that the command succeeded."""
        assert self.code == 0, str(self)
        return self

    def failed(self, error_code: str | None = None, exit_code: int | None = None) -> Result:
        """Itself, after making sure that the command failed, and how."""
        assert self.code != 0, str(self)
        assert exit_code is None or self.code == exit_code, str(self)
        if error_code is not None:
            assert self.json()["error_code"] == error_code, str(self)
        return self

    def __str__(self) -> str:
        return f"spec-kitty {' '.join(self.argv)}\nexit code {self.code}\n-- out\n{self.out}\n-- err\n{self.err}"


def run_here(*arguments: str, cwd: Path | None = None, input: str = "", table: Mapping[str, Entry] = TABLE) -> Result:
    """Run a command in this process.

    Args:
        arguments: the words after `spec-kitty`.
        cwd: folder to stand in; None stays.
        input: standard input.
        table: the commands there are.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    before = sys.stdin
    sys.stdin = io.StringIO(input)
    try:
        with standing_in(cwd or Path.cwd()), redirect_stdout(out), redirect_stderr(err):
            code = app.run(arguments, table)
    finally:
        sys.stdin = before
    return Result(arguments, code, _text(out), _text(err))


def run_script(
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str = "",
    timeout: float = 120.0,
) -> Result:
    """Run a command through the installed console script.

    Args:
        arguments: the words after `spec-kitty`.
        cwd: folder to stand in; None stays.
        env: variables added to the environment of the test.
        input: standard input.
        timeout: seconds.
    """
    done = subprocess.run(
        [str(SCRIPT), *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=input,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=timeout,
        check=False,
    )
    return Result(arguments, done.returncode, done.stdout, done.stderr)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
