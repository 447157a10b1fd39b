"""What a server's answer to a batch means (contract 4.2): for each event, and for how to go on. Pure.

Status and machine codes decide; the words of a message are read last, and only to sort a rejection.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from specify_cli.kernel.values import frozen
from specify_cli.sync.events import normalize_event_id
from specify_cli.sync.queue import DELIVERED, REJECTED, BatchEventResult

if TYPE_CHECKING:
    from specify_cli.kernel.http import HttpAnswer

PENDING = "pending"
LONGEST_WAIT = 30.0
_DEFAULT_WAIT = 5.0
_ACCEPTED_LATER = {PENDING, "queued", "accepted"}
_TEXT_LENGTH = 1000


class Category(StrEnum):
    """Why something was not delivered. The first four are those of contract 3.9."""

    SCHEMA_MISMATCH = "schema_mismatch"
    AUTH_EXPIRED = "auth_expired"
    SERVER_ERROR = "server_error"
    UNKNOWN = "unknown"
    PERMISSION = "permission"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    PROTOCOL_SKEW = "protocol_skew"


ERROR_CATEGORIES: Mapping[Category, tuple[str, ...]] = {
    Category.SCHEMA_MISMATCH: ("invalid", "schema", "field", "missing", "type"),
    Category.AUTH_EXPIRED: ("token", "expired", "unauthorized", "401"),
    Category.SERVER_ERROR: ("internal", "500", "timeout", "unavailable"),
}
_CODES: Mapping[str, Category] = {
    **{category.value: category for category in Category},
    "unauthorized": Category.AUTH_EXPIRED, "invalid_token": Category.AUTH_EXPIRED, "forbidden": Category.PERMISSION,
    "client-too-old": Category.PROTOCOL_SKEW, "client-too-new": Category.PROTOCOL_SKEW,
    "client-protocol-unparseable": Category.PROTOCOL_SKEW, "payload_too_large": Category.TOO_LARGE,
    "validation_error": Category.SCHEMA_MISMATCH, "internal_error": Category.SERVER_ERROR,
}  # fmt: skip


class Then(StrEnum):
    """How to go on after an answer."""

    NEXT = "next"  # all was said about this batch
    AGAIN = "again"  # without the events that were judged
    SPLIT = "split"  # one of them is the reason
    SMALLER = "smaller"  # and so are all batches after it
    PLAIN = "plain"  # without compression
    WAIT = "wait"  # and try once more
    STOP = "stop"


@frozen
class Meaning:
    """What an answer means.

    Args:
        results: about events that were sent, and no others.
        then: how to go on.
        category: why, unless all is well.
        problem: the same in words.
        wait: seconds that the server asked for; None where it did not.
        code, hint: of the error that stands for an answer, where there was none.
    """

    results: tuple[BatchEventResult, ...] = ()
    then: Then = Then.NEXT
    category: Category | None = None
    problem: str = ""
    wait: float | None = None
    code: str | None = None
    hint: str | None = None


def meaning(answer: HttpAnswer, sent: Sequence[str], now: datetime) -> Meaning:
    """What an answer to a batch means.

    Args:
        sent: ids of the events in the batch.
        now: for a `Retry-After` that names a date.
    """
    body = json_of(answer.body)
    if answer.status in {200, 201, 202, 207}:
        return _judged(body, sent)
    if answer.status in {400, 422}:
        return _refused(answer, body, sent)
    if answer.status == 413:
        too_large = f"the server takes no batch of this size (HTTP {answer.status})"
        if len(sent) == 1:
            return Meaning(
                (rejection(sent[0], "the event is too large for the server", Category.TOO_LARGE, final=True),)
            )
        return Meaning(then=Then.SMALLER, category=Category.TOO_LARGE, problem=too_large)
    if answer.status == 415:
        return Meaning(then=Then.PLAIN, category=Category.PROTOCOL_SKEW, problem=said(answer, body))
    category = _STATUSES.get(answer.status, Category.SERVER_ERROR)
    may_pass = answer.status == 429 or answer.status >= 500
    wait = retry_after(answer.headers.get("retry-after"), now) if may_pass else None
    return Meaning((), Then.WAIT if may_pass else Then.STOP, category, said(answer, body), wait)


_STATUSES: Mapping[int, Category] = {
    401: Category.AUTH_EXPIRED, 403: Category.PERMISSION, 412: Category.PROTOCOL_SKEW, 426: Category.PROTOCOL_SKEW,
    429: Category.RATE_LIMITED,
}  # fmt: skip


def _judged(body: object, sent: Sequence[str]) -> Meaning:
    """An answer that judges each event by itself; what is not mentioned is not acknowledged."""
    entries = body.get("results") if isinstance(body, dict) else None
    found: dict[str, BatchEventResult | None] = {}
    mine = set(sent)
    for entry in entries if isinstance(entries, list) else ():
        told = _result(entry, mine)
        if told is not None:
            # Two verdicts on one event are none, unless both mean that the server has it.
            known = found.get(told.event_id, told)
            same = known is not None and (known.status == told.status or {known.status, told.status} <= DELIVERED)
            found[told.event_id] = known if same else None
    results = tuple(one for one in found.values() if one is not None)
    if results:
        return Meaning(results)
    problem = f"the server answered, and acknowledged none of {len(sent)} events"
    return Meaning(then=Then.STOP, category=Category.SERVER_ERROR, problem=problem)


def _result(entry: object, sent: set[str]) -> BatchEventResult | None:
    event_id = _id_of(entry, sent)
    status = entry.get("status") if isinstance(entry, dict) else None
    if event_id is None or not isinstance(entry, dict) or not isinstance(status, str):
        return None
    word = status.strip().lower()
    if word in DELIVERED:
        return BatchEventResult(event_id, word)
    if word in _ACCEPTED_LATER:
        return BatchEventResult(event_id, PENDING)
    text = _reason(entry) or (
        "rejected without a reason" if word == REJECTED else f"the server says {_short(status)!r}"
    )
    return rejection(event_id, text, _category(entry, text))


def _refused(answer: HttpAnswer, body: object, sent: Sequence[str]) -> Meaning:
    """A batch that was refused as a whole: those that are named are to blame, else the search for the one begins."""
    mine = set(sent)
    found: dict[str, BatchEventResult] = {}
    for entry in _details(body):
        event_id = _id_of(entry, mine)
        if event_id is not None and isinstance(entry, dict):
            text = _reason(entry) or said(answer, body)
            found[event_id] = rejection(event_id, text, _category(entry, text, Category.SCHEMA_MISMATCH))
    problem = said(answer, body)
    if found:
        return Meaning(tuple(found.values()), Then.AGAIN if len(found) < len(mine) else Then.NEXT)
    if len(sent) > 1:
        return Meaning(then=Then.SPLIT, category=Category.SCHEMA_MISMATCH, problem=problem)
    return Meaning((rejection(sent[0], problem, _category(body, problem, Category.SCHEMA_MISMATCH)),))


def rejection(event_id: str, text: str, category: Category, *, final: bool = False) -> BatchEventResult:
    """The verdict on an event that is not wanted."""
    return BatchEventResult(event_id, REJECTED, _short(text), category.value, final)


def categorize_error(text: str) -> Category:
    """The category that the words of an error suggest (contract 3.9)."""
    lower = text.lower()
    return next(
        (name for name, words in ERROR_CATEGORIES.items() if any(map(lower.__contains__, words))), Category.UNKNOWN
    )


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a header with seconds or a date; bounded, and None without one."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            seconds = math.nan
    if math.isnan(seconds):
        return _DEFAULT_WAIT
    return min(max(seconds, 0.0), LONGEST_WAIT)


def json_of(body: bytes) -> object:
    """What an answer holds; None where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _id_of(entry: object, sent: set[str]) -> str | None:
    """The event that an entry is about, if it was sent."""
    given = entry.get("event_id") if isinstance(entry, dict) else None
    if isinstance(given, str) and given in sent:
        return given
    known = normalize_event_id(given)
    return known if known in sent else None


def _details(body: object) -> Sequence[object]:
    """`details` of a refusal: a list, a text that holds one, or nothing that names events."""
    details = body.get("details") if isinstance(body, dict) else None
    if isinstance(details, str):
        details = json_of(details.encode("utf-8", "replace"))
    if isinstance(details, dict):
        details = [details]
    return details if isinstance(details, list) else ()


def _reason(entry: Mapping[str, object]) -> str:
    names = ("error_message", "error", "reason", "detail", "message")
    return next((text.strip() for name in names if isinstance(text := entry.get(name), str) and text.strip()), "")


def _category(entry: object, text: str, default: Category = Category.UNKNOWN) -> Category:
    for name in ("error_category", "error_code", "code"):
        code = entry.get(name) if isinstance(entry, Mapping) else None
        if isinstance(code, str) and code.lower() in _CODES:
            return _CODES[code.lower()]
    found = categorize_error(text)
    return default if found is Category.UNKNOWN else found


def said(answer: HttpAnswer, body: object) -> str:
    """An answer in one line: its status, and what the server says of it."""
    words = _reason(body) if isinstance(body, dict) else ""
    details = body.get("details") if isinstance(body, dict) else None
    if isinstance(details, str) and details.strip():
        words = f"{words}: {details.strip()}" if words else details.strip()
    if not words and 300 <= answer.status < 400:
        words = f"it points to {answer.headers.get('location', 'another place')}, which is not followed"
    return _short(f"HTTP {answer.status}" + (f": {words}" if words else ""))


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - 1] + "…"
