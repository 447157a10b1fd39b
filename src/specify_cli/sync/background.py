"""A flusher for processes that live long: sends when something is new, and now and then in any case.

Nothing of it runs in a command that ends: the journal keeps what is recorded, and the next flush sends it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from specify_cli.kernel import clock

INTERVAL = 300.0
LOOK = 1.0
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0


class Flusher:
    """Calls a function again and again.

    Args:
        flush: sends what is new; says whether that went well.
        changed: a value that differs when something new was recorded; cheap to ask.
        interval: seconds between flushes when nothing seems new.
        look: seconds between looks at `changed`.
    """

    def __init__(
        self,
        flush: Callable[[], bool],
        changed: Callable[[], object],
        *,
        interval: float = INTERVAL,
        look: float = LOOK,
    ) -> None:
        self._flush, self._changed, self._interval, self._look = flush, changed, interval, look
        self._wake, self._end = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Flush until `stop` is called; what the function raises ends it."""
        failures = 0
        while not self._end.is_set():
            seen = self._changed()
            failures = 0 if self._flush() else failures + 1
            wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 16), _LONGEST_WAIT) if failures else self._interval
            self._rest(wait, seen, patient=failures > 0)

    def start(self) -> None:
        """Flush in a thread of this process; it keeps nobody from ending."""
        self._thread = threading.Thread(target=self.run, name="sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Flush soon."""
        self._wake.set()

    def stop(self, seconds: float = 1.0) -> None:
        """Flush no more; a flush under way is waited for so long, and no longer."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _rest(self, seconds: float, seen: object, *, patient: bool) -> None:
        """Wait for the time to pass, for a call, or, unless the last flush failed, for something new."""
        until = clock.monotonic() + seconds
        while not self._end.is_set() and (left := until - clock.monotonic()) > 0:
            if self._wake.wait(min(left, self._look)) or (not patient and self._changed() != seen):
                break
        self._wake.clear()
