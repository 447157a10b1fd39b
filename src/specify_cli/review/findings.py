"""Findings of reviews as records: read from a reviewer's words, opened and closed by verdicts. Pure.

A point of feedback is a list item that begins with a severity, `- [high] src/a.py:12 What is wrong`, or with the id of
an earlier finding: `- F1 …` stays open, `- F1 settled` does not. Feedback without any such item is one finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from specify_cli.core.markdown import prose
from specify_cli.kernel import clock
from specify_cli.kernel.text import number_of
from specify_cli.kernel.values import frozen, replace
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusEvent

SEVERITIES = ("critical", "high", "medium", "low")
_MIDDLE = "medium"
_LONGEST = 300
_ITEM = re.compile(
    rf"^ {{0,3}}(?:[-*+]|\d+[.)])[ \t]+[*_`]*(?:\[(?P<severity>{'|'.join(SEVERITIES)})\]|\[?(?P<id>F\d+)\b\]?)"
    r"[*_`]*[ \t]*:?[ \t]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_SETTLED = re.compile(r"(?:(?:is|now)\s+)*(?:settled|closed|fixed|resolved|done)\s*(?:[.:;!(]|$)", re.IGNORECASE)
_LIST_OR_HEADING = re.compile(r"^ {0,3}(?:[-*+]|\d+[.)]|#{1,6})[ \t]+")
# `Makefile:3`, src/a.py:12, src/a.py; a bare word without dot, slash or line is none.
_PLACE = re.compile(
    r"^(?:`(?P<quoted>[^`\s:]+)(?::(?P<quoted_line>\d+)[\d:–-]*)?`"
    r"|(?P<file>[^\s:`]*[./][^\s:`]*[^\s:`.,;]|[^\s:`]+(?=:\d))(?::(?P<line>\d+)[\d:–-]*)?)(?=[\s:,;]|$)[ \t:,;—–-]*"
)


@frozen
class Finding:
    """One thing that a reviewer wants changed.

    Args:
        id: `F1`, `F2` …, counted over all reviews of its work package; empty while it has none.
        what: one line.
        file: path below the project, or None; `line` likewise.
        cycle: the review that found it.
    """

    id: str
    what: str
    file: str | None = None
    line: int | None = None
    severity: str = _MIDDLE
    cycle: int = 1
    open: bool = True

    def to_data(self) -> dict[str, object]:
        """As its `review_finding` event and JSON answers hold it."""
        return {
            "id": self.id,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "what": self.what,
            "cycle": self.cycle,
            "status": "open" if self.open else "closed",
        }

    def __str__(self) -> str:
        place = f" {self.file}" + (f":{self.line}" if self.line else "") if self.file else ""
        return f"{self.id} [{self.severity}]{place} {self.what}"


def points(text: str) -> list[Finding]:
    """The points of a reviewer's feedback, in order; one about an earlier finding carries its id."""
    items: list[tuple[re.Match[str], list[str]]] = []
    words: list[str] = []  # of the item that a line goes on with; of none at first
    for line in prose(text).split("\n"):
        if match := _ITEM.match(line):
            words = [match["rest"]]
            items.append((match, words))
        elif not line.strip() or _LIST_OR_HEADING.match(line):
            words = []
        else:
            words.append(line)
    return [_item(match, " ".join(words)) for match, words in items]


def finding_of(data: Mapping[str, object]) -> Finding | None:
    """A finding from JSON (an event, or what a program says of its review); None where it says nothing."""
    what, file, line, severity, cycle = (data.get(key) for key in ("what", "file", "line", "severity", "cycle"))
    if not isinstance(what, str) or not what.strip():
        return None
    return Finding(
        str(data.get("id") or ""),
        _one_line(what),
        file if isinstance(file, str) and file else None,
        line if isinstance(line, int) else None,
        str(severity) if severity in SEVERITIES else _MIDDLE,
        cycle if isinstance(cycle, int) else 1,
        data.get("status") != "closed",
    )


def judged(known: Sequence[Finding], said: Sequence[Finding], text: str, cycle: int) -> tuple[list[Finding], list[str]]:
    """The findings that a rejection adds, and the ids of the earlier ones that stay open.

    Earlier findings that the points do not name are settled; feedback without points settles none.

    Args:
        known: the findings so far.
        said: the points of the feedback.
        text: the feedback; one finding where it has no points.
    """
    ids = {finding.id for finding in known}
    last = max((number_of(each[1:]) for each in ids if each[1:].isdecimal()), default=0)
    new = [each for each in said if each.id not in ids and each.open] if said else [_point(_first_line(text))]
    named = {each.id for each in said if each.open}
    still = [each.id for each in known if (each.id in named if said else each.open)]
    return [replace(each, id=f"F{last + at}", cycle=cycle) for at, each in enumerate(new, 1)], still


def findings_of(facts: Iterable[MissionEvent], moves: Iterable[StatusEvent], wp_id: str) -> list[Finding]:
    """All findings on a work package as they stand: a rejection says which stay open, an approval closes all.

    Args:
        facts: the mission log.
        moves: the status log.
    """
    approvals = [each.at for each in moves if each.wp_id == wp_id and each.to_lane in (Lane.APPROVED, Lane.DONE)]
    steps: list[tuple[str, MissionEvent | None]] = [(clock.sort_key(at), None) for at in approvals]
    steps += [
        (clock.sort_key(each.at), each) for each in facts if each.type == "review_finding" and each.wp_id == wp_id
    ]
    found: dict[str, Finding] = {}
    for _, event in sorted(steps, key=lambda step: step[0]):
        still = event.data.get("open") if event is not None else []
        if isinstance(still, list):
            found = {each.id: replace(each, open=each.id in still) for each in found.values()}
        for each in _recorded(event, list(found.values())) if event is not None else ():
            name = each.id
            while name in found:  # two clones rejected at once
                name += "'"
            found[name] = replace(each, id=name)
    return list(found.values())


def _recorded(event: MissionEvent, known: Sequence[Finding]) -> list[Finding]:
    listed, cycle = event.data.get("findings"), event.data.get("cycle")
    if isinstance(listed, list):
        found = (finding_of(each) for each in listed if isinstance(each, Mapping))
        return [each for each in found if each is not None]
    text = str(event.data.get("text") or "")
    return judged(known, (), text, cycle if isinstance(cycle, int) else 1)[0] if text.strip() else []


def _item(match: re.Match[str], text: str) -> Finding:
    found, severity = _point(text), (match["severity"] or _MIDDLE).lower()
    about, settled = (match["id"] or "").upper(), bool(match["id"] and _SETTLED.match(text.strip()))
    return replace(found, id=about, severity=severity, open=not settled)


def _point(text: str) -> Finding:
    words = _one_line(text)
    place = _PLACE.match(words)
    rest = words[place.end() :] if place else words
    if place is None or not rest:
        return Finding("", words)
    number = place["line"] or place["quoted_line"]
    return Finding("", rest, place["file"] or place["quoted"], number_of(number) if number else None)


def _first_line(text: str) -> str:
    """The line that says what free text is about: no heading or code, where there is another."""
    lines = [*prose(text).split("\n"), *text.split("\n")]
    words = [_LIST_OR_HEADING.sub("", line).strip() for line in sorted(lines, key=lambda line: line.startswith("#"))]
    return next(filter(None, words), "")


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
