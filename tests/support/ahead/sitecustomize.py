"""Python reads this before anything else in what a test starts on another day; see `tests.support.today`.

It loads nothing of ours by itself: what a command imports is counted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


class _Moving(SourceFileLoader):
    """Loads our clock and moves it."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then move its clock."""
        super().exec_module(module)
        module.run_ahead(timedelta(seconds=float(os.environ.get("TESTS_CLOCK_AHEAD") or 0)))


class _Watching:
    """Finds our clock when it is imported, and nothing else."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if name != "specify_cli.kernel.clock":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin:
            spec.loader = _Moving(name, spec.origin)
        return spec


sys.meta_path.insert(0, _Watching)
