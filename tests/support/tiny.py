"""Tiny missions: their one document, written."""

from __future__ import annotations

from specify_cli.core.mission_creation import create_mission_core
from specify_cli.core.mission_sizes import Size
from tests.support.missions import Mission
from tests.support.project import Project

TEXT = """---
work_package_id: WP01
owned_files: ["src/wp01/**"]
---

# Mend the clock

## Goal

The clock is late, and people miss their trains.

## Acceptance criteria

- The clock shows the time (`make clock`)
  to the second
- **FR-007**: Nobody else's clock changes
- [ ] It is tested

## Work

Wind it up in `src/wp01/`.

## Out of bounds

- The bells
"""


def tiny_mission(project: Project, text: str | None = TEXT, *, name: str = "mend-the-clock") -> Mission:
    """A tiny mission of a project.

    Args:
        text: what its document says; None leaves the scaffold.
    """
    created = create_mission_core(project.path, name, actor="user:Ada", size=Size.TINY)
    project.missions.append(created.mission_slug)
    if text is not None:
        (created.feature_dir / "mission.md").write_text(text, encoding="utf-8")
    return Mission(project, created.mission_slug)
