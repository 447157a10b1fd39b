from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from specify_cli.kernel import locks
from specify_cli.kernel.errors import Conflict, Unavailable
from specify_cli.kernel.notices import told_to
from tests.support.elsewhere import needs_posix

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from specify_cli.kernel import locks
with locks.held(Path(sys.argv[1]), doing="a long merge"):
    print("held", flush=True)
    sys.stdin.readline()
"""
FOLDER_HOLDER = HOLDER.replace(
    'locks.held(Path(sys.argv[1]), doing="a long merge")', "locks.alone_in(Path(sys.argv[1]))"
)
COUNTER = """
import sys
from pathlib import Path
from specify_cli.kernel import locks
lock, count = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(25):
    with locks.held(lock, timeout=60):
        count.write_text(str(int(count.read_text()) + 1))
"""


def start(source: str, *words: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", source, *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hold(lock: Path, source: str = HOLDER) -> subprocess.Popen[str]:
    holder = start(source, lock)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n", holder.communicate()
    return holder


def test_who_waits_longer_than_a_moment_is_told_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_QUIET", 0.05)
    lock, told = tmp_path / "mission.lock", list[str]()
    holder = hold(lock)
    threading.Timer(0.2, lambda: holder.communicate("done\n")).start()
    with told_to(told.append), locks.held(lock, timeout=20):
        assert len(told) == 1
    assert "a long merge" in told[0]
    assert f"pid {holder.pid}" in told[0]
    with told_to(told.append), locks.held(lock):
        assert len(told) == 1, "nothing was waited for"


@needs_posix("Windows locks no folders")
def test_who_waits_for_a_folder_is_told_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_QUIET", 0.05)
    holder = hold(tmp_path, FOLDER_HOLDER)
    told: list[str] = []
    threading.Timer(0.2, lambda: holder.communicate("done\n")).start()
    with told_to(told.append), locks.alone_in(tmp_path):
        assert len(told) == 1
    assert str(tmp_path) in told[0]
    assert f"pid {holder.pid}" in told[0]


@needs_posix("Windows locks no folders")
def test_a_folder_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_ALONE", 0.05)
    holder = hold(tmp_path, FOLDER_HOLDER)
    with pytest.raises(Conflict, match=f"pid {holder.pid}") as refused, locks.alone_in(tmp_path):
        pytest.fail("two hold it")
    holder.communicate("done\n")
    assert refused.value.code == "LOCKED"


def test_who_waits_in_vain_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "mission.lock"
    holder = hold(lock)
    try:
        with pytest.raises(Conflict, match="a long merge") as told, locks.held(lock, timeout=0.05):
            pytest.fail("two hold it")
    finally:
        holder.communicate("done\n")
    assert told.value.code == "LOCKED"
    assert told.value.message.startswith(f"mission is locked by pid {holder.pid} (a long merge) since ")
    assert told.value.details["retryable"] is True
    with locks.held(lock, timeout=0.05):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "mission.lock"
    holder = hold(lock)
    holder.kill()
    holder.communicate()
    with locks.held(lock, timeout=5):
        pass


def test_waiting_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "mission.lock"
    holder = hold(lock)
    timer = threading.Timer(0.1, holder.communicate, ["done\n"])
    timer.start()
    before = time.monotonic()
    with locks.held(lock, timeout=30):
        assert time.monotonic() - before < 25
    timer.join()


def test_one_process_may_take_it_again_inside_with_another_patience(tmp_path: Path) -> None:
    lock = tmp_path / "mission.lock"
    note = lock.with_suffix(".holder")
    with locks.held(lock, timeout=30, doing="outside"):
        with locks.held(lock, timeout=10, doing="inside"), locks.held(lock):
            pass
        assert json.loads(note.read_text())["command"] == "outside"
        with pytest.raises(ZeroDivisionError), locks.held(lock):
            raise ZeroDivisionError
        other = start(COUNTER.replace("timeout=60", "timeout=0.05"), lock, tmp_path / "count")
        assert "is locked by" in other.communicate()[1]


def test_processes_take_turns(tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    workers = [start(COUNTER, tmp_path / "lock", count) for _ in range(4)]
    assert [worker.communicate()[1] for worker in workers] == [""] * 4
    assert count.read_text() == "100"


@pytest.mark.parametrize("note", [None, "", "[]", "{}", '{"pid": 1}', "\udcff"])
def test_a_holder_without_a_name_is_somebody(note: str | None, tmp_path: Path) -> None:
    lock = tmp_path / "mission.lock"
    holder = hold(lock)
    try:
        named = lock.with_suffix(".holder")
        named.unlink()
        if note is not None:
            named.write_bytes(note.encode("utf-8", "surrogateescape"))
        with pytest.raises(Conflict, match="locked by another process"), locks.held(lock, timeout=0.01):
            pytest.fail("two hold it")
    finally:
        holder.communicate("done\n")


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(Unavailable, match="taken"), locks.held(tmp_path / "taken"):
        pytest.fail("held")
