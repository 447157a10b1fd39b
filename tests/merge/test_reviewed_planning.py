"""Work in lane-planning is on the target at once: what is accepted are the files that were approved."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.project import Project, Task
from tests.support.stories import Story, story


def planned(project: Project, owns: str = "docs/**", name: str = "docs/guide.md") -> Story:
    """A mission whose only work package wrote a document, which was approved."""
    found = story(project, Task("WP01", owns=(owns.format(slug="001-tea-timer"),), mode="planning_artifact"))
    found.mission.claim("WP01")
    found.git.write(name.format(slug=found.slug), "approved\n")
    found.git.commit("WP01: the document")
    found.approve("WP01")
    return found


def unmet(found: Story, *words: str) -> dict[str, dict[str, str]]:
    said = found.run(*(words or ("accept",)))
    return {each["code"]: each for each in said.failed().json()["details"]["unmet"]}


def test_what_was_approved_is_accepted(project: Project) -> None:
    found = planned(project)
    found.git.commit("something else", other_txt="other\n")
    found.accept().ok()
    found.merge().ok()


def test_an_edit_after_the_approval_is_reviewed_again(project: Project) -> None:
    found = planned(project)
    found.accept().ok()
    found.git.write("docs/guide.md", "other words\n")
    late = found.git.commit("better words")
    for words in (("accept",), ("merge",)):
        told = unmet(found, *words)["UNREVIEWED_COMMITS"]
        assert f"{late[:10]} (better words, Ada <ada@example.org>)" in told["what"]
        assert told["subject"] == "WP01"
    found.review_again("WP01", known=False)
    found.accept().ok()
    found.merge().ok()


def test_an_edit_that_was_taken_back_is_none(project: Project) -> None:
    found = planned(project)
    found.git.write("docs/guide.md", "other words\n")
    found.git.commit("better words")
    found.git("revert", "--no-edit", "HEAD")
    found.accept().ok()


def test_what_others_committed_there_is_told_and_stops_nothing(project: Project) -> None:
    found = planned(project)
    found.git.write("docs/guide.md", "their words\n")
    found.git("add", "docs/guide.md")
    found.git("-c", "user.name=Eve", "-c", "user.email=eve@example.org", "commit", "-q", "-m", "a typo")
    accepted = found.accept().ok().json()
    told = [each["message"] for each in accepted["warnings"] if each["code"] == "OWNED_FILES_CHANGED"]
    assert len(told) == 1
    assert "(a typo, Eve <eve@example.org>) changed files of WP01" in told[0]
    found.merge().ok()


def test_a_later_work_package_that_owns_the_file_too_has_its_own_review(project: Project) -> None:
    found = story(
        project,
        Task("WP01", owns=("docs/**",), mode="planning_artifact"),
        Task("WP02", owns=("docs/guide.md",), needs=("WP01",), mode="planning_artifact"),
    )
    for wp_id, text in (("WP01", "first\n"), ("WP02", "second\n")):
        found.mission.claim(wp_id)
        found.git.write("docs/guide.md", text)
        found.git.commit(f"{wp_id}: the document")
        found.approve(wp_id)
    found.accept().ok()


def test_a_document_of_the_mission_that_was_edited_is_not_committed_by_accept(project: Project) -> None:
    found = planned(project, "kitty-specs/{slug}/research.md", "kitty-specs/{slug}/research.md")
    before = found.git.head()
    found.git.write(f"kitty-specs/{found.slug}/research.md", "edited\n")
    told = unmet(found)["REVIEW_OUTDATED"]
    assert "WP01 was edited after its approval, and is not committed" in told["what"]
    assert found.git.head() == before
    subprocess.run(["/bin/sh", "-c", told["fix"]], cwd=project.path, check=True)
    assert "(WP01: changed after its approval," in unmet(found)["UNREVIEWED_COMMITS"]["what"]
    found.review_again("WP01", known=False)
    found.accept().ok()


def test_a_milestone_of_the_tool_that_took_an_edit_along_is_named(project: Project) -> None:
    found = planned(project, "kitty-specs/{slug}/research.md", "kitty-specs/{slug}/research.md")
    found.git.write(f"kitty-specs/{found.slug}/research.md", "edited\n")
    project.run("materialize", "--mission", found.slug).ok()
    assert f"spec-kitty({found.slug}): " in unmet(found)["UNREVIEWED_COMMITS"]["what"]


@pytest.mark.parametrize("same", [True, False])
def test_in_a_clone_that_lacks_the_approved_commit_its_files_tell(project: Project, same: bool) -> None:
    found = story(project, Task("WP01", owns=("docs/**",), mode="planning_artifact"))
    found.mission.claim("WP01")
    found.git.write("docs/guide.md", "approved\n")
    found.git.commit("WP01: the document")
    words = ("agent", "tasks", "move-task", "WP01", "--mission", found.slug, "--json", "--to")
    project.run(*words, "for_review", "--agent", "claude").ok()
    project.run(*words, "approved", "--agent", "codex").ok()
    event = found.mission.status.events[-1]
    head = str((event.workspace or {})["head"])
    if not same:
        found.git.write("docs/guide.md", "other words\n")
        found.git.commit("better words")
    # As after a rebase elsewhere: the history is another one, and the old commits are gone.
    found.git("checkout", "-q", "--orphan", "fresh")
    found.git("commit", "-q", "-m", "all of it")
    found.git("branch", "-q", "-M", "main")
    found.git("reflog", "expire", "--expire=now", "--all")
    found.git("gc", "-q", "--prune=now")
    assert found.mission.place.git.kind_of(head) is None
    if same:
        found.accept().ok()
    else:
        told = unmet(found)["REVIEW_OUTDATED"]
        assert f"WP01 was approved at {head[:10]}, which this clone does not have" in told["what"]
