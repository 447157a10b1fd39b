"""Moments as people read them: in their own time zone, as short as it can be."""

from __future__ import annotations

from specify_cli.kernel import clock


def short(moment: str) -> str:
    """A recorded moment: `14:05` today, `Nov 19 14:05` this year, else the date; as it is where it is none."""
    try:
        then, today = clock.parse(moment).astimezone(), clock.now().astimezone()
    except (ValueError, OverflowError):
        return moment
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then:%b %d %H:%M}" if then.year == today.year else f"{then:%Y-%m-%d}"


_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def age(seconds: float) -> str:
    """How long something takes or is ago, in at most two units: `45s`, `3m 12s`, `2h 5m`, `1d 4h`."""
    left = max(int(seconds), 0)
    told: list[str] = []
    for unit, size in _UNITS:
        if left >= size or (unit == "s" and not told):
            told.append(f"{left // size}{unit}")
            left %= size
    return " ".join(told[:2])
