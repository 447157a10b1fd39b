"""The prompt file of a step: everything the agent needs, and the exact commands to run when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.context.models import Actor, Context
from specify_cli.context.overview import merge_command
from specify_cli.core.charter import charter_for
from specify_cli.core.command_text import command_body
from specify_cli.core.documents import goal_of
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.mission_target import begun_at
from specify_cli.core.mission_types import MissionType, Step, StepKind
from specify_cli.core.templates import command_template, template
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace, runtime_folder
from specify_cli.kernel import files
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.text import one_line, some
from specify_cli.next.claims import Claim
from specify_cli.next.observe import Seen
from specify_cli.next.prompt_sections import (
    answers_section,
    decisions_section,
    new_answers,
    notes_section,
    reports_section,
    request_section,
    rescued_section,
    site_section,
    so_far,
    subtasks_section,
    to_read,
    unmet_section,
)
from specify_cli.review.changes import ChangeSet, read_change
from specify_cli.review.cycles import feedback_of, rejected_head
from specify_cli.review.findings import findings_of
from specify_cli.review.prompts import (
    ReviewPrompt,
    again_section,
    charter_section,
    feedback_section,
    fenced,
    review_prompt,
)
from specify_cli.status.approvals import ReviewRecord, review_record, review_records
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces.coverage import reviewed_base
from specify_cli.workspaces.lookup import ROOT
from specify_cli.workspaces.scope import lane_paths, scope_of
from specify_cli.workspaces.taken_in import taken_in, target_in, without_target

_EVIDENCE = "<what was built; what ran, with its result>"


def write_prompt(place: MissionPlace, name: str, text: str) -> Path:
    """Keep a prompt where its agent can read it: in the mission's checkout, ignored by git.

    Args:
        name: file name without ending; one a step and holder, so that nobody's prompt is overwritten by another's.
    """
    path = runtime_folder(place, "prompts", place.slug) / f"{name}.md"
    files.atomic_write(path, text)
    return path


def planning_prompt(
    context: Context,
    seen: Seen,
    step: Step,
    actor: Actor,
    unmet: Sequence[str],
    step_id: str,
) -> str:
    """The prompt of a planning or accept step.

    Args:
        unmet: what its document still lacks.
        step_id: the step that is handed out.
    """
    place, mission_type = context.place, seen.mission_type
    filled = "Comments in the document say how to fill it in."
    if step.command:
        text = command_template(place.repo, mission_type.key, step.command)
        filled = command_body(text, step.command, agent=actor.words.removeprefix("--agent "), mission=place.slug)
    loop = spec_kitty("next", *actor.flags, "--mission", place.slug)
    charter = charter_section(charter_for(context.repo, step.name))
    asked = request_section(seen.status) if step in mission_type.planning_steps[:1] else ""
    answers = new_answers(seen.status, step.name, None, Holder(actor.name, actor.session), step_id)
    return f"""# {step.title}: mission {place.slug}

You are `{one_line(actor.name)}`. {step.goal}

{_documents(place, step)}
{asked}{charter}{answers_section(answers)}{unmet_section(unmet)}{reports_section(seen.status, step.name)}
{filled.strip()}

{_scaffold(place, mission_type, step)}## When it is done

    {loop} --result success

If it cannot be done, say why; or give the step back:

    {loop} --result blocked --note "<why>"
    {loop} --result failed --note "<what is left>" --no-next
"""


def merge_prompt(context: Context, mission_type: MissionType, actor: Actor) -> str:
    """The prompt of the step that merges the mission, where the project made merging a step."""
    place = context.place
    body = command_body(
        command_template(place.repo, mission_type.key, "merge"),
        "merge",
        agent=actor.words.removeprefix("--agent "),
        mission=place.slug,
    )
    loop = spec_kitty("next", *actor.flags, "--mission", place.slug)
    base = begun_at(place.meta, ())
    into = f"""
It was begun at `{one_line(base)}`, and lands there. Wherever `spec-kitty merge` stands below, add `--into`:

    {merge_command(place, read_status(place)).adding(*actor.as_actor)}
""" if base and base != place.target_branch else ""  # fmt: skip
    return f"""# Merge: mission {place.slug}

You are `{one_line(actor.name)}`. The loop merges this project's missions (`merge.auto`), so nobody has to ask for it.
{into}
{body.strip()}

## When it is done

    {loop} --result success

If it cannot be done, say why:

    {loop} --result blocked --note "<why>"
"""


def implement_prompt(context: Context, claim: Claim, actor: Actor, status: Status, step_id: str) -> str:
    """The prompt of a work package that is to be implemented."""
    place, package, workspace = context.place, claim.package, claim.workspace
    feedback = feedback_of(status.mission_events, package.id)
    findings = findings_of(status.mission_events, status.events, package.id)
    slug, name = place.slug, one_line(actor.name)
    go_on = spec_kitty("next", *actor.flags, "--mission", slug)
    hand_over = spec_kitty("agent tasks move-task", package.id, "--to", "for_review", *actor.flags, "--mission", slug)
    goal, duty = _goal(place), _duty(place, StepKind.WORK)
    planning = workspace.kind == "repo_root"
    rules = (
        "Work here, on the branch that is checked out, and touch only the files this package owns."
        if planning
        else "This worktree is yours alone while you hold the package. Do not edit the main checkout or another"
        " worktree, and do not switch branches here. The `kitty-specs/` folder in it is an old copy that nobody reads."
    )
    charter = charter_section(charter_for(context.repo, "implement"))
    answers = new_answers(status, "implement", package.id, Holder(actor.name, actor.session), step_id)
    return f"""# Implement {package.id}: {one_line(package.title)}

{feedback_section(feedback, findings)}Mission `{slug}`. You are `{name}`, and you hold {package.id}. {duty}

## Where to work

    {command("cd", workspace.path)}

Branch `{one_line(workspace.branch)}`. {rules}
Owned files: {", ".join(f"`{one_line(path)}`" for path in package.owned_files) or "(none named)"}
{_live(place)}
{site_section(claim)}{_before(claim, status, answers)}{charter}## What the mission is for (from the repository)

{fenced(goal or "(the specification states no goal)", "markdown")}
## The work package (from the repository)

{fenced(package.body, "markdown")}
{subtasks_section(context, claim, status)}
## When it is done

1. Every acceptance criterion holds, all checks of the project pass here, and you have read your own diff once as a
   reviewer who wants to find fault.
2. Commit, then hand over with your evidence:

       {hand_over} --note "{_EVIDENCE}"

   Where you cannot run `git commit`, add `--commit "<message>"`: it commits the worktree for you.
3. Go on:

       {go_on}

Stuck? `{go_on} --result blocked --note "<the question>"`.
Must stop? Commit what is sound, then
`{go_on} --result failed --note "<what is left>" --no-next`.
"""


def review_text(context: Context, claim: Claim, actor: Actor, status: Status) -> str:
    """The prompt of a work package that is to be reviewed."""
    place, package, workspace = context.place, claim.package, claim.workspace
    git = Git(workspace.path)
    scope = scope_of(package, workspace)
    base, head = review_span(claim, status)
    if not scope and git.changed_between(base, head, place.relative):
        # No merge takes a lane's copy of the mission: logs that came in with the target are no change of it.
        scope = lane_paths(place.slug)
    target = target_in(place, git, base, head) if workspace.kind != ROOT else None
    change = read_change(git, _begin(git, base, target), head, scope)
    rejected = rejected_head(status.events, package.id)
    this = review_record(status.events, package.id)
    # The commit whose approval this review replaces, where somebody asked for another one.
    approved = this.approved_before if this.asked_by is not None else None
    # What was judged before is not read once more, where the rest builds on it.
    rejected = approved or rejected
    if rejected is not None and not git.is_ancestor(rejected, head):
        rejected = None
    note = _note(status, package.id)
    if this.no_change is not None:
        note = f"Handed over without a change: {this.no_change}\n\n{note}".rstrip()
    later = _later(git, this.handed, head, scope)
    if later:
        note = f"{note}\n\nCommitted after the hand-over:\n{later}".lstrip()
    return review_prompt(
        ReviewPrompt(
            package.id,
            package.title,
            place.slug,
            actor.name,
            actor.flags,
            _goal(place),
            f"{package.body.rstrip()}\n\n{_ownership(package, change.paths)}",
            workspace.path,
            workspace.branch,
            change,
            feedback_of(status.mission_events, package.id),
            findings_of(status.mission_events, status.events, package.id),
            note,
            claim.self_review,
            read_change(git, _begin(git, rejected, target), head, scope) if rejected is not None else None,
            _duty(place, StepKind.REVIEW),
            charter_for(place.repo, "review"),
            _unseen(context, claim, status),
            _again(git, this, approved, base, head),
            [] if workspace.kind == ROOT else _taken_in(place, git, base, head, change.base),
            f"{base[:12]}..{head[:12]}",
            target,
        )
    )


def _begin(git: Git, base: str, target: str | None) -> str:
    """Where a change is seen from: what came in with the target is nobody's to judge here."""
    return (without_target(git, base, target) if target is not None else None) or base


def _taken_in(place: MissionPlace, git: Git, base: str, head: str, seen_from: str) -> list[tuple[str, ChangeSet]]:
    """Of each side that the work took in, the files that it holds otherwise than git merges them."""
    return [
        (each.commit, read_change(git, each.tree, head, [f":(top,literal){path}" for path in each.paths]))
        for each in taken_in(place, git, base, head)
        if each.tree != seen_from
    ]


def _again(git: Git, this: ReviewRecord, approved: str | None, base: str, head: str) -> str:
    """What was approved before, in a review of approved work."""
    if this.asked_by is None or approved is None:
        return ""
    return again_section(
        this.asked_by.actor,
        this.asked_by.reason or "",
        approved,
        head,
        same_tree=git.tree_of(approved) == git.tree_of(head),
        differences=git.range_diff(base, approved, head),
    )


def _ownership(package: WorkPackage, changed: Sequence[str]) -> str:
    """Which files the work package owns, and which it changed beside them: that is for a reviewer to judge."""
    outside = [path for path in changed if not package.manifest.owns(path)]
    return f"Owned files: {', '.join(package.owned_files) or '(none named)'}" + (
        f"\nChanged although it does not own them: {some(outside, 20)}" if outside and package.owned_files else ""
    )


def _later(git: Git, handed: str | None, head: str, scope: Sequence[str]) -> str:
    """The commits made since the hand-over, one a line."""
    if handed is None or handed == head:
        return ""
    try:
        return "\n".join(git.log_lines(f"{handed}..{head}", *scope))
    except GitFailed:
        return f"(all up to {head[:10]}: this clone lacks {handed[:10]})"


def _note(status: Status, wp_id: str) -> str:
    """What was said at the hand-over."""
    handed = (each for each in reversed(status.events) if each.wp_id == wp_id and each.to_lane is Lane.FOR_REVIEW)
    return next((event.reason or "" for event in handed if not event.force), "")


def review_span(claim: Claim, status: Status) -> tuple[str, str]:
    """Base and head of a review: as recorded when it was claimed or the work handed over, else as they are now."""
    record = review_record(status.events, claim.package.id)
    head = record.reviewed or Git(claim.workspace.path).resolve("HEAD") or claim.workspace.base
    return record.base or claim.workspace.base, head


def _unseen(context: Context, claim: Claim, status: Status) -> tuple[str, ...]:
    """Commits below the work package's own that no review has covered: its review is where they are seen."""
    place = context.place
    records = review_records(status.events, by_other=context.config.review_by == "other")
    record = records.get(claim.package.id)
    if record is None or record.start is None:
        return ()
    _, left = reviewed_base(place, records, record.start, place.git.branch_tip(place.target_branch))
    return tuple(f"{each.commit[:10]} {each.subject} ({each.author})" for each in left)


def _before(claim: Claim, status: Status, answers: Sequence[tuple[object, object]]) -> str:
    """What one has to know of the work so far."""
    wp_id = claim.package.id
    before = to_read(claim) + so_far(claim) + rescued_section(claim, status)
    return before + decisions_section(answers) + notes_section(status, wp_id)


def _goal(place: MissionPlace) -> str:
    """What the mission is for, as the document says that it began with."""
    return goal_of(place.read(mission_type_of(place).first_document) or "")


def _duty(place: MissionPlace, kind: StepKind) -> str:
    """What a step of this mission's type is about, in a sentence or two."""
    step = mission_type_of(place).of_kind(kind)
    return step.goal if step else ""


def _scaffold(place: MissionPlace, mission_type: MissionType, step: Step) -> str:
    """The template of a document that nothing on disk has yet."""
    written = step.kind is StepKind.DOCUMENT and step.document and place.read(step.document) is not None
    if step.template is None or written:
        return ""
    text = template(place.repo, mission_type.key, step.template)
    return f"## The form to fill in\n\n{fenced(text, 'markdown')}\n"


def _documents(place: MissionPlace, step: Step) -> str:
    where = _where(place)
    line = f"Mission folder: `{where}`"
    return f"{line}\nThe step's document: `{where}/{step.document}`\n" if step.document else f"{line}\n"


def _live(place: MissionPlace) -> str:
    return f"The mission's live documents (read only): `{_where(place)}`\n"


def _where(place: MissionPlace) -> str:
    where = place.folder if place.folder is not None else f"branch {place.target_branch}, {place.relative}"
    return one_line(where, 4096)
