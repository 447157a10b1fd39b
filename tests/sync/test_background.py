"""The flusher of processes that live long: soon after something is new, later after failures, and gone when told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from specify_cli.sync.background import Flusher


class Times:
    """Counts flushes; something is new when `state` changes."""

    def __init__(self, *, well: bool = True) -> None:
        self.count = 0
        self.state = 0
        self.well = well

    def flush(self) -> bool:
        self.count += 1
        return self.well

    def changed(self) -> int:
        return self.state

    def wait(self, count: int) -> None:
        until = time.monotonic() + 10
        while self.count < count:
            assert time.monotonic() < until
            time.sleep(0.005)


def started(times: Times, **more: float) -> Flusher:
    flusher = Flusher(times.flush, times.changed, **{"interval": 60, "look": 0.01, **more})
    flusher.start()
    times.wait(1)
    return flusher


def stopped(flusher: Flusher) -> None:
    flusher.stop(5)
    assert not [thread for thread in threading.enumerate() if thread.name == "sync"]


def test_it_flushes_at_once_and_then_rests() -> None:
    times = Times()
    flusher = started(times)
    time.sleep(0.1)
    assert times.count == 1
    stopped(flusher)


def test_something_new_is_flushed_soon() -> None:
    times = Times()
    flusher = started(times)
    times.state = 1
    times.wait(2)
    stopped(flusher)


def test_it_flushes_now_and_then_in_any_case() -> None:
    times = Times()
    flusher = started(times, interval=0.02)
    times.wait(4)
    stopped(flusher)


def test_it_flushes_when_it_is_woken() -> None:
    times = Times()
    flusher = started(times, look=10)
    flusher.wake()
    times.wait(2)
    stopped(flusher)


def test_after_a_failure_it_waits_even_where_something_is_new() -> None:
    times = Times(well=False)
    flusher = started(times)
    times.state = 1
    time.sleep(0.2)
    assert times.count == 1
    stopped(flusher)


def test_a_flush_that_hangs_does_not_keep_a_process_from_ending() -> None:
    gate = threading.Event()
    flusher = Flusher(gate.wait, lambda: 0)
    flusher.start()
    begun = time.monotonic()
    flusher.stop(0.1)
    assert time.monotonic() - begun < 1
    gate.set()


@pytest.mark.parametrize("act", [Flusher.wake, Flusher.stop])
def test_it_can_be_told_anything_before_it_began(act: Callable[[Flusher], None]) -> None:
    act(Flusher(lambda: True, lambda: 0))
