"""Whether a process that was noted down has ended, told from every other that has its number."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from specify_cli.kernel import ancestors, system
from specify_cli.kernel.ancestors import Process, process_of
from specify_cli.kernel.values import replace
from tests.support.programs import needs_proc


def me() -> Process:
    """This process."""
    found = process_of(os.getpid())
    assert found is not None
    return found


@needs_proc
def test_a_process_has_ended_when_it_is_gone_or_its_number_was_given_again() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        noted = process_of(child.pid)
        assert noted is not None
        assert not noted.has_ended()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert noted.has_ended()  # nobody has asked about it yet
    assert noted.has_ended()
    assert not me().has_ended()
    assert replace(me(), start_time=me().start_time - 1).has_ended()


@needs_proc
def test_of_another_boot_or_container_nothing_is_known() -> None:
    gone = replace(me(), start_time=1)
    assert gone.has_ended()
    assert not replace(gone, boot_id="another").has_ended()
    assert not replace(gone, pid_namespace="pid:[1]").has_ended()


@needs_proc
def test_a_process_of_another_user_that_the_system_hides_has_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(pid: int, sign: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", theirs)
    assert system.exists(4711)
    assert not replace(me(), pid=(1 << 31) - 1).has_ended()


@needs_proc
def test_a_proc_of_another_container_is_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "self").symlink_to("1234567890")
    monkeypatch.setattr(ancestors, "PROC", tmp_path)
    assert process_of(os.getpid()) is None
    assert list(ancestors.ancestors()) == []


@needs_proc
def test_what_was_noted_is_read_back_and_anything_else_is_not() -> None:
    assert Process.from_dict(me().to_dict()) == me()
    broken: list[object] = [None, [], {}, {**me().to_dict(), "pid": None}, {"pid": 1}]
    for odd in broken:
        assert Process.from_dict(odd) is None
