"""Sessions that wait in `next --wait`: they hold nothing, and are there.

Each has a marker beside the leases for as long as it waits. It names the process that waits, which, unlike that of any
other command, lives until the marker goes. A marker whose process is gone, or that was not renewed for a while, says
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, fields, files, process, system
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.fields import MOMENT, TEXT, TEXTS, Kind, Schema
from specify_cli.kernel.text import digest
from specify_cli.kernel.values import frozen
from specify_cli.status.holders import Holder

FRESH_SECONDS = 30.0
PROCESS = Kind("the id of a process", lambda value: type(value) is int and 0 < value < 1 << 31)
FIELDS: Schema = {
    "actor": TEXT, "session": TEXT, "only": TEXTS, "host": TEXT, "pid": PROCESS, "last_seen": MOMENT,
}  # fmt: skip


@frozen
class Waiter:
    """A session that waits for something to do.

    Args:
        only: the actions that it takes; empty for any.
    """

    holder: Holder
    only: frozenset[str] = frozenset()

    def takes(self, action: str) -> bool:
        """Whether it would take a step of that action."""
        return not self.only or action in self.only


def may_leave_review(waiters: Iterable[Waiter], me: Holder | None, worker: Holder | None) -> bool:
    """Whether a session waits that is neither we nor who did the work, and takes reviews."""
    return any(each.holder not in (me, worker) and each.takes("review") for each in waiters)


@contextmanager
def waiting(place: MissionPlace, holder: Holder, only: frozenset[str]) -> Iterator[Callable[[], None]]:
    """While the block runs, a session counts as waiting; what is yielded renews that, and has to be called often."""
    folder = _folder(place)
    path = folder / f"{os.getpid()}-{digest(str(holder))}.json"

    def renew() -> None:
        marker: dict[str, object] = {
            "actor": holder.actor,
            "session": holder.session,
            "only": sorted(only),
            "host": system.host(),
            "pid": os.getpid(),
            "last_seen": clock.stamp(),
        }
        with suppress(SpecKittyError):  # where nothing can be written nobody sees it wait, and it waits all the same
            files.make_private(folder)
            files.write_json(path, marker)

    _forget_dead(folder)
    try:
        renew()
        yield renew
    finally:
        with suppress(SpecKittyError):
            files.remove(path)


def waiters(place: MissionPlace) -> tuple[Waiter, ...]:
    """The sessions that wait for a step of a mission in this clone."""
    folder, names = _folder(place), []
    with suppress(OSError):
        names = [name for name in os.listdir(folder) if name.endswith(".json")]
    return tuple(waiter for name in sorted(names) if (waiter := _read(folder / name)) is not None)


def _forget_dead(folder: Path) -> None:
    """Remove the markers of processes that were killed."""
    with suppress(OSError, SpecKittyError):
        for name in os.listdir(folder):
            if name.endswith(".json") and _read(folder / name) is None:
                files.remove(folder / name)


def _folder(place: MissionPlace) -> Path:
    return place.state / "waiting" / place.key


def _read(path: Path) -> Waiter | None:
    """What a marker says; None where its process is gone, or where it cannot be read."""
    try:
        data = fields.sound(files.read_json(path) or {}, FIELDS)
        seen = clock.parse(str(data.get("last_seen"))).timestamp()
    except (SpecKittyError, ValueError):
        return None
    actor, session, pid, only = (data.get(key) for key in ("actor", "session", "pid", "only"))
    if not isinstance(actor, str) or not isinstance(pid, int) or abs(clock.epoch() - seen) > FRESH_SECONDS:
        return None
    if data.get("host") == system.host() and not process.is_running(pid):
        return None
    actions = frozenset(map(str, only)) if isinstance(only, list) else frozenset()
    return Waiter(Holder(actor, session if isinstance(session, str) else None), actions)
