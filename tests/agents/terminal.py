"""Somebody at a terminal who types one line into a program that is already running there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SIZE = struct.pack("HHHH", 50, 160, 0, 0)
_PATIENCE, _PAUSE = 30.0, 0.5
_CONTROL = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b\][^\x07]*\x07")


class Terminal:
    """A terminal, and what was shown on it."""

    def __init__(self, controller: int) -> None:
        self.controller = controller
        self.raw = b""

    @property
    def shown(self) -> str:
        """The text that was shown so far, without colours and moves."""
        return _CONTROL.sub(b"", self.raw).decode("utf-8", "replace")

    def type(self, keys: str, *, at: str) -> None:
        """Type something once the program shows that it is ready for it, and Enter after a moment."""
        assert self.wait(lambda: at in self.shown, _PATIENCE), f"{at!r} is not shown in: {self.shown}"
        self.wait(lambda: False, _PAUSE)
        os.write(self.controller, keys.encode())
        self.wait(lambda: False, _PAUSE)
        os.write(self.controller, b"\r")

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Show what the program writes until something holds; whether it does."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            if select.select([self.controller], [], [], 0.1)[0]:
                self._read()
        return until()

    def _read(self) -> None:
        try:
            self.raw += os.read(self.controller, 65536)
        except OSError:
            time.sleep(0.1)  # so Linux tells that the program is gone


@contextmanager
def terminal_of(argv: list[str], cwd: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """A program at a terminal of its own; it is ended after the block."""
    controller, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, _SIZE)
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=end, stdout=end, stderr=end, start_new_session=True)
    os.close(end)
    try:
        yield Terminal(controller)
    finally:
        process.kill()
        process.wait()
        os.close(controller)
