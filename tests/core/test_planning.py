from __future__ import annotations

import pytest

from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.planning import documents_present, set_up_plan
from specify_cli.kernel.errors import Refused
from tests.support.missions import Mission
from tests.support.project import SPEC, Project


@pytest.fixture
def mission(project: Project) -> Mission:
    """A mission with a written specification and no plan."""
    found = Mission(project, project.create("tea-timer"))
    (found.folder / "spec.md").write_text(SPEC)
    return found


def test_a_plan_is_scaffolded_and_committed(mission: Mission, project: Project) -> None:
    template = project.git.write(".kittify/overrides/templates/plan.md", "# {{title}} ({{mission_slug}})\n")
    project.git.commit("a template of our own")
    done = set_up_plan(mission.place, mission.context.config)
    assert done.written
    assert (done.plan, done.spec) == (mission.folder / "plan.md", mission.folder / "spec.md")
    assert done.plan.read_text() == "# Tea timer (001-tea-timer)\n"
    assert template.read_text().startswith("# {{title}}")
    assert done.committed.commit == project.git.head()
    assert project.git.status() == ""


@pytest.mark.parametrize("content", [b"# Mine\r\n", b"", b"\xff\xfe"])
def test_a_plan_that_somebody_wrote_is_left_byte_for_byte(content: bytes, mission: Mission, project: Project) -> None:
    (mission.folder / "plan.md").write_bytes(content)
    head = project.git.head()
    done = set_up_plan(mission.place, mission.context.config)
    assert not done.written
    assert done.committed.commit is None
    assert (mission.folder / "plan.md").read_bytes() == content
    assert project.git.head() == head


@pytest.mark.parametrize("content", [None, "", " \r\n\t\n"])
def test_a_plan_answers_a_specification(content: str | None, mission: Mission) -> None:
    spec = mission.folder / "spec.md"
    spec.unlink()
    if content is not None:
        spec.write_text(content)
    with pytest.raises(Refused, match=r"spec\.md is missing or empty") as told:
        set_up_plan(mission.place, mission.context.config)
    assert told.value.code == "SPEC_MISSING"
    assert told.value.hint == f"spec-kitty next --agent NAME --mission {mission.slug}"
    assert not (mission.folder / "plan.md").exists()


def test_without_a_home_or_an_identity_nothing_is_written(
    mission: Mission, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.git.commit("spec")
    config = mission.context.config
    project.git("switch", "-q", "-c", "elsewhere")
    with pytest.raises(Refused) as told:
        set_up_plan(mission.place, config)
    assert told.value.code == "TARGET_NOT_CHECKED_OUT"
    project.git("switch", "-q", "main")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(project.path / "no settings"))
    with pytest.raises(Refused) as told:
        set_up_plan(mission.place, config)
    assert told.value.code == "NO_GIT_IDENTITY"
    assert project.git.status() == ""


def test_documents_are_listed_with_whether_they_are_there(mission: Mission) -> None:
    (mission.folder / "contracts").mkdir()
    found = documents_present(mission.place)
    assert found["spec.md"]
    assert found["contracts/"]
    assert not found["plan.md"]
    assert not found["tasks/"]
    assert {"research.md", "data-model.md", "quickstart.md", "checklists/"} <= found.keys()


def test_a_mission_that_names_no_type_is_software(mission: Mission) -> None:
    assert mission_type_of(mission.place).key == "software-dev"
