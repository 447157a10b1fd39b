"""Every command of `spec-kitty`, in the order in which `--help` lists them.

A row names the function that answers and says in one line what it does; nothing but this table is needed for
`--help`, completion and suggestions. A summary equals the first line of its function's docstring (a test holds it so).
"""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.kernel.values import frozen

PACKAGE = "specify_cli.cli.commands"


@frozen
class Leaf:
    """A command.

    Args:
        target: `module:function`; the function takes annotated parameters and returns a `Reply`.
        summary: one line, the first of the function's docstring.
        hidden: it works and is not listed: another spelling of a command that is.
    """

    target: str
    summary: str
    hidden: bool = False


@frozen
class Branch:
    """A group of commands.

    Args:
        table: its commands by name, in the order in which they are listed.
        summary: one line.
        hidden: it works and is not listed.
    """

    table: Mapping[str, Leaf | Branch]
    summary: str
    hidden: bool = False


Entry = Leaf | Branch


def _leaf(target: str, summary: str) -> Leaf:
    return Leaf(f"{PACKAGE}.{target}", summary)


def _other_spelling(of: Leaf) -> Leaf:
    return Leaf(of.target, of.summary, hidden=True)


_CREATE = _leaf("agent.mission:create", "Create a mission: its folder, its identity and an empty specification.")
_SETUP_PLAN = _leaf("agent.mission:setup_plan", "Scaffold plan.md of a mission, unless somebody wrote it already.")
_FINALIZE = _leaf("agent.mission:finalize_tasks", "Check the work packages, compute the lanes and commit both.")
_ACCEPT = _leaf("accept:accept", "Check that a mission is complete and record its acceptance.")
_MERGE = _leaf("merge:merge", "Merge an accepted mission into its target branch.")
_MATERIALIZE = _leaf("materialize:materialize", "Publish the logs of a mission now and write its derived views.")
_MATERIALIZE_IN_STATUS = _leaf("agent.status:materialize", _MATERIALIZE.summary)

_MISSION: dict[str, Entry] = {
    "list": _leaf("mission:list_missions", "List the missions of this project."),
    "info": _leaf("mission:info", "Show one mission: identity, documents, branches and progress."),
    "types": _leaf("mission:types", "List the mission types and their steps."),
}

_CONTEXT: dict[str, Entry] = {
    "list": _leaf("context:list_workspaces", "List the lane workspaces of this clone."),
    "info": _leaf("context:info", "Show the workspace one stands in."),
    "cleanup": _leaf("context:cleanup", "Remove lane workspaces whose work is merged; say why others stay."),
}

_AGENT_MISSION: dict[str, Entry] = {
    "create": _CREATE,
    "branch-context": _leaf(
        "agent.mission:branch_context", "Show the current branch and the branch a mission lands on."
    ),
    "check-prerequisites": _leaf("agent.mission:check_prerequisites", "Show which documents a mission has and lacks."),
    "setup-plan": _SETUP_PLAN,
    "finalize-tasks": _FINALIZE,
    "accept": _other_spelling(_ACCEPT),
    "merge": _other_spelling(_MERGE),
}

_AGENT_ACTION: dict[str, Entry] = {
    "implement": _leaf("agent.action:implement", "Claim a work package, prepare its worktree and write its prompt."),
    "review": _leaf("agent.action:review", "Claim the review of a work package and write its prompt."),
}

_AGENT_TASKS: dict[str, Entry] = {
    "move-task": _leaf("agent.tasks:move_task", "Move a work package to another lane."),
    "mark-status": _leaf("agent.tasks:mark_status", "Tick or untick subtasks."),
    "list-tasks": _leaf("agent.packages:list_tasks", "List work packages, of one lane or of all."),
    "list-dependents": _leaf("agent.packages:list_dependents", "List the work packages that depend on one."),
    "add-history": _leaf("agent.tasks:add_history", "Record a note on a work package."),
    "map-requirements": _leaf("agent.tasks:map_requirements", "Say which requirements a work package fulfils."),
    "validate-workflow": _leaf(
        "agent.packages:validate_workflow", "Check one work package: prompt file, header and status."
    ),
    "status": _leaf("status:tasks_status", "Show the board of a mission."),
    "finalize-tasks": _other_spelling(_FINALIZE),
}

_AGENT_STATUS: dict[str, Entry] = {
    "emit": _leaf("agent.status:emit", "Record one status transition with all its evidence."),
    "validate": _leaf("agent.status:validate", "Check the logs of a mission."),
    "doctor": _leaf(
        "agent.status_doctor:doctor", "Find stale claims and reviews, orphan worktrees and missing prompts."
    ),
    "materialize": _other_spelling(_MATERIALIZE_IN_STATUS),
}

_AGENT_CONTEXT: dict[str, Entry] = {
    "resolve": _leaf("agent.context:resolve", "Resolve mission, work package, branch and workspace for an action."),
}

_AGENT: dict[str, Entry] = {
    "mission": Branch(_AGENT_MISSION, "Create a mission and bring its documents along."),
    "action": Branch(_AGENT_ACTION, "Start implementing or reviewing a work package."),
    "tasks": Branch(_AGENT_TASKS, "Read and move work packages."),
    "status": Branch(_AGENT_STATUS, "Write to the status log and check it."),
    "context": Branch(_AGENT_CONTEXT, "Ask where an action takes place."),
}

TABLE: dict[str, Entry] = {
    "init": _leaf("init:init", "Make a folder a spec-kitty project."),
    "next": _leaf("next:step", "Get the next action for an agent."),
    "status": _leaf("status:status", "Show the board of a mission, or all missions."),
    "why": _leaf("why:why", "Show what the next move still wants, each with the command that meets it."),
    "accept": _ACCEPT,
    "merge": _MERGE,
    "mission": Branch(_MISSION, "Missions and mission types."),
    "agent": Branch(_AGENT, "Verbs for agents."),
    "materialize": _MATERIALIZE,
    "context": Branch(_CONTEXT, "Lane workspaces of this clone."),
    "doctor": _leaf("doctor:doctor", "Examine the project and mend what can be mended."),
    "verify-setup": _leaf("doctor:verify_setup", "Examine the set-up of this project."),
    "demo": _leaf("demo:demo", "Run a whole mission in a scratch repository."),
    "specify": _other_spelling(_CREATE),
    "plan": _other_spelling(_SETUP_PLAN),
    "tasks": _other_spelling(_FINALIZE),
    "implement": Leaf(
        f"{PACKAGE}.implement:implement", "Internal: prepare a workspace (a compatibility surface).", hidden=True
    ),
}
