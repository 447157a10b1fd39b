"""What an agent reads one after the other says nothing twice: the slash command, then the prompt of its step."""

from __future__ import annotations

import pytest

from specify_cli.core.agent_table import AGENTS
from specify_cli.core.agents import render
from specify_cli.core.project_resolver import COMMON, PACKAGE
from tests.missions.test_command_templates import sentences
from tests.support.loop import Agent, later
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task


def slash(command: str) -> str:
    """The file of a slash command, as an agent has it."""
    text = (PACKAGE / COMMON / "command-templates" / f"{command}.md").read_text(encoding="utf-8")
    return render(AGENTS["claude"], text, f"{command}.md").replace("<mission>", "001-tea-timer")


@pytest.fixture
def agent(project: Project) -> Agent:
    return Agent(finalized_mission(project, Task("WP01", subtasks=("T001",))))


def test_implement_and_review_repeat_nothing(agent: Agent) -> None:
    assert not sentences(slash("implement")) & sentences(agent.prompt(agent.next()))
    agent.mission.project.run("agent", "tasks", "mark-status", "T001", "--status", "done").ok()
    agent.submit("WP01")
    reviewer = Agent(agent.mission, "codex", "c1")
    assert not sentences(slash("review")) & sentences(reviewer.prompt(reviewer.next()))


def test_specify_repeats_nothing(project: Project) -> None:
    agent = Agent(Mission(project, project.create()))
    prompt = agent.prompt(agent.next())
    assert not sentences(slash("specify")) & sentences(prompt)
    assert "says one thing, and could be turned into a test" in prompt


def test_an_answer_is_told_once_to_the_holder_who_asked(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.next()
    agent.next(result="blocked", note="Which clock?")
    decision = agent.next()
    assert decision.decision_id
    step = agent.next(answer="The wall clock", decision_id=decision.decision_id)
    assert "Answer: The wall clock" in agent.prompt(step)
    assert agent.next().step_id == step.step_id
    assert "Answer: The wall clock" in agent.prompt(agent.next()), "the same step is told the same"
    agent.submit("WP01")
    reviewer = Agent(mission, "codex", "c1")
    reviewer.reject("WP01")
    again = agent.next()
    assert again.action == "implement"
    assert "The wall clock" not in agent.prompt(again)


def test_an_answer_is_told_to_a_holder_who_is_new(project: Project) -> None:
    mission = finalized_mission(project)
    agent = Agent(mission)
    agent.next()
    agent.next(result="blocked", note="Which clock?")
    decision = agent.next()
    agent.next(answer="The wall clock", decision_id=str(decision.decision_id))
    with later(20):
        other = Agent(mission, "codex", "c1")
        step = other.next()
        assert step.wp_id == "WP01"
        assert "Answer: The wall clock" in other.prompt(step)


def test_a_step_on_documents_is_told_the_answers_to_its_own_questions(project: Project) -> None:
    mission = Mission(project, project.create())
    agent = Agent(mission)
    spec = mission.folder / "spec.md"
    spec.write_text("# Spec\n\n- **FR-001**: It rings. [NEEDS CLARIFICATION: how loud?]\n", encoding="utf-8")
    decision = agent.next()
    assert decision.question == "how loud?"
    step = agent.next(answer="Not at all", decision_id=decision.decision_id)
    assert (step.action, "Answer: Not at all" in agent.prompt(step)) == ("specify", True)
    spec.write_text("# Spec\n\n- **FR-001**: It does not ring.\n", encoding="utf-8")
    plan = agent.next(result="success")
    assert plan.action == "plan"
    assert "Not at all" not in agent.prompt(plan)
