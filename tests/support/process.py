"""A fresh interpreter: what a piece of code imports, and what else it does to a process."""

from __future__ import annotations

import subprocess
import sys


def modules_after(source: str) -> set[str]:
    """Names of the modules loaded after running some source in a fresh interpreter.

    Args:
        source: statements; they must print nothing.
    """
    program = f"{source}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
