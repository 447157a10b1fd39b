"""`validate-encoding`: found, mended with a backup, and found no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project

BAD = b"# Plan\n\ncaf\xe9\n\n- **FR\xe2\x80\x91001**: It works\n"
GOOD = "# Plan\n\ncaf\u00e9\n\n- **FR-001**: It works\n"
WORDS = ("validate-encoding", "--json")


@pytest.fixture
def mission(project: Project) -> Mission:
    """A mission whose plan came from elsewhere."""
    found = finalized_mission(project)
    (found.folder / "plan.md").write_bytes(BAD)
    return found


def test_flaws_are_told_with_file_and_line_and_nothing_is_written(mission: Mission, project: Project) -> None:
    done = project.run(*WORDS).failed(exit_code=1).json()
    name = f"kitty-specs/{mission.slug}/plan.md"
    assert [(each["file"], each["line"], each["code"], each["mendable"]) for each in done["findings"]] == [
        (name, 3, "NOT_UTF8", True),
        (name, 5, "LOOK_ALIKE", True),
    ]
    assert (done["result"], done["left"], done["mended"], done["backup"]) == ("flawed", 2, [], None)
    assert done["missions"] == [mission.slug]
    assert (mission.folder / "plan.md").read_bytes() == BAD
    told = project.run("validate-encoding")
    assert told.code == 1
    assert "line 3: is not UTF-8: 0xe9 (of cp1252)" in told.out
    assert "line 5: looks like another character: U+2011 non-breaking hyphen" in told.out
    assert f"Next: spec-kitty validate-encoding --mission {mission.slug} --fix" in told.out
    assert max(map(len, told.out.splitlines())) <= 80


def test_they_are_mended_once_with_a_backup(mission: Mission, project: Project) -> None:
    before = project.git.status()
    done = project.run(*WORDS, "--fix").ok().json()
    name = f"kitty-specs/{mission.slug}/plan.md"
    assert (done["result"], done["left"], done["mended"]) == ("clean", 0, [name])
    assert (mission.folder / "plan.md").read_text(encoding="utf-8") == GOOD
    backup = Path(done["backup"])
    assert backup.parent == project.path / ".kittify/backups"
    assert (backup / name).read_bytes() == BAD
    assert project.git.status() == before, "the backup is ignored"
    again = project.run(*WORDS, "--fix").ok().json()
    assert (again["findings"], again["mended"], again["backup"]) == ([], [], None)
    assert len(list(backup.parent.glob("2*"))) == 1


def test_people_are_told_what_was_mended(mission: Mission, project: Project) -> None:
    told = project.run("validate-encoding", "--fix").ok().out
    assert f"mended    kitty-specs/{mission.slug}/plan.md" in told
    assert "Next: git diff" in told
    assert "clean" in project.run("validate-encoding").ok().out


def test_without_a_backup_none_is_kept(mission: Mission, project: Project) -> None:
    done = project.run(*WORDS, "--fix", "--no-backup").ok().json()
    assert (done["backup"], len(done["mended"])) == (None, 1)
    assert not list((project.path / ".kittify").glob("backups/2*"))


def test_what_cannot_be_mended_is_left_and_told(mission: Mission, project: Project) -> None:
    path = mission.folder / "plan.md"
    path.write_bytes(b"a\x81\n")
    for _ in range(2):
        done = project.run(*WORDS, "--fix").failed(exit_code=1).json()
        assert (done["left"], done["mended"], done["backup"]) == (1, [], None)
    assert path.read_bytes() == b"a\x81\n"


def test_all_missions_the_charter_and_templates(mission: Mission, project: Project) -> None:
    other = finalized_mission(project, name="other")
    (other.folder / "contracts").mkdir()
    (other.folder / "contracts/api.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    project.git.write(".kittify/charter/charter.md", "# Rules\x00\n")
    project.git.write("kitty-specs/009-broken/spec.md", "# No meta\n")
    done = project.run(*WORDS, "--all").failed(exit_code=1).json()
    files = {each["file"] for each in done["findings"]}
    assert files == {
        f"kitty-specs/{mission.slug}/plan.md", f"kitty-specs/{other.slug}/contracts/api.yaml",
        ".kittify/charter/charter.md",
    }  # fmt: skip
    assert [each["code"] for each in done["warnings"]] == ["MISSION_META_MISSING"]
    assert set(project.run(*WORDS, "--all", "--fix").failed(exit_code=1).json()["mended"]) == files
    project.run("validate-encoding", "--all", "--mission", mission.slug, "--json").failed("USAGE_ERROR", 2)


def test_logs_and_links_are_passed_over(project: Project, tmp_path: Path) -> None:
    mission = finalized_mission(project)
    (tmp_path / "outside.md").write_bytes(BAD)
    (mission.folder / "linked.md").symlink_to(tmp_path / "outside.md")
    (mission.folder / "status.events.jsonl").write_bytes(b"\xe9\n")
    assert project.run(*WORDS, "--fix").ok().json()["findings"] == []
    assert (tmp_path / "outside.md").read_bytes() == BAD


def test_without_a_home_it_looks_and_does_not_mend(mission: Mission, project: Project) -> None:
    project.git.commit("a bad plan")
    project.git("switch", "-q", "-c", "elsewhere")
    assert project.run(*WORDS).failed(exit_code=1).json()["left"] == 2
    project.run(*WORDS, "--fix").failed("TARGET_NOT_CHECKED_OUT")


def test_a_mission_that_cannot_be_read_is_not_clean(project: Project) -> None:
    mission = finalized_mission(project)
    (mission.folder / "meta.json").write_text("{", encoding="utf-8")
    found = project.run("validate-encoding", "--all", "--json").failed(exit_code=1).json()
    assert (found["result"], found["missions"]) == ("unread", [])
    told = project.run("validate-encoding", "--all").failed(exit_code=1)
    assert "1 mission not read" in told.out
    assert mission.slug in told.err
