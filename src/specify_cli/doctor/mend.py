"""What `doctor --fix` does: only what loses nothing, whoever is at work meanwhile."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from specify_cli.core.commits import milestone
from specify_cli.doctor import broken, installed, log, worktrees
from specify_cli.doctor.findings import Mended, Subject
from specify_cli.home import MissionPlace
from specify_cli.kernel import files, locks
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import digest, plural
from specify_cli.status import lines, store
from specify_cli.status.reading import read_status
from specify_cli.status.union import unreadable_key


def mend(subject: Subject, sections: Sequence[str]) -> tuple[list[Mended], list[Notice]]:
    """Put in order what can be put in order without a decision.

    Logs: lines that are no events are set aside, conflict markers go (both sides stay), and what the copies in the
    tree lack is published and committed. Fields that hold what they cannot hold are set aside. Worktrees: git forgets
    those whose folder is gone. Files: those of ours that
    nobody edited are made what this version writes.

    Args:
        sections: the sections that were asked for.

    Returns:
        What was done, and what hindered it.

    """
    done: list[Mended] = []
    notices: list[Notice] = []
    for section in sections:
        try:
            done += broken.mend(subject, section)
        except SpecKittyError as error:
            notices.append(Notice(error.code, error.message, error.hint))
    for place in subject.places if log.SECTION in sections else ():
        try:
            done += _logs(place)
            published, warnings = _publish(subject, place)
        except SpecKittyError as error:
            notices.append(Notice(error.code, f"{place.slug}: {error.message}", error.hint))
            continue
        done += published
        notices += warnings
    if worktrees.SECTION in sections and subject.repo.has_git:
        done += _worktrees(subject)
    if installed.SECTION in sections:
        files_mended, warnings_of_files = installed.mend(subject)
        done += files_mended
        notices += warnings_of_files
    return done, notices


def _logs(place: MissionPlace) -> list[Mended]:
    done = []
    with locks.held(place.lock, timeout=30.0, doing=f"mend the logs of {place.slug}"):
        for file in (store.status_log(place), store.mission_log_file(place)):
            busy = place.home is not None and place.home.busy
            for path in filter(None, dict.fromkeys((file.journal, None if busy else file.copy))):
                count = _set_aside(place, path)
                if count:
                    done.append(Mended(log.SECTION, f"{plural(count, 'line')} that are no events taken out of {path}"))
    return done


def _set_aside(place: MissionPlace, path: Path) -> int:
    """Take lines that can be no events out of a log; what is no conflict marker is kept in quarantine."""
    if not lines.is_log(path):
        return 0
    data = files.read_bytes(path) or b""
    every = io.BytesIO(data).readlines()
    bad = [line for line in every if line.strip() and (len(line) > lines.LIMIT or not _is_readable(line))]
    if not bad:
        return 0
    odd = [line for line in bad if not lines.is_marker(line)]
    if odd:
        quarantine = place.state / "quarantine"
        files.make_private(quarantine)
        content = b"".join(odd)
        files.atomic_write(quarantine / f"{place.key}-{path.name}-{digest(content)}", content)
    dropped = set(bad)
    files.atomic_write(path, b"".join(line for line in every if line not in dropped))
    return len(bad)


def _is_readable(line: bytes) -> bool:
    entry = lines.parse_line(line.removeprefix(b"\xef\xbb\xbf").strip())
    return entry is not None and unreadable_key(entry) is None


def _publish(subject: Subject, place: MissionPlace) -> tuple[list[Mended], tuple[Notice, ...]]:
    before = read_status(place).unpublished
    if not before:
        return [], ()
    committed = milestone(place, subject.config, "publish the logs")
    count = before - read_status(place).unpublished
    what = f"{plural(count, 'event')} of {place.slug} published"
    return ([Mended(log.SECTION, what)] if count > 0 else []), committed.warnings


def _worktrees(subject: Subject) -> list[Mended]:
    before = worktrees.vanished(subject.repo)
    if not before:
        return []
    Git(subject.repo.checkout).prune_worktrees()
    after = worktrees.vanished(subject.repo)
    return [Mended(worktrees.SECTION, f"git forgot {path}, which was gone") for path in before if path not in after]
