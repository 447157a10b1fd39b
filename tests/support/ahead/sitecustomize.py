"""Python reads this before anything else in what a test starts on another day, or as on another system.

See `tests.support.today` and `tests.support.elsewhere`. It loads nothing of ours by itself: what a command imports is
counted.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

AHEAD = "TESTS_CLOCK_AHEAD"  # seconds
LACKING = "TESTS_WITHOUT_POSIX"  # anything
# What Windows has no name for, of what the program asks for.
NAMES: Mapping[str, frozenset[str]] = {
    "os": frozenset({"O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "fchmod", "uname", "killpg", "sync", "major", "minor"}),
    "signal": frozenset({"SIGKILL", "SIGXFSZ", "SIGHUP"}),
}


class _View:
    """A module without some of its names."""

    def __init__(self, module: Any, hidden: frozenset[str]) -> None:
        self._module, self._hidden = module, hidden

    def __getattr__(self, name: str) -> Any:
        if name in self._hidden:
            raise AttributeError(name)
        return getattr(self._module, name)


class _Lazy(_View):
    """Our door to what is imported late, without the locks of POSIX."""

    def load(self, target: str) -> Any:
        """See `specify_cli.kernel.lazy`."""
        if target.startswith("fcntl:"):
            raise ImportError(target)
        return self._module.load(target)


def _import(name: str, *rest: Any) -> Any:
    found = builtins.__import__(name, *rest)
    return _View(found, NAMES[name]) if name in NAMES else found


class Lacking(SourceFileLoader):
    """Loads the module that knows of operating systems with a view of Python as it is on Windows."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module with that view."""
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)
        module.__dict__["lazy"] = _Lazy(module.__dict__["lazy"], frozenset())


class _Moving(SourceFileLoader):
    """Loads our clock and moves it."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then move its clock."""
        super().exec_module(module)
        module.run_ahead(timedelta(seconds=float(os.environ.get(AHEAD) or 0)))


class _Watching:
    """Finds these two when they are imported, and nothing else."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        wanted = {"specify_cli.kernel.clock": (_Moving, AHEAD), "specify_cli.kernel.system": (Lacking, LACKING)}
        loader, variable = wanted.get(name, (None, ""))
        if loader is None or not os.environ.get(variable):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin:
            spec.loader = loader(name, spec.origin)
        return spec


if os.environ.get(AHEAD) or os.environ.get(LACKING):
    sys.meta_path.insert(0, _Watching)
