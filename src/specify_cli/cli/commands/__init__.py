"""Every command of `spec-kitty`, in the order in which `--help` lists them.

A row names the function that answers and says in one line what it does; nothing but this table is needed for
`--help`, completion and suggestions. A summary equals the first line of its function's docstring (a test holds it so).
"""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.kernel.values import frozen

PACKAGE = "specify_cli.cli.commands"
MISSION, AGENT, ACTOR = "--mission", "--agent", "--actor"


@frozen
class Leaf:
    """A command.

    Args:
        target: `module:function`; the function takes annotated parameters and returns a `Reply`.
        summary: one line, the first of the function's docstring.
        takes: which of `--mission`, `--agent` and `--actor` it takes; one that takes an agent takes its session too.
        hidden: it works and is not listed: another spelling of a command that is.
    """

    target: str
    summary: str
    takes: frozenset[str] = frozenset()
    hidden: bool = False


@frozen
class Branch:
    """A group of commands.

    Args:
        table: its commands by name, in the order in which they are listed.
        summary: one line.
        hidden: it works and is not listed.
        machine: only programs call it, and every answer is one JSON document of its own form: `module:function`, which
            is given the words of the line and gives what turns an error and its exit code into that form.
    """

    table: Mapping[str, Leaf | Branch]
    summary: str
    hidden: bool = False
    machine: str | None = None


Entry = Leaf | Branch


def _leaf(target: str, summary: str, *takes: str) -> Leaf:
    return Leaf(f"{PACKAGE}.{target}", summary, frozenset(takes))


def _other_spelling(of: Leaf) -> Leaf:
    return Leaf(of.target, of.summary, of.takes, hidden=True)


_CREATE = _leaf("agent.mission:create", "Create a mission: its folder, its identity and an empty specification.", AGENT)
_SETUP_PLAN = _leaf(
    "agent.mission:setup_plan", "Scaffold plan.md of a mission, unless somebody wrote it already.", MISSION, AGENT
)
_FINALIZE = _leaf(
    "agent.mission:finalize_tasks", "Check the work packages, compute the lanes and commit both.", MISSION
)
_ACCEPT = _leaf("accept:accept", "Check that a mission is complete, and record that it is.", MISSION, ACTOR)
_MERGE = _leaf("merge:merge", "Merge an accepted mission into its target branch.", MISSION, ACTOR)
_MATERIALIZE = _leaf("materialize:materialize", "Publish the logs of a mission now, and its derived views.", MISSION)
_MATERIALIZE_IN_STATUS = _leaf("agent.status:materialize", _MATERIALIZE.summary, MISSION)

_MISSION: dict[str, Entry] = {
    "list": _leaf("mission:list_missions", "List the missions of this project."),
    "info": _leaf("mission:info", "Show one mission: identity, documents, branches and progress.", MISSION),
    "from-ticket": _leaf(
        "mission_ticket:from_ticket", "Create a mission from a ticket of the bound tracker, and bind the two."
    ),
    "promote": _leaf("mission_size:promote", "Make a tiny mission a normal one; nothing is done anew.", MISSION, AGENT),
    "types": _leaf("mission:types", "List the mission types and their steps."),
}

_CHARTER: dict[str, Entry] = {
    "init": _leaf("charter:init", "Write a first charter from a short interview."),
    "show": _leaf("charter:show", "Show the charter of this project, and which actions read which section."),
    "context": _leaf("charter:context", "Show what an action is told of the charter."),
}

_CONTEXT: dict[str, Entry] = {
    "list": _leaf("context:list_workspaces", "List the lane workspaces of this clone."),
    "info": _leaf("context:info", "Show the workspace one stands in."),
    "cleanup": _leaf("context:cleanup", "Remove lane workspaces whose work is merged; say why others stay."),
}

_HOOKS: dict[str, Entry] = {
    "trust": _leaf("hooks:trust", "Show the hook, copied files and tests of a project, and trust them."),
    "list": _leaf(
        "hooks:list_hooks",
        "List the hook, copied files and tests of a project, trusted or not.",
    ),
}

_AUTH: dict[str, Entry] = {
    "login": _leaf("auth:login", "Log in at the server that sync talks to."),
    "logout": _leaf("auth:logout", "Log out: forget the tokens; what waits to be sent goes on waiting."),
    "status": _leaf("auth:status", "Show who is logged in, where, and for how long the tokens hold."),
}

_SYNC_QUEUE: dict[str, Entry] = {
    "list": _leaf("sync_queue:list_letters", "List what is not sent again by itself, with the reason."),
    "show": _leaf("sync_queue:show", "Show one event or document that was set aside, all of it."),
    "retry": _leaf("sync_queue:retry", "Have what was set aside sent again with the next `sync now`."),
    "drop": _leaf("sync_queue:drop", "Give up what was set aside: it is deleted here and never sent."),
}

_SYNC: dict[str, Entry] = {
    "now": _leaf("sync:now", "Send everything new to the server: events, then the documents."),
    "status": _leaf("sync_health:status", "Show whether sync is on, what waits, and when something was last sent."),
    "diagnose": _leaf(
        "sync_queue:diagnose",
        "Check every event that waits, here, before a server does.",
    ),
    "doctor": _leaf("sync_health:doctor", "Find what keeps events from being delivered."),
    "queue": Branch(_SYNC_QUEUE, "What was set aside because the server would not have it."),
    "watch": _leaf("sync:watch", "Send what this clone records, as it is recorded, until Ctrl-C."),
    "workspace": _leaf(
        "sync_workspace:workspace", "Bring what the work builds on into the lane worktree one stands in."
    ),
    "server": _leaf("sync_server:server", "Show or choose the server, and say whether this clone sends to it."),
}

_TRACKER_MAP: dict[str, Entry] = {
    "add": _leaf("tracker_sync:map_add", "Let a work package stand for an issue of a local tracker.", MISSION),
    "list": _leaf("tracker_sync:map_list", "List which work packages stand for which issues."),
}

_TRACKER_SYNC: dict[str, Entry] = {
    "pull": _leaf("tracker_sync:pull", "Read issues from the tracker."),
    "push": _leaf(
        "tracker_sync:push",
        "Write to the tracker: items, or the lanes of work packages.",
        MISSION,
    ),
    "run": _leaf("tracker_sync:run", "Read from the tracker, then write to it.", MISSION),
    "publish": Leaf(f"{PACKAGE}.tracker_sync:publish", "Not there any more: use push.", hidden=True),
}

_TRACKER: dict[str, Entry] = {
    "providers": _leaf("tracker:providers", "List the trackers that a project can be bound to."),
    "discover": _leaf("tracker:discover", "List what projects can be bound to at a provider, as the server knows it."),
    "bind": _leaf("tracker:bind", "Bind this project to a tracker."),
    "status": _leaf("tracker:status", "Show the tracker of this project, and how it stands."),
    "unbind": _leaf("tracker:unbind", "Take the tracker out of this project; the tracker itself is not touched."),
    "map": Branch(_TRACKER_MAP, "Work packages and the issues they stand for."),
    "sync": Branch(_TRACKER_SYNC, "What goes to and fro between project and tracker."),
}

_AGENT_MISSION: dict[str, Entry] = {
    "create": _CREATE,
    "branch-context": _leaf(
        "agent.mission:branch_context", "Show the current branch and the branch a mission lands on.", MISSION
    ),
    "check-prerequisites": _leaf(
        "agent.mission:check_prerequisites", "Show which documents a mission has and lacks.", MISSION
    ),
    "setup-plan": _SETUP_PLAN,
    "finalize-tasks": _FINALIZE,
    "accept": _other_spelling(_ACCEPT),
    "merge": _other_spelling(_MERGE),
}

_AGENT_ACTION: dict[str, Entry] = {
    "implement": _leaf(
        "agent.action:implement", "Claim a work package, prepare its worktree and write its prompt.", MISSION, AGENT
    ),
    "review": _leaf("agent.action:review", "Claim the review of a work package and write its prompt.", MISSION, AGENT),
}

_AGENT_TASKS: dict[str, Entry] = {
    "move-task": _leaf("agent.tasks:move_task", "Move a work package to another lane.", MISSION, AGENT),
    "mark-status": _leaf("agent.tasks:mark_status", "Tick or untick subtasks.", MISSION, AGENT),
    "list-tasks": _leaf("agent.packages:list_tasks", "List work packages, of one lane or of all.", MISSION),
    "list-dependents": _leaf("agent.packages:list_dependents", "List the work packages that depend on one.", MISSION),
    "add-history": _leaf("agent.tasks:add_history", "Record a note on a work package.", MISSION, AGENT),
    "map-requirements": _leaf(
        "agent.tasks:map_requirements", "Say which requirements a work package fulfils.", MISSION, AGENT
    ),
    "validate-workflow": _leaf(
        "agent.packages:validate_workflow", "Check one work package: prompt file, header and status.", MISSION
    ),
    "status": _leaf("status:tasks_status", "Show the board of a mission.", MISSION),
    "finalize-tasks": _other_spelling(_FINALIZE),
}

_AGENT_STATUS: dict[str, Entry] = {
    "emit": _leaf("agent.status:emit", "Record one status transition with all its evidence.", MISSION, ACTOR),
    "validate": _leaf("agent.status_checks:validate", "Check the logs of a mission.", MISSION),
    "doctor": _leaf(
        "agent.status_checks:doctor", "Find stale claims and reviews, orphan worktrees and missing prompts.", MISSION
    ),
    "materialize": _other_spelling(_MATERIALIZE_IN_STATUS),
}

_AGENT_CONTEXT: dict[str, Entry] = {
    "resolve": _leaf(
        "agent.context:resolve", "Resolve mission, work package, branch and workspace for an action.", MISSION, AGENT
    ),
}

_AGENT_CONFIG: dict[str, Entry] = {
    "list": _leaf("agent.config:list_agents", "List the agents of this project, and those it could work with."),
    "add": _leaf("agent.config:add", "Configure further agents and install their commands."),
    "remove": _leaf("agent.config:remove", "Take agents out of the settings, and their unedited files away."),
    "status": _leaf("agent.config:status", "Show, for each agent, what is installed and whether its program is there."),
    "sync": _leaf("agent.config:sync", "Make the installed command files match the settings and this version."),
    "integrate": _leaf(
        "agent.config:integrate",
        "Put something into files of yours: a note to agents, hooks, permissions.",
    ),
    "set": _leaf("agent.config:assign", "Set what stands below `agents:` in the settings, and install accordingly."),
}

_AGENT_RELEASE: dict[str, Entry] = {
    "prep": _leaf("agent.release:prep", "Propose the next version and its changelog entry; nothing is written."),
}

_AGENT_TESTS: dict[str, Entry] = {
    "stale-check": _leaf(
        "agent.tests:stale_check", "Find assertions that a change of the source has probably made wrong."
    ),
}

_AGENT: dict[str, Entry] = {
    "mission": Branch(_AGENT_MISSION, "Create a mission and bring its documents along."),
    "action": Branch(_AGENT_ACTION, "Start implementing or reviewing a work package."),
    "tasks": Branch(_AGENT_TASKS, "Read and move work packages."),
    "status": Branch(_AGENT_STATUS, "Write to the status log and check it."),
    "context": Branch(_AGENT_CONTEXT, "Ask where an action takes place."),
    "config": Branch(_AGENT_CONFIG, "Which agents this project works with."),
    "session-start": _leaf(
        "agent.session:session_start", "Tell an agent's program, when a session starts, where the missions stand."
    ),
    "release": Branch(_AGENT_RELEASE, "Prepare a release."),
    "tests": Branch(_AGENT_TESTS, "What tests still claim."),
}

_ORCHESTRATOR: dict[str, Entry] = {
    "contract-version": _leaf(
        "orchestrator_api:contract_version", "Tell which version of the contract is spoken here."
    ),
    "mission-state": _leaf("orchestrator_api:mission_state", "Tell where every work package of a mission is.", MISSION),
    "list-ready": _leaf("orchestrator_api:list_ready", "List the work packages that can be started now.", MISSION),
    "start-implementation": _leaf(
        "orchestrator_api:start_implementation", "Claim a work package and make its worktree ready.", MISSION, ACTOR
    ),
    "resolve-workspace": _leaf(
        "orchestrator_api:resolve_workspace", "Tell where a work package is worked on.", MISSION
    ),
    "start-review": _leaf("orchestrator_api:start_review", "Claim the review of a work package.", MISSION, ACTOR),
    "transition": _leaf("orchestrator_api:transition", "Move a work package to another lane.", MISSION, ACTOR),
    "append-history": _leaf("orchestrator_api:append_history", "Record a note on a work package.", MISSION, ACTOR),
    "accept-mission": _leaf("orchestrator_api:accept_mission", "Accept a mission that is complete.", MISSION, ACTOR),
    "merge-mission": _leaf(
        "orchestrator_api:merge_mission", "Merge an accepted mission into its target branch.", MISSION
    ),
}

_BEGIN: dict[str, Entry] = {
    "init": _leaf("init:init", "Make a folder a spec-kitty project."),
    "import": _leaf("importing:import_project", "Make missions of another tool's project."),
    "upgrade": _leaf("upgrade:upgrade", "Bring a project of an older version to this one."),
    "demo": _leaf("demo:demo", "Run a whole mission in a scratch repository."),
}

_WORK: dict[str, Entry] = {
    "mission": Branch(_MISSION, "Missions and mission types."),
    "next": _leaf("next:step", "Get the next action for an agent.", MISSION, AGENT),
    "status": _leaf("status:status", "Show the board of a mission, or all missions.", MISSION),
    "why": _leaf("why:why", "Show what the next move still wants, and what meets it.", MISSION),
    "accept": _ACCEPT,
    "merge": _MERGE,
    "analyze": _leaf("analyze:analyze", "Check that the documents of a mission fit together.", MISSION),
    "research": _leaf("mission_size:research", "Scaffold research.md and data-model.md of a mission.", MISSION, AGENT),
    "context": Branch(_CONTEXT, "Lane workspaces of this clone."),
}

_PROGRAMS: dict[str, Entry] = {
    "agent": Branch(_AGENT, "Verbs for agents."),
    "orchestrator-api": Branch(
        _ORCHESTRATOR,
        "The contract for programs that drive agents.",
        machine="specify_cli.orchestrator_api.commands:failures",
    ),
    "materialize": _MATERIALIZE,
}

_SERVER: dict[str, Entry] = {
    "auth": Branch(_AUTH, "Who is logged in at the server of sync."),
    "sync": Branch(_SYNC, "Send what this clone records to a server."),
    "tracker": Branch(_TRACKER, "The tracker whose tickets missions begin with."),
}

_PROJECT: dict[str, Entry] = {
    "config": _leaf("config:config", "Show the settings, or where templates come from."),
    "charter": Branch(_CHARTER, "The project's principles, as prompts tell them."),
    "hooks": Branch(_HOOKS, "What runs in new worktrees and for `accept`."),
    "doctor": _leaf("doctor:doctor", "Examine the project and mend what can be mended.", MISSION),
    "verify-setup": _leaf("doctor:verify_setup", "Examine the set-up of this project."),
    "validate-encoding": _leaf(
        "encoding:validate_encoding", "Find characters in documents that programs stumble over.", MISSION
    ),
    "migrate": _leaf("migrate:migrate", "Install mission types and templates for all projects."),
    "footprint": _leaf("footprint:footprint", "List every file that the tool wrote, here and elsewhere."),
    "uninstall": _leaf("footprint:uninstall", "Remove the files that the tool wrote into this project."),
}

_HIDDEN: dict[str, Entry] = {
    "specify": _other_spelling(_CREATE),
    "plan": _other_spelling(_SETUP_PLAN),
    "tasks": _other_spelling(_FINALIZE),
    "implement": Leaf(
        f"{PACKAGE}.implement:implement",
        "Internal: prepare a workspace (a compatibility surface).",
        frozenset({MISSION, AGENT}),
        hidden=True,
    ),
}

SECTIONS: dict[str, dict[str, Entry]] = {
    "Begin": _BEGIN,
    "Work on missions": _WORK,
    "For agents and programs": _PROGRAMS,
    "Server and tickets": _SERVER,
    "Care for the project": _PROJECT,
}

TABLE: dict[str, Entry] = {name: entry for part in (*SECTIONS.values(), _HIDDEN) for name, entry in part.items()}
