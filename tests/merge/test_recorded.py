"""What a merge recorded stands, also where the events it builds on came with somebody else's commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support import killing
from tests.support.project import Project
from tests.support.stories import ready


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_merge_of_what_others_did_is_recorded_with_it(project: Project, tmp_path: Path, interrupted: bool) -> None:
    found = ready(project)
    found.run("materialize").ok()
    # This clone knows by itself only that the work packages exist.
    journal = found.mission.place.journal
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:5]))
    if interrupted:
        # After the one transaction that moves all references; the first is that of the guard.
        words = ("merge", "--mission", found.slug, "--json")
        ended = killing.run(*words, cwd=project.path, scratch=tmp_path, at=2, how="after", matching="git update-ref")
        assert ended.killed, ended.said
        found.merge("--resume").ok()
    else:
        found.merge().ok()
    (found.mission.folder / "status.events.jsonl").unlink()
    snapshot = found.mission.status.snapshot
    assert {state["lane"] for state in snapshot.work_packages.values()} == {Lane.DONE}
    assert snapshot.lost_claims == ()
