"""What a person hands in: a file named on the command line, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.paths import at_home
from specify_cli.kernel.text import quoted


def text_of(name: str) -> str:
    """The text of a file that was named; `-` is standard input.

    Raises:
        NotFound: `FILE_NOT_FOUND`.
        Unavailable: something else stands in its place, or it cannot be read.
    """
    if name == "-":
        return sys.stdin.read()
    text = files.read_text(at_home(name))
    if text is None:
        raise NotFound(f"there is no file {name}", "FILE_NOT_FOUND", hint=f"ls {quoted(Path(name).parent)}")
    return text
