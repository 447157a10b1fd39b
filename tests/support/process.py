"""Other processes: a fresh interpreter and what a piece of code imports into it, and waiting for what others do."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable


def modules_after(source: str) -> set[str]:
    """Names of the modules loaded after running some source in a fresh interpreter.

    Args:
        source: statements; they must print nothing.
    """
    program = f"{source}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def wait_for(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait until something holds that another process brings about; a test that waits in vain fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not happen within {seconds:g} s"
        time.sleep(0.1)
