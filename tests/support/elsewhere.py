"""The system of the tests: that of the machine, or one that lacks what Windows lacks (`--without-posix`).

Only the module that knows of operating systems is given that view: the tests, Python and git are as they are.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from specify_cli.kernel import system
from tests.support.ahead import sitecustomize

_FOLDER = Path(sitecustomize.__file__).parent


class _Chosen:
    lacking = False


def configure(*, lacking: bool) -> None:
    """Choose the system of this process."""
    if lacking and not _Chosen.lacking:
        _Chosen.lacking = True
        loader = sitecustomize.Lacking(system.__name__, system.__file__)
        loader.exec_module(system)


def variables() -> dict[str, str]:
    """What commands that a test starts must know of the system; the shell is that of the tests, which read POSIX."""
    if not _Chosen.lacking:
        return {}
    path = [str(_FOLDER), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {sitecustomize.LACKING: "1", "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)), "SHELL": "/bin/sh"}


def needs_posix(why: str) -> pytest.MarkDecorator:
    """The mark of a test about what Windows has no way for.

    Args:
        why: what that is.
    """
    return pytest.mark.skipif("config.getoption('--without-posix') or sys.platform == 'win32'", reason=why)
