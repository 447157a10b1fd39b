"""Where work packages are: from folders and headers of their prompts into the log and its journal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from specify_cli.home import TASKS, prompt_id, prompt_names
from specify_cli.kernel import files, frontmatter
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.legacy import LANE_FOLDERS
from specify_cli.status import lines, older, store
from specify_cli.status.models import StatusEvent
from specify_cli.status.older import Verdict
from specify_cli.status.reducer import order_key
from specify_cli.status.union import as_value
from specify_cli.upgrade.case import MissionCase, MissionMigration

_MOVED = re.compile(rf"tasks/(?:{'|'.join(LANE_FOLDERS)})/(WP\d{{2,}}[^\s/`)\]]*\.md)")
_EMPTY = ".gitkeep"


def detect(case: MissionCase) -> bool:
    """A prompt tells a lane, or lies in a folder that does."""
    if case.place.mission_id is not None and not case.project_older:
        return False
    return any(
        name.count("/") > 1 or older.LANE_LINE.search(older.header_of(case.text(name) or "")) for name in _prompts(case)
    )


def apply(case: MissionCase) -> None:
    """Draft the events, and the prompts without what they now tell.

    Raises:
        Refused: `UNKNOWN_LANE`, `LANE_AMBIGUOUS`, `WP_DUPLICATE`, `LOG_TORN`, `LOG_NOT_A_FILE`, or a malformed header.
    """
    case.verdicts = verdicts(case)
    new = [event for verdict in case.verdicts for event in verdict.events]
    new.sort(key=order_key)
    for path in _logs(case):
        if new:
            case.draft.write(path, _appended(case, path, new))
    for name in _prompts(case):
        _settle(case, name)
    tasks = case.draft.read(case.folder / "tasks.md")
    if tasks is not None:
        moved = _MOVED.sub(r"tasks/\1", tasks.decode("utf-8", "surrogateescape"))
        case.draft.write(case.folder / "tasks.md", files.encode(moved))


def verdicts(case: MissionCase) -> list[Verdict]:
    """Where every work package is, and what is trusted to say so; raises as `apply`."""
    known: dict[str, list[StatusEvent]] = {}
    for event in _known(case):
        known.setdefault(event.wp_id, []).append(event)
    since = older.created(case.place.meta)
    _refuse_twins(case)
    prompts = [older.read_prompt(name, case.text(name) or "") for name in _prompts(case)]
    return [older.decide(told, known.get(told.wp_id, ()), case.place.slug, since) for told in prompts]


def _refuse_twins(case: MissionCase) -> None:
    first: dict[str, str] = {}
    for name in _prompts(case):
        if first.setdefault(prompt_id(name), name) != name:
            other = first[prompt_id(name)]
            message = f"{case.place.slug}: {other} and {name} are both prompts of {prompt_id(name)}"
            raise Refused(message, "WP_DUPLICATE", hint=command("diff", case.folder / other, case.folder / name))


def without_lane(text: str) -> str:
    """A prompt without `lane:` in its header; all else stays byte for byte."""
    header = older.header_of(text)
    return older.LANE_LINE.sub("", header) + text[len(header) :]


def _settle(case: MissionCase, name: str) -> None:
    """A prompt that tells no lane, directly in `tasks/`."""
    source, target = case.folder / name, case.folder / TASKS / name.rpartition("/")[2]
    data, readable = case.draft.read(source) or b"", _is_readable(case, name)
    # In this order: at every moment the prompt is at one of its two places.
    case.draft.write(target, files.encode(without_lane(data.decode("utf-8", "surrogateescape"))) if readable else data)
    if source != target:
        case.draft.remove(source)
    for folder in LANE_FOLDERS:
        # Folders that held no prompt are as empty as those that have lost theirs.
        keeper = case.folder / TASKS / folder / _EMPTY
        if case.names(f"{TASKS}/{folder}") == [_EMPTY] and case.draft.read(keeper) == b"":
            case.draft.remove(keeper)


def _is_readable(case: MissionCase, name: str) -> bool:
    """Whether a header can be edited; one that cannot be read is not, and what reads it back names it."""
    try:
        frontmatter.parse(case.text(name) or "", name)
    except Refused:
        return False
    return True


def _prompts(case: MissionCase) -> list[str]:
    return [name for name in prompt_names(case.names) if prompt_id(name)]


def _logs(case: MissionCase) -> list[Path]:
    """The journal first: once it has the events, readers are right, whatever else is still to come."""
    log = store.status_log(case.place)
    copy = case.folder / store.EVENTS_FILENAME
    return [log.journal, copy] if log.journal != copy else [copy]


def _known(case: MissionCase) -> list[StatusEvent]:
    found: dict[str, StatusEvent] = {}
    for path in _logs(case):
        lines.is_log(path)
        for event in lines.scan_bytes(case.draft.read(path) or b"", str(path), keep=as_value).objects:
            if isinstance(event, StatusEvent):
                found.setdefault(event.event_id, event)
    return list(found.values())


def _appended(case: MissionCase, path: Path, new: Sequence[StatusEvent]) -> bytes:
    data = case.draft.read(path) or b""
    tail = data.rpartition(b"\n")[2]
    if tail and lines.parse_line(tail) is None:
        raise Refused(f"{path}: its last line is torn off", "LOG_TORN", hint=spec_kitty("doctor", "log", "--fix"))
    return data + (b"\n" if tail else b"") + lines.encode(event.to_dict() for event in new)


MIGRATION = MissionMigration("m_3_0_0_lanes", "3.0.0", "put the lanes of work packages into the log", detect, apply)
