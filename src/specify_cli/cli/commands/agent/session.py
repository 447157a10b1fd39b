"""`spec-kitty agent session-start`: what an agent's program runs when a session starts."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from specify_cli.cli.commands.status import status
from specify_cli.cli.output import Reply
from specify_cli.kernel import files
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.given import text_of

# Claude Code reads variables for all commands of a session from the file that this one names.
ENV_FILE = "CLAUDE_ENV_FILE"
_SESSION = "CLAUDE_CODE_SESSION_ID"
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)


def session_start() -> Reply:
    """Tell an agent's program, when a session starts, where the missions stand.

    Claude Code runs it as a hook: standard input is the hook's JSON, and what is printed becomes part of the context.
    The session's id goes into the environment of its commands, where the program says how. A session never fails to
    start for it: what cannot be read is told in a sentence.
    """
    session = _session()
    data: dict[str, object] = {"result": "success", "session": session, "exported": False, "status": None}
    lines = []
    try:
        shown = status()
        data["status"] = shown.data
        lines.append(f"State of the missions of this project (spec-kitty):\n\n{shown.text}")
    except SpecKittyError as error:
        if error.code == "NOT_INITIALIZED":
            return Reply(data, "")
        data["unread"] = error.message
        lines.append(f"The state of this project's missions cannot be read: {error.message} ({error.code}).")
    try:
        data["exported"] = session is not None and _export(session)
    except SpecKittyError as error:
        lines.append(f"The session's id could not be set: {error.message} ({error.code}).")
    return Reply(data, "\n\n".join(lines))


def _session() -> str | None:
    """The id of the session, as the program hands it in; None where nobody does."""
    if sys.stdin.isatty():
        return None
    try:
        given = json.loads(text_of("-"))
    except (ValueError, RecursionError):
        return None
    found = given.get("session_id") if isinstance(given, dict) else None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def _export(session: str) -> bool:
    """Put the id into the environment of the session's commands; False where the program names no file for it."""
    name = os.environ.get(ENV_FILE)
    if not name:
        return False
    path, line = Path(name), f"export {_SESSION}={session}\n"
    before = files.read_text(path) or ""
    if line not in before:
        files.atomic_write(path, before + line, mkdir=True)
    return True
