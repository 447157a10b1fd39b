"""One bad value in one field of one file, and what commands say then."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specify_cli.kernel import frontmatter, yaml
from tests.support.missions import Mission

Path_ = tuple[str | int, ...]

# Name -> a value that hardly any field can hold.
VALUES: dict[str, object] = {
    "nul": "a\0b",
    "half": "x\ud800",
    "objects": [{"a": 1}],
    "huge": 10**400,
    "number": 7,
    "option": "--upload-pack=touch pwned",
    "mapping": {"a": [1]},
    "infinite": float("inf"),
    "command": "001-x$(touch${IFS}pwned)",
    "outside": "../../../../etc/passwd",
    "negative": -1,
    "list": [],
    "true": True,
    "null": None,
    "long": "x" * 5000,
    "deep": json.loads("[" * 300 + "]" * 300),
    "control": "a\nb\x1b[2J",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A file with fields, and how it is taken apart and put together."""

    name: str
    path: Path
    kind: str

    def cases(self) -> Iterator[tuple[str, Callable[[object], str]]]:
        """Each field, and what makes the file's text from a value that stands in it."""
        text = self.path.read_text(encoding="utf-8")
        if self.kind == "lines":
            lines, seen = text.splitlines(), set()
            for number in reversed(range(len(lines))):
                value = json.loads(lines[number])
                for at in _paths(value):
                    known = (value.get("type"), value.get("to_lane"), at)
                    if known not in seen:
                        seen.add(known)
                        yield (
                            _named((str(value.get("type") or value.get("to_lane")), *at)),
                            _line(lines, number, value, at),
                        )
            yield "a line", lambda bad: f"{text}{json.dumps(bad)}\n"
            return
        body = ""
        if self.kind == "header":
            document = frontmatter.parse(text, self.name)
            whole, body = document.fields, document.body
        else:
            whole = json.loads(text) if self.kind == "json" else yaml.mapping(text, self.name)
        for at in _paths(whole):
            yield _named(at), _document(self.kind, whole, at, body)
        yield "all of it", lambda bad: _written(self.kind, bad, body)


def targets(mission: Mission, merged: Mission, planned: Mission) -> list[Target]:
    """The files of missions and of their project that hold fields.

    Args:
        mission: one under way.
        merged: one with a receipt.
        planned: one whose plan is in wps.yaml.
    """
    place, project = mission.place, mission.project.path
    state, folder = place.state, mission.folder
    return [
        Target("meta.json", folder / "meta.json", "json"),
        Target("lanes.json", folder / "lanes.json", "json"),
        Target("status.events.jsonl", folder / "status.events.jsonl", "lines"),
        Target("mission-events.jsonl", folder / "mission-events.jsonl", "lines"),
        Target("journal", place.journal, "lines"),
        Target("journal of the mission", place.mission_journal, "lines"),
        Target("prompt", folder / "tasks" / "WP01-work.md", "header"),
        Target("record", state / "workspaces" / place.key / "lane-a.json", "json"),
        Target("lease", state / "leases" / place.key / "WP01.json", "json"),
        Target("config.yaml", project / ".kittify" / "config.yaml", "yaml"),
        Target("metadata.yaml", project / ".kittify" / "metadata.yaml", "yaml"),
        Target("manifest.json", project / ".kittify" / "manifest.json", "json"),
        Target("trust.json", state / "trust.json", "json"),
        Target("merge-receipt.json", merged.folder / "merge-receipt.json", "json"),
        Target("wps.yaml", planned.folder / "wps.yaml", "yaml"),
    ]


def _line(lines: list[str], number: int, value: Any, at: Path_) -> Callable[[object], str]:
    return lambda bad: "\n".join([*lines[:number], json.dumps(_with(value, at, bad)), *lines[number + 1 :], ""])


def _document(kind: str, whole: Any, at: Path_, body: str) -> Callable[[object], str]:
    return lambda bad: _written(kind, _with(whole, at, bad), body)


def _written(kind: str, value: Any, body: str) -> str:
    if kind == "json":
        return json.dumps(value)
    # JSON is YAML, but for numbers that are none.
    pairs = value.items() if isinstance(value, dict) else [("all", value)]
    header = "".join(f"{json.dumps(key)}: {json.dumps(item)}\n" for key, item in pairs)
    return f"---\n{header}---\n{body}" if kind == "header" else header


def _paths(value: object, at: Path_ = ()) -> Iterator[Path_]:
    """The path of every field; of lists that of the first entry."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*at, key)
            yield from _paths(item, (*at, key))
    elif isinstance(value, list) and value:
        yield (*at, 0)
        yield from _paths(value[0], (*at, 0))


def _with(value: Any, at: Path_, bad: object) -> Any:
    changed = json.loads(json.dumps(value))
    node = changed
    for key in at[:-1]:
        node = node[key]
    node[at[-1]] = bad
    return changed


def _named(at: Path_) -> str:
    return ".".join(map(str, at))
