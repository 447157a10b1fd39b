"""`spec-kitty orchestrator-api …`: flags in, envelope out; everything else is in `orchestrator_api/`."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.options import completing
from specify_cli.cli.output import Reply
from specify_cli.orchestrator_api.commands import run

Mission = Annotated[
    str,
    typer.Option(
        "--mission", metavar="MISSION", help="Slug, number or id of the mission.", autocompletion=completing("missions")
    ),
]
Package = Annotated[str, typer.Option("--wp", metavar="WP", help="Work package, such as WP01.")]
ActorName = Annotated[str, typer.Option("--actor", metavar="ACTOR", help="Who acts: the name of the orchestrator.")]
Policy = Annotated[
    str | None, typer.Option("--policy", metavar="JSON", help="What the orchestrator declares about its agents.")
]
ReviewRef = Annotated[str | None, typer.Option("--review-ref", metavar="REF", help="Where the review is.")]


def _reply(command: str, **words: object) -> Reply:
    answer = run(command, **words)
    return Reply(answer.envelope, "", answer.exit_code)


def contract_version(
    provider_version: Annotated[
        str | None, typer.Option("--provider-version", metavar="VERSION", help="Is this version still spoken to?")
    ] = None,
    schemas: Annotated[bool, typer.Option("--schemas", help="Add the JSON Schema of every answer.")] = False,
) -> Reply:
    """Tell which version of the contract is spoken here."""
    return _reply("contract-version", provider_version=provider_version, schemas=schemas)


def mission_state(mission: Mission) -> Reply:
    """Tell where every work package of a mission is."""
    return _reply("mission-state", mission=mission)


def list_ready(mission: Mission) -> Reply:
    """List the work packages that can be started now."""
    return _reply("list-ready", mission=mission)


def start_implementation(mission: Mission, wp: Package, actor: ActorName, policy: Policy = None) -> Reply:
    """Claim a work package and make its worktree ready.

    Asked again by the same actor it changes nothing and answers the same.
    """
    return _reply("start-implementation", mission=mission, wp=wp, actor=actor, policy=policy)


def resolve_workspace(mission: Mission, wp: Package) -> Reply:
    """Tell where a work package is worked on."""
    return _reply("resolve-workspace", mission=mission, wp=wp)


def start_review(
    mission: Mission, wp: Package, actor: ActorName, policy: Policy = None, review_ref: ReviewRef = None
) -> Reply:
    """Claim the review of a work package."""
    return _reply("start-review", mission=mission, wp=wp, actor=actor, policy=policy, review_ref=review_ref)


def transition(
    mission: Mission,
    wp: Package,
    to: Annotated[str, typer.Option("--to", metavar="LANE", help="Lane to move to.")],
    actor: ActorName,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Why, for whoever comes next.")] = None,
    policy: Policy = None,
    force: Annotated[bool, typer.Option("--force", help="Override the guards; needs a note.")] = False,
    review_ref: ReviewRef = None,
    evidence_json: Annotated[
        str | None,
        typer.Option("--evidence-json", metavar="JSON", help='{"review": {"reviewer", "verdict", "reference"}, …}.'),
    ] = None,
    review_result_json: Annotated[
        str | None,
        typer.Option("--review-result-json", metavar="JSON", help='{"reviewer", "verdict", "reference"}.'),
    ] = None,
    subtasks_complete: Annotated[
        bool | None,
        typer.Option(
            "--subtasks-complete/--no-subtasks-complete",
            help="Say whether every subtask is done; else their boxes tell.",
        ),
    ] = None,
    implementation_evidence_present: Annotated[
        bool | None,
        typer.Option(
            "--implementation-evidence-present/--no-implementation-evidence-present",
            help="Say whether the work is committed; else its commits tell.",
        ),
    ] = None,
    no_change: Annotated[
        str | None,
        typer.Option("--no-change", metavar="WHY", help="Hand work over that changes nothing, and say why."),
    ] = None,
) -> Reply:
    """Move a work package to another lane."""
    return _reply(
        "transition", mission=mission, wp=wp, to=to, actor=actor, note=note, policy=policy, force=force,
        review_ref=review_ref, evidence_json=evidence_json, review_result_json=review_result_json,
        subtasks_complete=subtasks_complete, implementation_evidence_present=implementation_evidence_present,
        no_change=no_change,
    )  # fmt: skip


def append_history(
    mission: Mission,
    wp: Package,
    actor: ActorName,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="The note, kept as it is.")],
) -> Reply:
    """Record a note on a work package."""
    return _reply("append-history", mission=mission, wp=wp, actor=actor, note=note)


def accept_mission(mission: Mission, actor: ActorName) -> Reply:
    """Accept a mission that is complete."""
    return _reply("accept-mission", mission=mission, actor=actor)


def merge_mission(
    mission: Mission,
    target: Annotated[
        str | None, typer.Option("--target", metavar="BRANCH", help="The branch that you expect it to go into.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="STRATEGY", help="merge, squash or rebase; else the project's.")
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the target afterwards.")] = False,
) -> Reply:
    """Merge an accepted mission into its target branch."""
    return _reply("merge-mission", mission=mission, target=target, strategy=strategy, push=push)
