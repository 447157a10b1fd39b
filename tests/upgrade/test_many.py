"""Two hundred missions with ten thousand events."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from specify_cli.kernel import ids
from tests.support.cli import run_script
from tests.support.legacy import build
from tests.support.soak import times

EVENTS = 50  # of each mission
BAR = 10.0  # seconds


@pytest.mark.soak
def test_many_missions_are_upgraded_within_the_bar(tmp_path: Path) -> None:
    project = build("2.1.3", tmp_path / "project")
    lines = [json.loads(line) for line in (project.mission / "status.events.jsonl").read_text("utf-8").splitlines()]
    meta = json.loads((project.mission / "meta.json").read_text("utf-8"))
    count = times(200)
    for number in range(2, count + 1):
        folder = project.path / "kitty-specs" / f"{number:03d}-tea-timer"
        shutil.copytree(project.mission, folder)
        (folder / "meta.json").write_text(json.dumps({**meta, "feature_slug": folder.name}), encoding="utf-8")
        moves = [{**lines[each % 2], "event_id": ids.new_id(), "force": True} for each in range(EVENTS)]
        log = "".join(json.dumps({**move, "feature_slug": folder.name}) + "\n" for move in moves)
        (folder / "status.events.jsonl").write_text(log, encoding="utf-8")
    start = time.monotonic()
    answer = run_script("upgrade", "--json", cwd=project.path).ok().json()
    took = time.monotonic() - start
    assert len([each for each in answer["missions"] if each["changed"]]) == count
    assert took < BAR, f"{took:.1f} s for {count} missions"
    assert run_script("upgrade", "--json", cwd=project.path).ok().json()["changed"] is False
