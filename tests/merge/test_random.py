"""Random missions: a merge that succeeds holds every change of every side, and every conflict was forecast."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status.models import Lane
from tests.support import soak
from tests.support.project import Project, Task, make_project
from tests.support.stories import Story, story

FILES = tuple(f"shared{number}.txt" for number in range(6))
LINES = 80


def _mission(project: Project, chance: random.Random, edits: dict[str, set[str]]) -> Story:
    """Up to 12 work packages that each change random lines of random files."""
    for name in FILES:
        project.git.write(name, "".join(f"{name} {line}\n" for line in range(LINES)))
    project.git.commit("shared files")
    ids = [f"WP{number:02d}" for number in range(1, chance.randint(2, 12) + 1)]
    tasks = [
        Task(wp_id, needs=tuple(sorted(chance.sample(ids[:at], min(at, chance.choice((0, 0, 1, 1, 2)))))))
        for at, wp_id in enumerate(ids)
    ]
    found = story(project, *tasks)
    for wp_id in ids:
        try:
            claim = found.mission.claim(wp_id)
        except SpecKittyError:
            # What it builds on does not go together (or was given up itself): it is given up.
            found.mission.force(wp_id, Lane.CANCELED)
            continue
        edits[wp_id] = _edit(claim.workspace.path, chance, wp_id)
        found.do(wp_id)
    return found


def _edit(folder: Path, chance: random.Random, mark: str) -> set[str]:
    """Change a few lines and add a file; the marks that must be found after the merge."""
    marks = set()
    for number in range(chance.randint(1, 2)):
        path = folder / chance.choice(FILES)
        lines = path.read_text().splitlines()
        # A line that somebody on this branch has marked already is left alone: overwriting is no conflict.
        free = [at for at, line in enumerate(lines) if "<" not in line]
        if not free:
            continue
        at = chance.choice(free)
        lines[at] += f" <{mark}.{number}>"
        marks.add(f"<{mark}.{number}>")
        path.write_text("\n".join(lines) + "\n")
    (folder / f"{mark}.txt").write_text(f"<{mark}.new>\n")
    return {*marks, f"<{mark}.new>"}


@pytest.mark.parametrize("seed", range(soak.times(50)))
def test_a_random_mission(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    project = make_project(tmp_path / "project")
    edits: dict[str, set[str]] = {}
    found = _mission(project, chance, edits)
    found.accept("--allow-fail")
    if chance.random() < 0.6:
        edits["target"] = _edit(project.path, chance, "target")
        project.git.commit("the target moves")

    forecast = found.merge("--dry-run").json()
    strategy = chance.choice(("merge", "squash", "rebase"))
    before = found.refs()
    merged = found.merge("--strategy", strategy)

    if forecast["clean"]:
        if merged.code and strategy == "rebase":
            merged.failed("REBASE_NOT_LINEAR")
            merged = found.merge("--strategy", "squash")
        merged.ok()
        content = "\n".join(found.files().values())
        assert not {mark for marks in edits.values() for mark in marks if mark not in content}
        assert found.git.status() == ""
    else:
        merged.failed()
        assert found.refs() == before
