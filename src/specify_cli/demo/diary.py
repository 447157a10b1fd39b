"""What agents tell while they work: one line of JSON for each thing they begin or end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from specify_cli.demo.story import BY_ID
from specify_cli.kernel import clock, files
from specify_cli.kernel.values import frozen

_SENTENCES = {
    "specify": "writes the specification",
    "plan": "writes the plan",
    "tasks_outline": "cuts the work into packages",
    "tasks_packages": "writes a prompt for each of them",
    "tasks_finalize": "has the lanes computed",
    "implement": "implements {wp}",
    "handed over": "hands over {wp}",
    "review": "reviews {wp}",
    "approved": "approves {wp}",
    "sent back": "sends back {wp}: {text}",
    "accept": "has the whole mission tested and accepted",
    "failed": "failed: {text}",
}
_LONGEST = 58


@frozen
class Entry:
    """Something an agent told.

    Args:
        what: the action it begins, or how one ended.
        more: whatever else belongs to it.
    """

    at: str
    agent: str
    what: str
    wp_id: str = ""
    text: str = ""
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """For people; empty where nobody needs to know."""
        package = BY_ID.get(self.wp_id)
        wp = f"{self.wp_id} {package.title}" if package else self.wp_id
        said = _SENTENCES.get(self.what, "").format(wp=wp, text=" ".join(self.text.split()))
        short = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
        return f"{self.agent:<9} {short}" if said else ""


def tell(diary: Path, agent: str, what: str, wp_id: str = "", text: str = "", **more: object) -> None:
    """Add an entry to an agent's diary."""
    line = {"at": clock.stamp(), "agent": agent, "what": what, "wp_id": wp_id, "text": text, "more": more}
    files.append(diary, json.dumps(line).encode() + b"\n")


def entries(diary: Path, skip: int = 0) -> list[Entry]:
    """The entries of a diary after the first few; a line that is still being written is left for the next time."""
    text = files.read_text(diary) or ""
    lines = text.split("\n")[:-1]
    return [_entry(files.parse_json(line, str(diary))) for line in lines[skip:]]


def _entry(line: Mapping[str, object]) -> Entry:
    more = line.get("more")
    at, agent, what, wp_id, text = (str(line.get(name) or "") for name in ("at", "agent", "what", "wp_id", "text"))
    return Entry(at, agent, what, wp_id, text, more if isinstance(more, Mapping) else {})
