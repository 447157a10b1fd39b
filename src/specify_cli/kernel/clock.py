"""The only source of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

Source = Callable[[], datetime]

_CANONICAL_LENGTH = len("2026-11-20T17:00:00.123456+00:00")


# How far the tests let this process run ahead of the machine's clock; nothing in the program sets it.
_ahead: list[timedelta] = [timedelta(0)]


def system() -> datetime:
    """This moment by the machine's clock, also within `use`."""
    return datetime.now(UTC) + _ahead[0]


_source: list[Source] = [system]


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _source[-1]()


def stamp(moment: datetime | None = None) -> str:
    """ISO 8601 in UTC with microseconds and an explicit offset (formats.md), always 32 characters."""
    return (moment or now()).astimezone(UTC).isoformat(timespec="microseconds")


def parse(text: str) -> datetime:
    """The moment that an ISO 8601 text names; without an offset it is taken as UTC.

    Raises:
        ValueError: the text is not a timestamp.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def sort_key(text: str) -> str:
    """A text that orders timestamps of any ISO form by their moment; our own form is returned as it is."""
    if len(text) == _CANONICAL_LENGTH and text.endswith("+00:00"):
        return text
    try:
        return stamp(parse(text))
    except (ValueError, OverflowError):
        return text


def minute(text: str) -> str:
    """A recorded moment in words, such as `2026-11-20 17:00 UTC`; as it is where it is none."""
    try:
        return f"{parse(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return text


def just_after(text: str) -> datetime:
    """The moment one microsecond after a timestamp."""
    return parse(text) + timedelta(microseconds=1)


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return time.monotonic()


def epoch() -> float:
    """Seconds since 1970, comparable with `file_time`."""
    return now().timestamp()


def file_time(seconds: float) -> float:
    """The time of a file as the system tells it (`st_mtime`), made comparable with `epoch`."""
    return seconds + _ahead[0].total_seconds()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


@contextmanager
def use(source: Source) -> Iterator[None]:
    """Take the time from `source` for the length of the block; for tests."""
    _source.append(source)
    try:
        yield
    finally:
        _source.pop()


def run_ahead(by: timedelta) -> None:
    """Move the machine's clock, and the times of all files with it, for this process; for tests."""
    _ahead[0] = by
