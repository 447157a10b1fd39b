"""The one place where code is imported by name, so that a command pays only for what it uses."""

from __future__ import annotations

from importlib import import_module

# Not `typing.TYPE_CHECKING`: `--version` comes past here, and importing `typing` would cost it a fifth of its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load(target: str) -> Any:
    """The object that `package.module:name` names."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
