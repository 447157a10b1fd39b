"""Where work packages of older versions are: told by the folder or the header of their prompt, not by the log.

One rule for readers and for `upgrade` (docs/reference/upgrade-rules.md). Pure but for `read_older`: the events that
stand for what a prompt tells have ids made of what they say, so that two clones come to the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from specify_cli.home import MissionPlace, prompt_id
from specify_cli.kernel import clock, frontmatter, ids
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.legacy import LANE_FOLDERS, LEGACY_BOOTSTRAP_REASON, NOBODY
from specify_cli.kernel.values import frozen
from specify_cli.status.models import BOOTSTRAP_ACTOR, BOOTSTRAP_REASON, Lane, StatusEvent
from specify_cli.status.reducer import Fold, order_key
from specify_cli.status.transitions import ALLOWED_TRANSITIONS, parse_lane

LANE_LINE = re.compile(
    r"^lane[ \t]*:[ \t]*(?P<quote>[\"']?)(?P<lane>[A-Za-z_]*)(?P=quote)[ \t]*(?:#.*)?\r?\n", re.MULTILINE
)
_HEADER = re.compile(r"---\r?\n.*?^---[ \t]*\r?$", re.MULTILINE | re.DOTALL)
_LOGGED = re.compile(r"^- (?P<at>\d{4}-\d\d-\d\dT\S+) [–-] (?P<rest>.+)$", re.MULTILINE)
_NAMELESS = frozenset({"agent", "system", NOBODY})  # what histories put where nobody had said who acts
_BEGINNING = "1970-01-01T00:00:00+00:00"


@frozen
class Entry:
    """A line of a prompt's own history that names a lane."""

    at: str
    lane: Lane
    actor: str
    note: str


@frozen
class Told:
    """What a prompt file says of its work package.

    Args:
        wp_id: its id.
        lane: where it is; None where nothing says so.
        source: what says so: `folder` or `header`; empty where nothing does.
        entries: its history, by time.
        since: when work began, as the header has it; empty where it does not say.
        agent: who works on it, as the header has it.
    """

    wp_id: str
    lane: Lane | None
    source: str
    entries: tuple[Entry, ...] = ()
    since: str = ""
    agent: str = NOBODY


@frozen
class Verdict:
    """Which of the places that tell a work package's lane is trusted.

    Args:
        lane: where it is.
        source: `log`, `folder`, `header`, or `none`: nothing tells, so it is planned.
        reason: one sentence.
        events: what the log lacks.
    """

    wp_id: str
    lane: Lane
    source: str
    reason: str
    events: tuple[StatusEvent, ...] = ()


def read_older(place: MissionPlace, known: Iterable[StatusEvent]) -> list[StatusEvent]:
    """The events that the prompts of a mission of an older version tell and its log lacks.

    What cannot be read is left out: whoever reads the prompts says so.
    """
    texts = place.read_many(place.prompts())
    found: list[StatusEvent] = []
    by_id = _by_id(known)
    for name, text in texts.items():
        told = None
        try:
            told = read_prompt(name, text or "")
        except SpecKittyError:
            continue
        found += decide(told, by_id.get(told.wp_id, ()), place.slug, created(place.meta)).events
    return found


def created(meta: Mapping[str, object]) -> str:
    """When a mission was created, for events that nothing dates."""
    at = str(meta.get("created_at") or "")
    return at if _is_moment(at) else _BEGINNING


def read_prompt(name: str, text: str) -> Told:
    """What a prompt tells.

    Args:
        name: its file: `tasks/WP01-clock.md`, or `tasks/doing/WP01-clock.md`.
        text: all of it.

    Raises:
        Refused: `UNKNOWN_LANE`: a lane that no version knows; `LANE_AMBIGUOUS`: two of them; a malformed header.
    """
    folder = name.split("/")[-2] if name.count("/") > 1 else ""
    header = header_of(text)
    said = list(dict.fromkeys(line["lane"] for line in LANE_LINE.finditer(header)))
    if len(said) > 1:
        raise Refused(f"{name}: its header names the lanes {', '.join(said)}", "LANE_AMBIGUOUS", details={"edit": name})
    lane = _lane(LANE_FOLDERS.get(folder) or "".join(said), name)
    entries = _logged(text[len(header) :])
    if not entries and lane not in (None, Lane.PLANNED):
        entries = _history(text, name)
    since, agent = _field(header, "created_at"), _field(header, "agent")
    source = "folder" if folder in LANE_FOLDERS else "header" if lane else ""
    since = since if _is_moment(since) else ""
    return Told(prompt_id(name), lane, source, tuple(entries), since, agent or NOBODY)


def decide(told: Told, known: Sequence[StatusEvent], slug: str, created_at: str) -> Verdict:
    """The rule: the log, where it has a move of the work package; else the prompt.

    A header that differs from the log is trusted only where the prompt's own history dates that lane later than the
    log's last move.

    Args:
        told: what the prompt says.
        known: the log's moves of this work package.
        slug: of the mission.
        created_at: of the mission.
    """
    wp_id = told.wp_id
    if known:
        return _with_log(told, known, slug)
    if told.lane is None:
        return Verdict(wp_id, Lane.PLANNED, "none", "nothing says where it is")
    events = _replayed(told, slug, created_at)
    return Verdict(wp_id, told.lane, told.source, f"its {told.source}; the log has no move of it", tuple(events))


def _with_log(told: Told, known: Sequence[StatusEvent], slug: str) -> Verdict:
    fold = Fold.of(sorted(known, key=order_key))
    lane = fold.lane_of(told.wp_id)
    last = max(clock.sort_key(event.at) for event in known)
    if told.lane in (None, lane):
        return Verdict(told.wp_id, lane, "log", "the log")
    later = [each for each in told.entries if each.lane is told.lane and clock.sort_key(each.at) > _next_second(last)]
    if not later or told.lane is None:
        return Verdict(told.wp_id, lane, "log", f"the log; {told.lane} in its {told.source} is older")
    event = _event(told.wp_id, slug, lane, later[-1].lane, later[-1].at, later[-1].actor, later[-1].note)
    said = f"its {told.source}, which its history dates {clock.minute(later[-1].at)}, later than the log"
    return Verdict(told.wp_id, told.lane, told.source, said, (event,))


def _replayed(told: Told, slug: str, created_at: str) -> Iterator[StatusEvent]:
    """What a prompt tells as moves: introduced as planned, then its history, then where it is."""
    at = told.entries[0].at if told.entries else created_at
    yield _event(told.wp_id, slug, Lane.PLANNED, Lane.PLANNED, at, BOOTSTRAP_ACTOR, "")
    lane, actor = Lane.PLANNED, told.agent
    for entry in told.entries:
        mover = told.agent if entry.actor in _NAMELESS else entry.actor
        actor = mover if actor == NOBODY and entry.lane is not Lane.PLANNED else actor
        if entry.lane is not lane:
            at = _after(at, entry.at)
            yield _event(told.wp_id, slug, lane, entry.lane, at, mover, entry.note)
            lane = entry.lane
    if told.lane is not None and told.lane is not lane:
        at = _after(at, told.since or at)
        yield _event(told.wp_id, slug, lane, told.lane, at, actor, f"{told.source} says {told.lane}")


def _event(wp_id: str, slug: str, source: Lane, target: Lane, at: str, actor: str, note: str) -> StatusEvent:
    first = source is target
    moment = clock.stamp(clock.parse(at))
    seed = f"{slug}|{wp_id}|{source}|{target}|{moment}|{actor}|{note}"
    reason = BOOTSTRAP_REASON if first else f"{LEGACY_BOOTSTRAP_REASON}: {note}".removesuffix(": ")
    forced = first or (source, target) not in ALLOWED_TRANSITIONS
    return StatusEvent(ids.told_id(moment, seed), slug, wp_id, source, target, moment, actor, forced, reason=reason)


def _after(last: str, at: str) -> str:
    """A moment, or the one after the last where it is not later."""
    return at if clock.sort_key(at) > clock.sort_key(last) else clock.stamp(clock.just_after(clock.sort_key(last)))


def _next_second(at: str) -> str:
    """The end of the second that a moment is in: histories have no fractions."""
    return at[:19] + ".999999" if len(at) >= 19 else at


def _by_id(events: Iterable[StatusEvent]) -> dict[str, list[StatusEvent]]:
    found: dict[str, list[StatusEvent]] = {}
    for event in events:
        found.setdefault(event.wp_id, []).append(event)
    return found


def _field(header: str, key: str) -> str:
    match = re.search(rf"^{key}[ \t]*:[ \t]*[\"']?([^\"'\n#]+)", header, re.MULTILINE)
    return match[1].strip() if match else ""


def header_of(text: str) -> str:
    """The header of a prompt with its fences, whatever its line endings; empty without one."""
    match = _HEADER.match(text)
    return match[0] if match else ""


def _lane(text: str, name: str) -> Lane | None:
    lane = parse_lane(text) if text else None
    if text and lane is None:
        raise Refused(f"{name}: there is no lane {text!r}", "UNKNOWN_LANE", details={"edit": name})
    return lane


def _logged(body: str) -> list[Entry]:
    """The lines of an activity log that name a lane."""
    found = []
    for match in _LOGGED.finditer(body):
        parts = re.split(r" [–-] ", match["rest"])
        lane = next((part[5:] for part in parts if part.startswith("lane=")), "")
        known = parse_lane(lane) if lane else None
        if known is not None and _is_moment(match["at"]):
            note = " ".join(part for part in parts[1:] if not part.startswith(("lane=", "shell_pid=")))
            found.append(Entry(match["at"], known, parts[0].strip() or NOBODY, note.strip()))
    return sorted(found, key=lambda entry: clock.sort_key(entry.at))


def _history(text: str, name: str) -> list[Entry]:
    """The history in a header, for a prompt without an activity log."""
    history = frontmatter.parse(text, name).fields.get("history")
    found = []
    for raw in history if isinstance(history, list) else ():
        entry = raw if isinstance(raw, dict) else {}
        at, lane = str(entry.get("timestamp") or ""), parse_lane(str(entry.get("lane") or ""))
        if lane is not None and _is_moment(at):
            found.append(Entry(at, lane, str(entry.get("agent") or NOBODY), str(entry.get("action") or "")))
    return sorted(found, key=lambda entry: clock.sort_key(entry.at))


def _is_moment(text: str) -> bool:
    try:
        clock.parse(text)
    except ValueError:
        return False
    return True
