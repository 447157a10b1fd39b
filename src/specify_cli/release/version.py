"""Which version comes next, and which came before; pure (seed 079, track 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from packaging.version import InvalidVersion, Version

from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused

_PLAIN = re.compile(r"\d+\.\d+\.\d+((a|b)\d+)?")
_LETTER = {"alpha": "a", "beta": "b"}


class ReleaseChannel(StrEnum):
    """How finished a release is."""

    ALPHA = "alpha"
    BETA = "beta"
    STABLE = "stable"


def parsed(text: str) -> Version | None:
    """`X.Y.Z`, `X.Y.ZaN` or `X.Y.ZbN` as a version that can be compared; None for any other text."""
    if not _PLAIN.fullmatch(text):
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def propose_version(current: str, channel: ReleaseChannel) -> str:
    """The version after `current`.

    A pre-release counts on within its channel, goes on to a later channel, and ends in the stable release of the same
    number; after a stable release the next patch begins.

    Raises:
        Refused: `VERSION_INVALID`; `CHANNEL_BACKWARDS` where a beta would be followed by an alpha.
    """
    version = parsed(current)
    if version is None:
        raise Refused(
            f"{current!r} is no version of the form X.Y.Z, X.Y.ZaN or X.Y.ZbN",
            "VERSION_INVALID",
            details={"edit": "pyproject.toml"},
        )
    base = version.base_version
    if channel is ReleaseChannel.STABLE:
        return base if version.pre else _next_patch(version)
    letter = _LETTER[channel]
    if version.pre is None:
        return f"{_next_patch(version)}{letter}1"
    if version.pre[0] > letter:
        raise Refused(
            f"after {current} no alpha of {base} can follow",
            "CHANNEL_BACKWARDS",
            hint=spec_kitty("agent release prep", "--channel", "beta"),
        )
    return f"{base}{letter}{version.pre[1] + 1 if version.pre[0] == letter else 1}"


def _next_patch(version: Version) -> str:
    return f"{version.major}.{version.minor}.{version.micro + 1}"


def released(tags: Iterable[str]) -> dict[str, Version]:
    """Tag -> version of the tags that name a release (`v1.2.3`, `1.2.3a1`), oldest version first."""
    found = {tag: version for tag in tags if (version := parsed(tag.removeprefix("v"))) is not None}
    return dict(sorted(found.items(), key=lambda entry: entry[1]))
