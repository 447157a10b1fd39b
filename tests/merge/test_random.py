"""Random missions: a merge that succeeds holds every change of every side, and every conflict was forecast."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.merge.plan import STRATEGIES
from specify_cli.status.models import Lane
from tests.support import soak
from tests.support.git import Repo
from tests.support.project import Project, Task, make_project
from tests.support.stories import Story, code_in, story

FILES = tuple(f"shared{number}.txt" for number in range(8))
LINES = 80


@dataclass(slots=True)
class Side:
    """Everything that one work package, or the target, has done.

    Args:
        marks: what it has written into lines.
        removed, renamed, executable: files.
        lost: marks that went with the files that it has removed.
    """

    marks: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)


def _edit(folder: Path, chance: Random, name: str) -> Side:
    """Change lines, add a file, and at times remove, rename or make executable one."""
    side = Side()
    for number in range(chance.randint(1, 2)):
        _mark_a_line(folder, chance, f"<{name}.{number}>", side)
    (folder / f"{name}.txt").write_text(f"<{name}.new>\n")
    side.marks.add(f"<{name}.new>")
    left = [file for file in FILES if (folder / file).exists()]
    act = chance.random()
    if left and act < 0.15:
        path = folder / chance.choice(left)
        side.lost = {mark for line in path.read_text().splitlines() for mark in line.split() if mark.startswith("<")}
        side.removed.add(path.name)
        path.unlink()
    elif left and act < 0.35:
        path = folder / chance.choice(left)
        path.rename(folder / f"{name}-{path.name}")
        side.renamed[path.name] = f"{name}-{path.name}"
    elif left and act < 0.55:
        path = folder / chance.choice(left)
        path.chmod(0o755)
        side.executable.add(path.name)
    return side


def _mark_a_line(folder: Path, chance: Random, mark: str, side: Side) -> None:
    path = folder / chance.choice(FILES)
    lines = path.read_text().splitlines() if path.exists() else []
    # A line that somebody on this branch has marked already is left alone: overwriting is no conflict.
    free = [at for at, line in enumerate(lines) if "<" not in line]
    if free:
        lines[chance.choice(free)] += f" {mark}"
        side.marks.add(mark)
        path.write_text("\n".join(lines) + "\n")


def _mission(project: Project, chance: Random, sides: dict[str, Side]) -> Story:
    """Up to 12 work packages, some of which build on others."""
    for name in FILES:
        project.git.write(name, "".join(f"{name} {line}\n" for line in range(LINES)))
    project.git.commit("shared files")
    ids = [f"WP{number:02d}" for number in range(1, chance.choice((2, 4, 6, 8, 12)) + 1)]
    tasks = [
        Task(wp_id, needs=tuple(sorted(chance.sample(ids[:at], min(at, chance.choice((0, 0, 1, 1, 2)))))))
        for at, wp_id in enumerate(ids)
    ]
    found = story(project, *tasks)
    for wp_id in ids:
        if chance.random() < 0.1:
            sides[f"before {wp_id}"] = _target_moves(found, chance, f"early-{wp_id}")
        try:
            claim = found.mission.claim(wp_id)
        except SpecKittyError:
            # What it builds on does not go together (or was given up itself): it is given up.
            found.mission.force(wp_id, Lane.CANCELED)
            continue
        sides[wp_id] = _edit(claim.workspace.path, chance, wp_id)
        found.do(wp_id)
    return found


def _target_moves(found: Story, chance: Random, name: str) -> Side:
    side = _edit(found.project.path, chance, name)
    found.git("add", "-A")
    found.git("commit", "-q", "-m", f"the target moves: {name}")
    return side


def _merged_by_git(found: Story, order: list[dict[str, str]], scratch: Path) -> dict[str, str]:
    """What git itself makes of the same lanes in the same order, in a clone."""
    found.git("clone", "-q", str(found.project.path), str(scratch))
    clone = Repo(scratch)
    clone("fetch", "-q", "origin", "+refs/*:refs/kept/*")
    base = found.git("merge-base", "main", order[0]["tip"]) if order else "main"
    clone("checkout", "-q", "--detach", base)
    for lane in order:
        clone("merge", "-q", "--no-edit", lane["tip"])
    clone("merge", "-q", "--no-edit", "refs/kept/heads/main")
    return code_in(clone, "HEAD")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(soak.times(150)))
def test_a_random_mission(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    project = make_project(tmp_path / "project")
    sides: dict[str, Side] = {}
    found = _mission(project, chance, sides)
    found.accept("--allow-fail")
    if chance.random() < 0.6:
        sides["target"] = _target_moves(found, chance, "target")

    forecast = found.merge("--dry-run").json()
    strategy = STRATEGIES[seed % len(STRATEGIES)]
    tips = [lane for lane in forecast["lanes"] if lane["lane_id"] in forecast["order"] and lane["tip"]]
    git = _merged_by_git(found, tips, tmp_path / "clone") if forecast["clean"] else {}
    before = found.refs()
    merged = found.merge("--strategy", strategy)

    if not forecast["clean"]:
        merged.failed()
        # What is merged is kept for who resolves it; no branch moves.
        kept = f"refs/spec-kitty/merging/stopped-{found.slug}"
        assert {name: tip for name, tip in found.refs().items() if name != kept} == before
        return
    if merged.code and strategy == "rebase":
        merged.failed("REBASE_NOT_LINEAR")
        assert found.refs() == before
        merged = found.merge("--strategy", "squash")
    merged.ok()
    files = found.files()
    assert files == git, "git itself makes something else of it"
    _holds_everything(found, files, list(sides.values()))
    assert found.git.status() == ""


def _holds_everything(found: Story, files: dict[str, str], sides: list[Side]) -> None:
    content = "\n".join(files.values())
    lost = {mark for side in sides for mark in side.lost}
    assert not {mark for side in sides for mark in side.marks - lost if mark not in content}
    removed = {name for side in sides for name in side.removed}
    assert not removed & files.keys()
    names = {name: new for side in sides for name, new in side.renamed.items()}
    for old, new in names.items():
        assert old not in files
        assert new in files or old in removed or new in removed
    listed = found.git("ls-tree", "-r", "main").splitlines()
    modes = {line.partition("\t")[2]: line.split(" ")[0] for line in listed}
    for side in sides:
        for name in side.executable:
            now = names.get(name, name)
            assert now not in modes or modes[now] == "100755"
