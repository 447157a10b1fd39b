"""What the answers of a tracker server mean, where they are not what was asked for (contract 7.2). Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from specify_cli.kernel import clock
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.sync.answers import LONGEST_WAIT, json_of, retry_after

if TYPE_CHECKING:
    from specify_cli.kernel.http import HttpAnswer

Body = dict[str, Any]

_DEFAULT_WAIT = 5.0
_LONGEST_TEXT = 1000

# What a failure is called here, and what mends it. The server's own code is in `details`.
_MEANINGS: Mapping[int, tuple[str, Command]] = {
    400: ("TRACKER_REQUEST_REFUSED", spec_kitty("tracker status")),
    401: ("SESSION_EXPIRED", spec_kitty("auth login")),
    403: ("TRACKER_FORBIDDEN", spec_kitty("auth status")),
    404: ("TRACKER_NOT_FOUND", spec_kitty("tracker status")),
    409: ("TRACKER_CONFLICT", spec_kitty("tracker status")),
    422: ("TRACKER_REQUEST_REFUSED", spec_kitty("tracker status")),
    429: ("RATE_LIMITED", Command(("sleep", "60"), *spec_kitty("tracker status").steps)),
}


class SaaSTrackerClientError(Refused):
    """The server refused, or answered what cannot be used.

    Args:
        error_code: what the server calls it; None where it says nothing.
        status_code: of the answer.
        details: the server's error envelope.
        user_action_required: whether a person must do something at the server first.
        called: our code and hint, where the status does not tell them.
    """

    def __init__(
        self,
        message: str,
        *,
        error_code: str | None = None,
        status_code: int | None = None,
        details: Mapping[str, object] | None = None,
        user_action_required: bool = False,
        called: tuple[str, Command] | None = None,
    ) -> None:
        code, hint = called or _MEANINGS.get(status_code or 0, ("SERVER_ERROR", spec_kitty("sync status", "--check")))
        said = {"server_code": error_code, "status": status_code, "user_action_required": user_action_required}
        super().__init__(message, code, hint, {**(details or {}), **said})
        self.error_code = error_code
        self.status_code = status_code
        self.user_action_required = user_action_required


def object_of(answer: HttpAnswer) -> Body:
    """The JSON object that an answer holds; raises `ANSWER_INVALID` where it is none."""
    found = json_of(answer.body)
    if not isinstance(found, dict):
        raise unusable("it is no JSON object", answer.status)
    return found


def unusable(why: str, status: int | None = None) -> SaaSTrackerClientError:
    """The error for an answer that lacks what was asked for."""
    return SaaSTrackerClientError(
        f"the answer of the server cannot be used: {why}",
        status_code=status,
        called=("ANSWER_INVALID", spec_kitty("sync status", "--check")),
    )


def pause(answer: HttpAnswer) -> float:
    """Seconds that a busy server asks for: never more than a person would wait."""
    found = json_of(answer.body)
    given = found.get("retry_after_seconds") if isinstance(found, dict) else None
    if given is None:
        header = retry_after(answer.headers.get("retry-after"), clock.now())
        return _DEFAULT_WAIT if header is None else header
    if isinstance(given, bool) or not isinstance(given, int | float) or math.isnan(given):
        return _DEFAULT_WAIT
    return float(min(max(given, 0), LONGEST_WAIT))


def refusal(answer: HttpAnswer, server: str) -> SaaSTrackerClientError:
    """The failure that an answer tells."""
    found = json_of(answer.body)
    envelope = found if isinstance(found, dict) else {}
    error = told(envelope, answer.status, server, f"HTTP {answer.status}")
    if answer.status == 401 and not (error.user_action_required and error.error_code):
        return session_expired("the server does not accept this login any more")
    if answer.status == 429:
        error.error_code = error.details["server_code"] = "rate_limited"
    return error


def told(envelope: Body, status: int, server: str, fallback: str) -> SaaSTrackerClientError:
    """The failure that an error envelope tells («PRI-12»)."""
    words = (envelope.get(name) for name in ("message", "detail", "error"))
    message = next((text.strip() for text in words if isinstance(text, str) and text.strip()), fallback)
    code = envelope.get("error_code") or envelope.get("code")
    action = envelope.get("user_action_required") is True
    message = message[:_LONGEST_TEXT]
    return SaaSTrackerClientError(
        f"{message} (do this at the dashboard: {server})" if action else message,
        error_code=code if isinstance(code, str) else None,
        status_code=status,
        details=envelope,
        user_action_required=action,
        called=("TRACKER_ACTION_REQUIRED", command("python3", "-m", "webbrowser", server)) if action else None,
    )


def session_expired(message: str) -> SaaSTrackerClientError:
    """The failure of who must log in again."""
    return SaaSTrackerClientError(message, error_code="session_expired", status_code=401, user_action_required=True)
