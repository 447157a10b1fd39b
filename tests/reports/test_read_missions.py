"""`scripts/read_missions.py`: what `status` says is what a plain fold of the log says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts import read_missions
from specify_cli.status.models import Lane
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.source import ROOT

MOVES = """
{"event_id": "C", "at": "2026-01-01T10:00:02Z", "wp_id": "WP01", "from_lane": "claimed", "to_lane": "doing"}
{"event_id": "B", "at": "2026-01-01T11:00:01+01:00", "wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed"}
{"event_id": "D", "at": "2026-01-01T10:00:03Z", "wp_id": "WP01", "from_lane": "planned", "to_lane": "done", "prev": "A"}
{"event_id": "E", "at": "2026-01-01T10:00:03Z", "wp_id": "WP02", "to_lane": "done", "mission_id": "another"}
{"event_id": "F", "at": "2026-01-01T10:00:04Z", "wp_id": "WP03", "from_lane": "for_review", "to_lane": "planned",
not a line
"""


def test_this_repositorys_missions_read_as_their_logs_say(capsys: pytest.CaptureFixture[str]) -> None:
    folders = read_missions.missions(ROOT)
    assert read_missions.main([str(ROOT)]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.startswith(f"{len(folders)} missions, ")


def test_the_fold_goes_by_time_and_leaves_out_what_somebody_elses_move_has_overtaken() -> None:
    lines = MOVES.split("\n")
    assert read_missions.fold(read_missions.events_in(lines, "this")) == {"WP01": "in_progress"}
    assert read_missions.fold(read_missions.events_in(lines, None)) == {"WP01": "in_progress", "WP02": "done"}
    forced = json.dumps({**json.loads(lines[3]), "force": True})
    assert read_missions.fold(read_missions.events_in([*lines, forced], "this")) == {"WP01": "done"}


def test_the_journal_and_another_branch_are_looked_at(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    mission.walk("WP01", Lane.FOR_REVIEW)
    project.git("switch", "-q", "-c", "elsewhere")
    shutil.rmtree(project.folder(mission.slug))
    project.git.commit("not here")
    assert read_missions.main([str(project.path), "--mission", mission.slug]) == 0
    assert capsys.readouterr().out == "1 missions, 2 work packages, 0 differences\n"


def test_what_differs_is_named_and_fails(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mission: Mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    really = read_missions.ask

    def wrongly(folder: Path, slug: str) -> tuple[int, dict[str, object]]:
        code, board = really(folder, slug)
        if code == 0:
            board["work_packages"][0]["lane"] = "done"
        return code, board | {"total_wps": 3}

    monkeypatch.setattr(read_missions, "ask", wrongly)
    assert read_missions.main([str(project.path)]) == 1
    assert capsys.readouterr().out.split("\n")[:2] == [
        f"{mission.slug} WP01: status says done, the log planned",
        f"{mission.slug}: 3 in total, 2 listed, 2 in lanes",
    ]
    assert read_missions.main([str(project.path), "--mission", "no-such"]) == 1
    (project.folder(mission.slug) / "meta.json").write_text("{")
    assert read_missions.main([str(project.path)]) == 1
    assert "not read, MALFORMED_JSON: " in capsys.readouterr().out


@pytest.mark.parametrize("header", ["lane: done", 'lane: "done"'])
def test_versions_before_the_log_are_read_from_their_prompts(
    project: Project, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project.folder("001-clock")
    (folder / "tasks" / "for_review").mkdir(parents=True)
    (folder / "meta.json").write_text('{"mission_number": "001", "slug": "001-clock", "target_branch": "main"}\n')
    (folder / "spec.md").write_text("# Spec\n")
    (folder / "tasks" / "WP01-hands.md").write_text(f"---\nwork_package_id: WP01\n{header}\n---\n# WP01\n")
    (folder / "tasks" / "for_review" / "WP02-face.md").write_text("---\nwork_package_id: WP02\n---\n# WP02\n")
    project.git.commit("older")
    assert read_missions.main([str(project.path)]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == "1 missions, 2 work packages, 0 differences\n"
