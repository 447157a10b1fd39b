"""`research` scaffolds documents and leaves what is there."""

from __future__ import annotations

from pathlib import Path

from tests.support.project import Project
from tests.support.tiny import tiny_mission


def test_both_documents_are_scaffolded_in_one_commit(project: Project) -> None:
    slug = project.create()
    commits = int(project.git("rev-list", "--count", "HEAD"))
    done = project.run("research", "--json").ok().json()
    folder = project.folder(slug)
    assert (done["written"], done["kept"]) == ([str(folder / "research.md"), str(folder / "data-model.md")], [])
    assert done["commit"] == project.git.head()
    assert int(project.git("rev-list", "--count", "HEAD")) == commits + 1
    assert [Path(each).read_text().split("\n")[0] for each in done["written"]] == [
        "# Research: Tea timer",
        "# Data model: Tea timer",
    ]
    again = project.run("research", "--json").ok().json()
    assert (again["written"], again["kept"], again["commit"]) == ([], done["written"], None)


def test_what_somebody_wrote_is_left_byte_for_byte(project: Project) -> None:
    folder = project.folder(project.create())
    (folder / "research.md").write_bytes(b"mine\r\n\xff")
    told = project.run("research").ok().out
    assert "research.md was there already and is left as it is" in told
    assert f"write     {folder / 'data-model.md'}" in told
    assert (folder / "research.md").read_bytes() == b"mine\r\n\xff"


def test_a_tiny_mission_may_have_them_too(project: Project) -> None:
    mission = tiny_mission(project)
    assert len(project.run("research", "--mission", mission.slug, "--json").ok().json()["written"]) == 2


def test_a_template_of_the_project_counts(project: Project) -> None:
    folder = project.folder(project.create())
    project.git.write(".kittify/overrides/templates/research.md", "# Ours: {{title}}\n")
    project.run("research").ok()
    assert (folder / "research.md").read_text() == "# Ours: Tea timer\n"
