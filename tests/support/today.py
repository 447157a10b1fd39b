"""The day of the tests: its own (`--today`, `--zone`) or that of the machine.

Four clocks meet in a test: ours, that of the commands it starts, git's, and that of the files. On another day the
first is moved in this process, the second by `ahead/sitecustomize.py`, git is told its dates, and our clock reads the
times of files as if they were written on that day. Sleeping, waiting and time limits go on as they are.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from specify_cli.kernel import clock
from tests.support.ahead.sitecustomize import AHEAD

VARIABLE = AHEAD  # read by `ahead/sitecustomize.py` in every Python that a test starts
_AHEAD = Path(__file__).parent / "ahead"
_NOON = 12
# Scenes that tests share must be whole by the time the first of them begins, and no lease in them may look quiet.
_EARLIER = timedelta(minutes=2)


class _Day:
    """When and where the tests of this process run.

    Args:
        moment: at which each test begins; None where that is whenever it begins.
        zone: the time zone of the machine.
        began: when the test that is running began.
    """

    moment: datetime | None = None
    zone: str = "UTC"
    began: datetime | None = None


_day = _Day()


def configure(moment: str | None, zone: str) -> None:
    """Choose the day of this process.

    Args:
        moment: an ISO date, which means noon of that day, or date and time; without an offset in `zone`. None leaves
            the day as it is.
        zone: a name of the tz database.

    Raises:
        ValueError: one of them is none.
    """
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"--zone {zone}: the tz database of this machine has no such zone") from error
    _day.zone = zone
    if moment is not None:
        try:
            chosen = datetime.fromisoformat(moment)
        except ValueError as error:
            raise ValueError(f"--today {moment}: give an ISO date, or date and time") from error
        if "T" not in moment and " " not in moment:
            chosen = chosen.replace(hour=_NOON)
        _day.moment = (chosen if chosen.tzinfo else chosen.replace(tzinfo=local)).astimezone(UTC)
    os.environ["TZ"] = zone
    read_zone()
    begin()


def header() -> str | None:
    """What pytest says above the tests."""
    if _day.moment is None and _day.zone == "UTC":
        return None
    moment = _day.moment or clock.system()
    return f"today: every test begins at {moment.astimezone(ZoneInfo(_day.zone)).isoformat()} in {_day.zone}"


def begin() -> None:
    """Turn the clock back to the moment at which each test begins."""
    if _day.moment is not None:
        clock.run_ahead(_day.moment - datetime.now(UTC))
    _day.began = clock.system()


def ahead() -> timedelta:
    """How far the tests run ahead of the machine's clock."""
    return clock.system() - datetime.now(UTC)


@contextmanager
def earlier() -> Iterator[None]:
    """Run the block shortly before the test begins."""
    if _day.moment is None:
        yield
        return
    clock.run_ahead(_day.moment - _EARLIER - datetime.now(UTC))
    try:
        yield
    finally:
        begin()


def commit_dates(*, yesterday: bool = False) -> dict[str, str]:
    """Variables that tell git the date of what it commits: now, or a day before the test that is running began."""
    moment = (_day.began or clock.system()) - timedelta(days=1) if yesterday else clock.system()
    return {"GIT_AUTHOR_DATE": git_date(moment), "GIT_COMMITTER_DATE": git_date(moment)}


def git_date(moment: datetime) -> str:
    """A moment as git reads and writes it."""
    return moment.astimezone(ZoneInfo(_day.zone)).isoformat(timespec="seconds")


def variables() -> dict[str, str]:
    """What commands that a test starts must know of the day; on an ordinary day git asks the machine."""
    found = {"TZ": _day.zone}
    if _day.moment is not None:
        path = [str(_AHEAD), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        found |= {VARIABLE: str(ahead().total_seconds()), "PYTHONPATH": os.pathsep.join(dict.fromkeys(path))}
        found |= commit_dates()
    return found


def read_zone() -> None:
    """Let this process know of the zone in its environment."""
    if sys.platform != "win32":
        time.tzset()
