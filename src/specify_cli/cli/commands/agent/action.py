"""`spec-kitty agent action …`: claim a work package and get its prompt."""

from __future__ import annotations

from specify_cli.cli.acting import acting, notices, with_prompt
from specify_cli.cli.options import (
    AgentFlag,
    BaseFlag,
    MaybeWorkPackage,
    MissionFlag,
    PrintPromptFlag,
    RecoverFlag,
    SessionFlag,
    SettleFlag,
)
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import package_of, wp_name
from specify_cli.context.models import Actor, Context
from specify_cli.context.resolution import resolution
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.claims import Claim, claim_review, claim_work
from specify_cli.next.decision import DecisionKind, decide
from specify_cli.next.observe import observe
from specify_cli.next.sessions import already_open, unknown_session
from specify_cli.next.step import prompt_for
from specify_cli.status.holders import HELD, Holder


def implement(
    wp: MaybeWorkPackage = None,
    agent: AgentFlag = None,
    mission: MissionFlag = None,
    session: SessionFlag = None,
    base: BaseFlag = None,
    settle: SettleFlag = False,
    recover: RecoverFlag = False,
    print_prompt: PrintPromptFlag = False,
) -> Reply:
    """Claim a work package, prepare its worktree and write its prompt.

    Without WP the next one that is ready is taken. For its holder this changes nothing and shows the prompt again;
    after a crash it finishes what was begun, so --recover is the same path.
    """
    del recover
    context, actor = acting(mission, agent, session)
    wp_id = wp_name(wp) if wp else _chosen(context, actor, "implement")
    package = package_of(context, wp_id)
    packages = {each.id: each for each in load_work_packages(context.place)}
    manifest = read_lanes(context.place)
    taken = _quiet_holder(context, actor, package.id)
    claim = claim_work(context, actor, package, packages, manifest, base=base, settle=settle, take_over=taken)
    return _reply(context, actor, claim, "implement", print_prompt=print_prompt)


def review(
    wp: MaybeWorkPackage = None,
    agent: AgentFlag = None,
    mission: MissionFlag = None,
    session: SessionFlag = None,
    print_prompt: PrintPromptFlag = False,
) -> Reply:
    """Claim the review of a work package and write its prompt.

    Without WP the next one that waits for a review is taken.
    """
    context, actor = acting(mission, agent, session)
    wp_id = wp_name(wp) if wp else _chosen(context, actor, "review")
    package = package_of(context, wp_id)
    taken = _quiet_holder(context, actor, package.id)
    claim = claim_review(context, actor, package, read_lanes(context.place), take_over=taken)
    return _reply(context, actor, claim, "review", print_prompt=print_prompt)


def _chosen(context: Context, actor: Actor, action: str) -> str:
    """The work package that the loop would hand out for an action."""
    seen = observe(context.place, context.config, Holder(actor.name, actor.session), actor.session_source)
    choice = decide(seen.observation)
    if choice.kind is DecisionKind.STEP and choice.action == action and choice.wp_id:
        return choice.wp_id
    what = f"{choice.action} {choice.wp_id or ''}".strip() if choice.action else choice.reason or choice.state
    raise Refused(
        f"there is nothing to {action} for {actor.name} now: {what}",
        "NOTHING_READY",
        hint=spec_kitty("next", *actor.flags, "--mission", context.place.slug),
        details={"next_action": choice.action, "wp_id": choice.wp_id},
    )


def _quiet_holder(context: Context, actor: Actor, wp_id: str) -> Holder | None:
    """Who has gone quiet on a work package, so that it may be taken over."""
    seen = observe(context.place, context.config, Holder(actor.name, actor.session))
    for view in seen.observation.packages:
        if view.wp_id == wp_id and view.lane in HELD and view.quiet:
            return view.holder
    return None


def _reply(context: Context, actor: Actor, claim: Claim, action: str, *, print_prompt: bool) -> Reply:
    prompt = prompt_for(context, actor, claim, action)
    slug = context.place.slug
    told = [
        unknown_session(actor, slug, prompt.step_id),
        already_open(actor, slug, f"{action} {claim.package.id}", prompt.since),
    ]
    data = {
        **resolution(context, action, claim.package.id, actor.name),
        "workspace_path": str(claim.workspace.path),
        "prompt_file": str(prompt.path),
        "prompt": None,
        "step_id": prompt.step_id,
        "claimed": claim.claimed,
        "resumed": claim.resumed,
        "since": prompt.since,
        "event_ids": list(claim.event_ids),
        "agent": actor.name,
        "session": actor.session,
        "self_review": claim.self_review,
        "brought": list(claim.workspace.brought),
        "warnings": notices([each for each in told if each], claim.warnings, prompt.warnings),
    }
    held = "is yours now" if claim.claimed else "is yours already"
    own = style(" (self-review)", "yellow") if claim.self_review else ""
    lines = [
        f"{style(claim.package.id, 'bold')} {held}: {action} {safe(claim.package.title)}{own}",
        f"  work in   {safe(claim.workspace.path)}",
        f"  branch    {safe(claim.workspace.branch)}",
        f"  prompt    {safe(prompt.path)}",
    ]
    lines += [f"  brought   {safe(each)}" for each in claim.workspace.brought]
    who = () if actor.is_person else actor.flags
    at = ("--mission", context.place.slug)

    def move(to: str, *words: str) -> str:
        return style(safe(spec_kitty("agent tasks move-task", claim.package.id, "--to", to, *who, *at, *words)), "bold")

    if action == "implement":
        lines += ["", f"  When done: {move('for_review')}"]
    else:
        lines += ["", "  Your verdict, one of:", f"    approve  {move('approved')}"]
        lines += [f"    reject   {move('planned', '--review-feedback-file', 'FILE')}"]
    text = "\n".join(lines)
    return Reply(data, with_prompt(data, text) if print_prompt else text)
