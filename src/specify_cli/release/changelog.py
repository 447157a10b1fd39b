"""The changelog: what it says of a version, what is wrong with it, and a draft of its next entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from specify_cli.context.missions import all_places
from specify_cli.core.work_packages import load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel import paths
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.release.version import parsed, released
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status

_HEADING = re.compile(r"##[ \t]+\[?(?P<name>[^]\s]+)\]?[ \t]*(?:[-–—][ \t]*(?P<date>\S+))?[ \t]*$")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
UNRELEASED = "unreleased"


@frozen
class Entry:
    """One `## [X.Y.Z] - DATE` section.

    Args:
        name: the version as written, or `Unreleased`.
        date: as written; empty without one.
        line: of its heading, from 1.
        body: what stands below it, up to the next entry.
    """

    name: str
    date: str
    line: int
    body: str

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: blank, or headings and link definitions only."""
        said = (line.strip() for line in self.body.splitlines())
        return not any(line and not line.startswith("#") and not re.match(r"\[[^]]+\]:", line) for line in said)


def entries(changelog: str) -> list[Entry]:
    """The entries of a changelog in the order of the file; headings in fenced code are none."""
    lines = changelog.splitlines()
    starts: list[tuple[int, re.Match[str]]] = []
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark is not None:
            fence = "" if fence == mark[1] else fence or mark[1]
        elif not fence and (match := _HEADING.match(line)):
            starts.append((number, match))
    ends = [*(number for number, _ in starts), len(lines)][1:]
    return [
        Entry(match["name"], match["date"] or "", number + 1, "\n".join(lines[number + 1 : end]).strip("\n"))
        for (number, match), end in zip(starts, ends, strict=False)
    ]


def changelog_has_entry(changelog: str, version: str) -> bool:
    """Whether a changelog has an entry for a version that says something (seed 079, FR-606)."""
    return any(entry.name == version and not entry.is_empty for entry in entries(changelog))


def malformed(found: Sequence[Entry]) -> list[tuple[int, str]]:
    """What is wrong with the headings: line and sentence, in the order of the file."""
    wrong: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    above: Entry | None = None
    for entry in found:
        name = entry.name.lower()
        if name in seen:
            wrong.append((entry.line, f"{entry.name} has an entry already, on line {seen[name]}"))
        seen.setdefault(name, entry.line)
        if name == UNRELEASED:
            if above is not None:
                wrong.append((entry.line, f"{entry.name} stands below {above.name}; it comes first"))
            continue
        version = parsed(entry.name)
        if version is None:
            wrong.append((entry.line, f"{entry.name!r} is no version"))
            continue
        if entry.date and not _is_date(entry.date):
            wrong.append((entry.line, f"{entry.name} has {entry.date} where YYYY-MM-DD is wanted"))
        before = parsed(above.name) if above is not None else None
        if before is not None and before < version:
            wrong.append((entry.line, f"{entry.name} stands below the older {above.name if above else ''}"))
        above = entry
    return wrong


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-01-01") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def build_changelog_block(repo_root: Path, since_tag: str | None = None) -> tuple[str, list[str]]:
    """The missions finished since a release, as lines of a changelog, and their slugs.

    A mission is finished once all its work packages are done or canceled, one at least done: that is what merging
    records. It belongs to an earlier release where the tag's commit already holds it as such.

    Args:
        since_tag: the release before; None takes the newest release tag, and all missions where there is none.

    Raises:
        Refused: a log or a prompt file cannot be read.
    """
    repo = paths.discover(repo_root)
    git = Git(repo.checkout)
    tag = since_tag or next(reversed(released(tag_names(git))), None)
    done = [place for place in all_places(repo)[0] if _finished(place) and not (tag and _held(git, tag, place))]
    blocks = [_lines(place) for place in done]
    return "\n".join(blocks), [place.slug for place in done]


def tag_names(git: Git) -> list[str]:
    """All tags of a repository."""
    return [ref.removeprefix("refs/tags/") for ref in git.branches("refs/tags")]


def _finished(place: MissionPlace) -> bool:
    snapshot = read_status(place).snapshot
    lanes = {snapshot.lane_of(wp_id) for wp_id in snapshot.work_packages}
    return Lane.DONE in lanes and lanes <= {Lane.DONE, Lane.CANCELED}


def _held(git: Git, tag: str, place: MissionPlace) -> bool:
    """Whether the log in a tag's commit has the mission's last move to done."""
    log = git.show_bytes(f"refs/tags/{tag}:{place.relative}/status.events.jsonl")
    last = [event.event_id for event in read_status(place).events if event.to_lane is Lane.DONE]
    return log is not None and last[-1].encode() in log


def _lines(place: MissionPlace) -> str:
    snapshot = read_status(place).snapshot
    name = str(place.meta.get("friendly_name") or place.slug)
    packages = [each for each in load_work_packages(place) if snapshot.lane_of(each.id) is Lane.DONE]
    return "\n".join([f"- {name} (`{place.slug}`)", *(f"  - {each.id}: {each.title}" for each in packages)])
