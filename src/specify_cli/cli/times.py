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
