"""Text of prompts that the loop and its actions share: fences, feedback, the review of a work package."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.text import one_line, visible
from specify_cli.kernel.values import frozen
from specify_cli.review.changes import ChangeSet
from specify_cli.review.cycles import Feedback
from specify_cli.review.findings import Finding

DIFF_LIMIT = 60_000
_FIRST = "Read the change as a whole, then against each acceptance criterion: does it do that, and nothing else?"
_AGAIN = "Go through the open findings and what was changed since; the rest only where that touches it."


@frozen
class ReviewPrompt:
    """What a review prompt is made of.

    Args:
        agent, flags: its name, and how it names itself in a command.
        change: what the work package changes.
        feedback, findings: of earlier reviews.
        since: what came after the commit that the last review rejected; None in a first review.
        duty: what a review is about in a mission of this type.
        charter: what the project's charter says of reviews.
        again: what was approved before, where this is another review of approved work.
        unseen: commits in the range that were there before the work package began, and that nobody reviewed.
        span: the commits, in words.
        target: the commit of the target that came in; the change is seen from the base with it.
        taken_in: (commit of others, how the change differs from a merge with it), where that is more than its own.
    """

    wp_id: str
    title: str
    mission_slug: str
    agent: str
    flags: Sequence[str]
    goal: str
    prompt: str
    workspace: Path
    branch: str
    change: ChangeSet
    feedback: Sequence[Feedback]
    findings: Sequence[Finding]
    note: str
    self_review: bool
    since: ChangeSet | None = None
    duty: str = ""
    charter: str = ""
    unseen: Sequence[str] = ()
    again: str = ""
    taken_in: Sequence[tuple[str, ChangeSet]] = ()
    span: str = ""
    target: str | None = None


def fenced(text: str, label: str = "") -> str:
    """Text from the repository, fenced so that it cannot be mistaken for the prompt's own words."""
    text = visible(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(4, longest + 1)
    return f"{fence}{label}\n{text.rstrip()}\n{fence}\n"


def charter_section(text: str) -> str:
    """What the project's charter says to whoever acts; empty without one."""
    return f"## The project's charter (from the repository)\n\n{fenced(text, 'markdown')}\n" if text else ""


def feedback_section(feedback: Sequence[Feedback], findings: Sequence[Finding]) -> str:
    """What a review still wants: open findings, the newest feedback in full, older ones by name; else empty."""
    still = _open(findings)
    if not feedback or not still:
        return ""
    newest = feedback[-1]
    return f"""## First: the review asked for changes (cycle {newest.cycle}, by {one_line(newest.reviewer)})

Settle every open finding before anything else. It is the reviewer's text, from the repository:

{fenced(still, "text")}
In the reviewer's own words:

{fenced(newest.text, "markdown")}
{_older(feedback)}"""


def _open(findings: Sequence[Finding]) -> str:
    return "\n".join(str(each) for each in findings if each.open)


def _older(feedback: Sequence[Feedback]) -> str:
    earlier = ", ".join(one_line(each.file) for each in feedback[:-1])
    return f"Earlier cycles, for context: {earlier}\n\n" if earlier else ""


def review_prompt(parts: ReviewPrompt) -> str:
    """The whole prompt of a review."""
    change = parts.change
    move = spec_kitty("agent tasks move-task", parts.wp_id, "--mission", parts.mission_slug, *parts.flags)
    place = f"Worktree `{one_line(parts.workspace)}`, branch `{one_line(parts.branch)}`"
    own = "**You implemented this yourself: the verdict will be marked as a self-review. Be strict.**\n\n"
    return f"""# Review {parts.wp_id}: {one_line(parts.title)}

Mission `{parts.mission_slug}`. You are `{one_line(parts.agent)}`, and you hold this review.

{own if parts.self_review else ""}## What the mission is for (from the repository)

{fenced(parts.goal or "(the specification states no goal)", "markdown")}
## What the work package had to do (from the repository)

{fenced(parts.prompt, "markdown")}
{charter_section(parts.charter)}{parts.again}{_earlier(parts)}{_note(parts.note)}## What was done

{place}, commits `{parts.span or f"{change.base[:12]}..{change.head[:12]}"}`.
Exactly this work package's change, whatever attributes say of its files{_without(parts)}:

    {change.command(parts.workspace)}

{fenced(change.summary() or "(no change)", "text")}
{_before_it(parts.unseen)}{_deciding(change)}{_since(parts)}{_patches(parts)}
## How to judge

{_paragraph(parts.duty)}1. {_AGAIN if parts.since else _FIRST}
2. Run the project's tests in the worktree. Change no file there; you judge, the implementer mends.
3. Look for what is missing: error paths, tests that cannot fail, names that mislead, files outside the package.

## Give your verdict: one of

Approve:

    {move} --to approved --note "<what you checked>"

Ask for changes: write the points into a file, each with its severity (critical, high, medium, low) and place,

    - [high] src/app.py:12 what is wrong, and what would be right

{_name(parts)}then

    {move} --to planned --review-feedback-file <file>

After the verdict:

    {spec_kitty("next", *parts.flags, "--mission", parts.mission_slug)}
"""


def again_section(
    asked_by: str, why: str, approved: str, head: str, *, same_tree: bool, differences: str | None
) -> str:
    """What the reviewer of work that was approved before has to know of that approval.

    Args:
        asked_by, why: who asked for another review, and the reason.
        approved, head: the commit that was approved, and the one to judge.
        same_tree: whether both hold the same files.
        differences: the commits of both compared one by one; None where this clone lacks one of them.
    """
    same = "Both have the same tree: no file differs, only the history does." if same_tree else ""
    compared = fenced(differences[:DIFF_LIMIT] or "(no difference)", "text") if differences is not None else ""
    lacking = "" if differences is not None else f"This clone lacks {approved[:12]}: judge the whole change.\n"
    return f"""## It was approved before

`{one_line(asked_by)}` asked for another review of it. The reason (from the repository):

{fenced(why or "(none was given)", "text")}
Approved was `{approved[:12]}`; you judge `{head[:12]}`. {same}

{compared}{lacking}
"""


def _paragraph(text: str) -> str:
    return f"{text}\n\n" if text else ""


def _earlier(parts: ReviewPrompt) -> str:
    if not parts.feedback:
        return ""
    newest = parts.feedback[-1]
    return f"""## What earlier reviews asked for

Judge first whether each open finding is settled, then what was changed since; the rest has been reviewed.

{fenced(_open(parts.findings) or "(no finding is open)", "text")}
Cycle {newest.cycle}, by {one_line(newest.reviewer)}, in full:

{fenced(newest.text, "markdown")}
{_older(parts.feedback)}"""


def _name(parts: ReviewPrompt) -> str:
    still = next((each.id for each in parts.findings if each.open), None)
    told = "Name every earlier finding that stays open the same way; those that are not named count as settled"
    return f"{told}:\n\n    - {still} why it is not settled yet\n\n" if still else ""


def _since(parts: ReviewPrompt) -> str:
    """What came after the last review, so that nobody reads the rest a second time."""
    if parts.since is None:
        return ""
    return f"What was changed since the last review:\n\n    {parts.since.command(parts.workspace)}\n\n"


def _deciding(change: ChangeSet) -> str:
    """Files that decide over others, named before anything else."""
    if not change.deciding:
        return ""
    return (
        "Read these first. They decide how git, hooks or continuous integration treat other files:\n\n"
        f"{fenced(chr(10).join(map(str, change.deciding)), 'text')}\n"
    )


def _before_it(unseen: Sequence[str]) -> str:
    """Commits that came into the lane between two work packages: they are merged, so somebody has to read them."""
    if not unseen:
        return ""
    said = "These commits were in the lane before the work package began, and no review covers them. They are part of"
    return f"{said} this one:\n\n{fenced(chr(10).join(unseen), 'text')}\n"


def _without(parts: ReviewPrompt) -> str:
    return f", without what came in with `{parts.target[:12]}` of the target" if parts.target is not None else ""


def _patches(parts: ReviewPrompt) -> str:
    """The change, and files of others that it took in and holds otherwise: its own range does not show their loss."""
    change = parts.since or parts.change
    return (_diff(change) if change.parts or not parts.taken_in else "") + "".join(
        f"""
The work took in `{commit[:12]}` of others, and holds these files otherwise. Its own change above does not show that:
is anything of theirs lost? The minus side is what the work began from, with theirs merged into it:

    {change.command(parts.workspace)}

{fenced(change.summary(), "text")}
{_diff(change)}"""
        for commit, change in parts.taken_in
    )


def _note(note: str) -> str:
    return f"## The implementer's note (from the repository)\n\n{fenced(note, 'text')}\n" if note else ""


def _diff(change: ChangeSet) -> str:
    patch = change.patch
    if not change.parts:
        return "The change is empty: that alone is a reason to ask for changes.\n"
    if not patch:
        return "Nothing of it is text: look at the files themselves.\n"
    if len(patch) > DIFF_LIMIT:
        return f"The patch has {len(patch):,} characters; read it with the command above.\n"
    return fenced(patch, "diff")
