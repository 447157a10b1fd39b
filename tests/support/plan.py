"""Documents of a plan, written into a mission's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.status import place_in, walk

SPEC = "# Spec\n\n- **FR-001**: starts\n- **FR-002**: rings\n- **NFR-001**: is quick\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """A mission on `main` of a real repository, and how to write its plan."""

    git: Repo
    place: MissionPlace

    @property
    def folder(self) -> Path:
        """The mission's folder."""
        return self.place.feature_dir

    def write(self, name: str, text: str) -> Path:
        """Write a document of the mission."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def read(self, name: str) -> str:
        """Read a document of the mission."""
        return (self.folder / name).read_text(encoding="utf-8")

    def prompt(self, wp_id: str, header: str, name: str = "") -> Path:
        """Write a prompt; `header` holds the lines after its id."""
        text = f"---\nwork_package_id: {wp_id}\n{header.strip()}\n---\n# {wp_id}\n\nDo it.  \n"
        return self.write(f"tasks/{name or f'{wp_id}-work.md'}", text)

    def bytes(self) -> dict[str, bytes]:
        """Every file of the mission."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }

    def walk(self, wp_id: str, lane: Lane) -> None:
        """Bring a work package forward to a lane."""
        with writing(self.place) as writer:
            walk(writer, wp_id, lane)

    def cancel(self, wp_id: str) -> None:
        """Give a work package up."""
        with writing(self.place) as writer:
            writer.move(wp_id, Lane.CANCELED, actor="ada")


def plan_in(git: Repo) -> Plan:
    """A committed mission with a specification."""
    place = place_in(git.path)
    plan = Plan(git, place)
    plan.write("spec.md", SPEC)
    plan.write("meta.json", json.dumps(dict(place.meta)))
    git.commit("mission")
    return plan
