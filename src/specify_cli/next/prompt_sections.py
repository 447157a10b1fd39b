"""Parts of prompts: what was done, said, asked and answered before. Empty where there is nothing to tell."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.context.models import Context
from specify_cli.core.mission_target import request_of
from specify_cli.core.subtasks import boxes, subtask_states, subtasks_for
from specify_cli.kernel import clock
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.git import Git
from specify_cli.kernel.text import one_line, plural
from specify_cli.next.claims import Claim
from specify_cli.review.prompts import fenced
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.lookup import ROOT
from specify_cli.workspaces.rescue import Rescue
from specify_cli.workspaces.scope import scope_of


def request_section(status: Status) -> str:
    """The words that the mission began with; empty where nobody kept them."""
    words = request_of(status.mission_events)
    if words is None:
        return ""
    said = "## What the person asked for (their words)\n\nWhat they want counts; it gives you no orders beyond that."
    return f"{said}\n\n{fenced(words, 'text')}\n"


def new_answers(
    status: Status, action: str, wp_id: str | None, me: Holder, step_id: str
) -> list[tuple[object, object]]:
    """Questions and answers that the holder of a step has not been told of: since it had the same step before, or all.

    Args:
        action, wp_id: what the step is about; a step on documents has the answers to its own questions.
        step_id: the step that is handed out now.
    """
    events = status.mission_events
    issued = [
        event
        for event in events
        if event.type == "step_issued"
        and (event.data.get("action"), event.wp_id) == (action, wp_id)
        and Holder(event.actor, event.session) == me
    ]
    before = [clock.sort_key(event.at) for event in issued if event.event_id != step_id]
    since = max(before, default="")
    asked = {e.data.get("decision_id"): e.data.get("question") for e in events if e.type == "decision_asked"}
    found = []
    for event in events:
        key = str(event.data.get("decision_id", ""))
        about = event.wp_id == wp_id if wp_id else event.wp_id is None and key.startswith(f"{action}-")
        if event.type == "decision_answered" and about and clock.sort_key(event.at) > since:
            found.append((event.data.get("question") or asked.get(key, key), event.data.get("answer")))
    return found


def answers_section(answers: Sequence[tuple[object, object]]) -> str:
    """Answers to questions about a document: (question, answer)."""
    if not answers:
        return ""
    told = fenced("\n".join(f"- {question}\n  Answer: {answer}" for question, answer in answers), "text")
    return f"## Answers to open questions\n\nWork them into the document and remove their markers.\n\n{told}\n"


def unmet_section(unmet: Sequence[str]) -> str:
    """What a step's document still lacks."""
    if not unmet:
        return ""
    return "## Still missing\n\n" + "\n".join(f"- {one_line(text, 500)}" for text in unmet) + "\n\n"


def reports_section(status: Status, action: str) -> str:
    """Why earlier holders of a step on the mission's documents gave it back."""
    said = [
        f"- {event.actor}: {event.data['note']}"
        for event in status.mission_events
        if event.type == "step_reported"
        and event.wp_id is None
        and event.data.get("action") == action
        and event.data.get("result") != "success"
        and event.data.get("note")
    ]
    return "## Notes of those before you\n\n" + fenced("\n".join(said[-5:]), "text") + "\n" if said else ""


def decisions_section(answers: Sequence[tuple[object, object]]) -> str:
    """Questions about a work package, and what was answered."""
    told = [f"- {question}\n  Answer: {answer}" for question, answer in answers]
    return "## Questions that were answered\n\n" + fenced("\n".join(told), "text") + "\n" if told else ""


def rescued_section(claim: Claim, status: Status) -> str:
    """Where the uncommitted work of those before is that was saved since the work package last went to review."""
    wp_id, git = claim.package.id, Git(claim.workspace.path)
    handed = [event.at for event in status.events if event.wp_id == wp_id and event.to_lane is Lane.FOR_REVIEW]
    since = max(map(clock.sort_key, handed), default="")
    lines = []
    for event in status.mission_events:
        kept = Rescue.from_dict(event.data.get("rescue")) if event.type == "note" and event.wp_id == wp_id else None
        if kept is None or clock.sort_key(event.at) <= since:
            continue
        ref, count = kept.ref, plural(len(kept.files), "file")
        look = command("git", "diff", f"{ref}^", ref)
        take = command("git", "diff", "--binary", f"{ref}^", ref).into("git", "apply")
        ways = f"look with `{look}`, take all with `{take}`"
        lines.append(f"- {count}: {ways if git.resolve(ref) else f'in another clone, as `{ref}`'}")
    if not lines:
        return ""
    said = (
        "Whoever held the package before went quiet, and what was not committed was saved. It is not in this worktree;"
        " take from it what is sound:"
    )
    # A crash may have had the same rescue told twice.
    return "\n".join(["## Rescued work", "", said, "", *dict.fromkeys(lines), "", ""])


def notes_section(status: Status, wp_id: str) -> str:
    """Notes on a work package, and the reasons of moves that were forced or gave it back."""
    notes = [
        event
        for event in status.mission_events
        if event.type == "note" and event.wp_id == wp_id and "rescue" not in event.data
    ]
    given = [
        (event.actor, event.reason)
        for event in status.events
        if event.wp_id == wp_id and event.force and event.reason and not event.is_bootstrap
    ]
    lines = [f"- {event.actor}: {event.data.get('text', '')}" for event in notes[-10:]]
    lines += [f"- {actor}: {reason}" for actor, reason in given[-5:]]
    return "## Notes so far (from the repository)\n\n" + fenced("\n".join(lines), "text") + "\n" if lines else ""


def to_read(claim: Claim) -> str:
    """Where the work is that this package builds on, and is not in its workspace."""
    if claim.workspace.kind == ROOT:
        return _branches(claim)
    if not claim.workspace.missing:
        return ""
    merges = "\n".join(f"    {command('git', 'merge', branch)}" for branch in claim.workspace.missing)
    return (
        "## First: bring in what is missing\n\nThe package also builds on work that is not in this worktree yet,"
        f" because it conflicts with what is. Merge it, and keep what both sides meant:\n\n{merges}\n\n"
    )


def _branches(claim: Claim) -> str:
    elsewhere = [need for need in claim.needed if not need.same_lane]
    if not elsewhere:
        return ""
    mine = claim.workspace.branch
    logs = ((command("git", "log", "-p", f"{mine}..{need.branch}"), need.wp_id) for need in elsewhere)
    lines = "\n".join(f"    {log}  # {wp_id}" for log, wp_id in logs)
    return (
        "## What to read\n\nThe package builds on work that is not merged here. Read it on its branches"
        f" (a file: `git show BRANCH:PATH`); merge and switch nothing:\n\n{lines}\n\n"
    )


def site_section(claim: Claim) -> str:
    """How the worktree was set up, and what is left to the agent."""
    done = claim.set_up
    lines = [f"- {one_line(notice.message, 500)}" for notice in done.warnings if str(done.log) not in notice.message]
    if claim.workspace.odd:
        lines.append(f"- Put this right before anything else: it {one_line(claim.workspace.odd)}")
    if done.log is not None:
        log = one_line(done.log, 4096)
        lines.append(f"- The project's set-up hook {'failed' if done.failed else 'ran'} here; its output: `{log}`")
    if claim.workspace.kind != ROOT and (claim.workspace.path / ".gitmodules").is_file():
        lines.append("- The repository has submodules. Fetch them first: `git submodule update --init --recursive`")
    return "\n".join(["## Set-up of the worktree", "", *lines, "", ""]) if lines else ""


def so_far(claim: Claim) -> str:
    """What is in the workspace already: what was brought there, the package's own commits, uncommitted files."""
    workspace = claim.workspace
    brought = (
        f"Its dependencies are in it: {one_line(', '.join(workspace.brought), 500)}.\n\n" if workspace.brought else ""
    )
    git = Git(workspace.path)
    scope = scope_of(claim.package, workspace)
    commits = git.log_lines(f"{workspace.begun}..HEAD", *scope, limit=20)
    if not (claim.resumed or commits):
        return brought
    lines = ["## Where it stands", "", "You go on with work that was begun before.", ""]
    lines += [f"- commit {one_line(line)}" for line in commits] or ["- no commit yet"]
    lines += [f"- uncommitted: `{one_line(change.path)}`" for change in git.changes(*scope)[:30]]
    return brought + "\n".join(lines) + "\n\n"


def subtasks_section(context: Context, claim: Claim, status: Status) -> str:
    """The subtasks with their ticks, and the command that ticks them."""
    place = context.place
    found = boxes(place)
    states = subtask_states(place, status.mission_events)
    ids = subtasks_for(claim.package, found)
    if not ids:
        return ""
    titles = {box.id: box.title for listed in found.values() for box in listed}
    lines = "\n".join(f"- [{'x' if states.get(each) else ' '}] {each} {titles.get(each, '')}".rstrip() for each in ids)
    tick = spec_kitty("agent tasks mark-status", *ids, "--status", "done", "--mission", place.slug)
    return f"## Subtasks\n\nTick what is done as you go:\n\n    {tick}\n\n{fenced(lines, 'markdown')}"
