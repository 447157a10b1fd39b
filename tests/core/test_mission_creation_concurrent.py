"""Missions made at the same moment: real processes, in one clone and in two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from specify_cli.mission_metadata import validate_meta
from tests.support.git import Repo
from tests.support.project import Project

ROOT = Path(__file__).parents[2]
# Waits for the word, so that all begin at once.
CREATE = """
import json, sys
from pathlib import Path
from specify_cli.core.mission_creation import create_mission_core
print("ready", flush=True)
sys.stdin.readline()
made = create_mission_core(Path(sys.argv[1]), sys.argv[2])
print(json.dumps([made.mission_slug, made.meta["mission_id"], made.committed.commit]))
"""


def create_at_once(*asked: tuple[Path, str]) -> list[list[str]]:
    """Slug, id and commit of missions that are created by one process each."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE, str(folder), slug],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder, slug in asked
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n", worker.communicate()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    results = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(workers), results
    return [json.loads(out) for out, _ in results]


def assert_whole(repo: Repo, slug: str, mission_id: str) -> None:
    """The mission is complete, in the working tree and in the last commit."""
    folder = repo.path / "kitty-specs" / slug
    meta = json.loads((folder / "meta.json").read_text())
    assert validate_meta(meta) == []
    assert (meta["mission_slug"], meta["mission_id"]) == (slug, mission_id)
    assert sorted(path.name for path in folder.iterdir()) == ["meta.json", "mission-events.jsonl", "spec.md"]
    events = [json.loads(line) for line in (folder / "mission-events.jsonl").read_text().splitlines()]
    assert [(event["type"], event["mission_id"]) for event in events] == [("mission_created", mission_id)]
    for path in folder.iterdir():
        assert repo("show", f"HEAD:kitty-specs/{slug}/{path.name}") == path.read_text().removesuffix("\n")


def test_several_in_one_clone_have_numbers_and_ids_of_their_own(project: Project) -> None:
    made = create_at_once(*((project.path, slug) for slug in ("tea", "tea", "cup", "pot")))
    slugs, ids, commits = ({each[index] for each in made} for index in range(3))
    assert sorted(slug.split("-")[0] for slug in slugs) == ["001", "002", "003", "004"]
    assert len(ids) == len(commits) == 4
    for slug, mission_id, _ in made:
        assert_whole(project.git, slug, mission_id)
    subjects = project.git("log", "-4", "--format=%s").splitlines()
    assert sorted(subjects) == sorted(f"spec-kitty({slug}): create mission" for slug in slugs)
    assert project.git.status() == ""


def test_two_clones_may_take_the_same_number_and_never_the_same_id(project: Project, tmp_path: Path) -> None:
    project.git("clone", "-q", str(project.path), str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    made = create_at_once((project.path, "tea"), (other.path, "cup"))
    (first, first_id, _), (second, second_id, _) = made
    assert (first, second) == ("001-tea", "001-cup")
    assert first_id != second_id
    assert_whole(project.git, first, first_id)
    assert_whole(other, second, second_id)
    other("pull", "-q", "--rebase")
    assert_whole(other, second, second_id)
    assert sorted(path.name for path in (other.path / "kitty-specs").glob("0*")) == ["001-cup", "001-tea"]
    ambiguous = project.run("status", "--mission", "1", "--json", cwd=other.path)
    assert ambiguous.failed("MISSION_AMBIGUOUS").json()["details"]["candidates"] == ["001-cup", "001-tea"]
    assert project.run("status", "--mission", second_id, "--json", cwd=other.path).ok().json()["mission_slug"] == second


def test_two_clones_that_make_the_same_slug_meet_in_one_folder_that_says_so(project: Project, tmp_path: Path) -> None:
    project.git("clone", "-q", str(project.path), str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    made = create_at_once((project.path, "tea"), (other.path, "tea"))
    assert [each[0] for each in made] == ["001-tea", "001-tea"]
    assert made[0][1] != made[1][1]
    other("pull", "-q", "--no-rebase", check=False)
    # Git stops at the two identities: nobody's mission is silently the other's.
    assert "meta.json" in other("diff", "--name-only", "--diff-filter=U")
