"""Projects of other tools: small ones by hand, and what became of them as text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.project import Project
from tests.support.reports import report_in
from tests.support.source import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "import"
TOOLS = ("spec-kit", "openspec", "kiro", "taskmaster", "backlog", "beads")
_VARIES = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_UNTOLD = (".gitignore", ".gitattributes", "lanes.json")
_LOGS = ("status.events.jsonl", "mission-events.jsonl")


@dataclass(frozen=True, slots=True)
class Source:
    """The project of another tool, inside a project of ours or beside it."""

    tool: str
    path: Path
    project: Project

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the source."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))

    def run(self, *more: str) -> dict[str, Any]:
        """Import it."""
        return self.project.run("import", "--from", self.tool, str(self.path), *more, "--json").ok().json()

    def partial(self, *more: str) -> dict[str, Any]:
        """Import it, where something of it cannot be."""
        words = ("import", "--from", self.tool, str(self.path), *more, "--json")
        return self.project.run(*words).failed(exit_code=1).json()

    def files(self) -> dict[str, bytes]:
        """Every file of the source and its content."""
        return files_below(self.path)


def beside(project: Project, tool: str, *, fixture: bool = True) -> Source:
    """A project of another tool in a folder beside ours: the fixture, or an empty one."""
    path = project.path.parent / "other"
    if fixture:
        shutil.copytree(FIXTURES / tool, path)
    else:
        path.mkdir()
    return Source(tool, path, project)


def of_report(project: Project, number: str, tool: str) -> Source:
    """The files of a report beside our project."""
    path = project.path.parent / "other"
    report_in(number, path)
    return Source(tool, path, project)


def files_below(folder: Path) -> dict[str, bytes]:
    """Path -> content of every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def codes(answer: Mapping[str, Any]) -> list[str]:
    """Codes of all leftovers and notices of an answer, sorted."""
    told = [*answer["leftovers"], *(notice for mission in answer["missions"] for notice in mission["notices"])]
    return sorted(str(notice["code"]) for notice in told)


def picture(project: Project) -> str:
    """Every document and event of all missions as one text, without what differs from run to run."""
    folder = project.path / "kitty-specs"
    parts = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in _UNTOLD:
            name = path.relative_to(folder).as_posix()
            text = path.read_text(encoding="utf-8")
            shown = "\n".join(_told(text)) if path.name in _LOGS else _VARIES.sub("*", text)
            parts.append(f"==== {name}\n{shown}")
    return "\n".join(parts)


def _told(log: str) -> Iterator[str]:
    """A log without ids and times, in the order in which it was written."""
    for line in log.splitlines():
        assert line.endswith("}"), f"torn: {line}"
        event = json.loads(line)
        kept = {
            key: event[key] for key in ("type", "wp_id", "from_lane", "to_lane", "actor", "reason") if event.get(key)
        }
        data = {key: value for key, value in event.get("data", {}).items() if key not in ("created_at", "digest")}
        yield json.dumps({**kept, **({"data": data} if data else {})}, sort_keys=True, ensure_ascii=False)
