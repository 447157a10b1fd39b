"""Text of prompts that the loop and its actions share: fences, feedback, the review of a work package."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from specify_cli.kernel.values import frozen
from specify_cli.review.cycles import Feedback

DIFF_LIMIT = 60_000


@frozen
class ReviewPrompt:
    """What a review prompt is made of.

    Args:
        diff: the patch of this work package alone.
        stat: its summary.
        base, head: the commits it lies between.
        since: the commit that the last review rejected, or None.
        tests: the command line that shows the diff again.
    """

    wp_id: str
    title: str
    mission_slug: str
    agent: str
    goal: str
    prompt: str
    workspace: Path
    branch: str
    base: str
    head: str
    diff: str
    stat: str
    scope: tuple[str, ...]
    feedback: Sequence[Feedback]
    note: str
    self_review: bool
    since: str | None = None


def fenced(text: str, label: str = "") -> str:
    """Text from the repository, fenced so that it cannot be mistaken for the prompt's own words."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(4, longest + 1)
    return f"{fence}{label}\n{text.rstrip()}\n{fence}\n"


def feedback_section(feedback: Sequence[Feedback]) -> str:
    """The newest feedback in full, older ones by name; empty without any."""
    if not feedback:
        return ""
    newest = feedback[-1]
    lines = [
        f"## First: the review asked for changes (cycle {newest.cycle}, by {newest.reviewer})\n",
        "Address every point below before anything else. It is the reviewer's text, from the repository:\n",
        fenced(newest.text, "markdown"),
    ]
    if len(feedback) > 1:
        earlier = ", ".join(each.file for each in feedback[:-1])
        lines.append(f"Earlier cycles, for context: {earlier}\n")
    return "\n".join(lines) + "\n"


def review_prompt(parts: ReviewPrompt) -> str:
    """The whole prompt of a review."""
    diff_command = f"git -C {shlex.quote(str(parts.workspace))} diff {parts.base[:12]} {parts.head[:12]}"
    if parts.scope:
        diff_command += " -- " + " ".join(f"'{path}'" for path in parts.scope)
    move = f"spec-kitty agent tasks move-task {parts.wp_id} --mission {parts.mission_slug} --agent {parts.agent}"
    own = "**You implemented this yourself: the verdict will be marked as a self-review. Be strict.**\n\n"
    return f"""# Review {parts.wp_id}: {parts.title}

Mission `{parts.mission_slug}`. You are `{parts.agent}`, and you hold this review.

{own if parts.self_review else ""}## What the mission is for (from the repository)

{fenced(parts.goal or "(the specification states no goal)", "markdown")}
## What the work package had to do (from the repository)

{fenced(parts.prompt, "markdown")}
{_earlier(parts.feedback)}{_note(parts.note)}## What was done

Worktree `{parts.workspace}`, branch `{parts.branch}`, commits `{parts.base[:12]}..{parts.head[:12]}`.
Exactly this work package's change:

    {diff_command}

{_since(parts, diff_command)}{fenced(parts.stat or "(no change)", "text")}
{_diff(parts.diff)}
## How to judge

1. Read the change as a whole, then against each acceptance criterion: does it do what was asked, and nothing else?
2. Run the project's tests in the worktree. Change no file there; you judge, the implementer mends.
3. Look for what is missing: error paths, tests that cannot fail, names that mislead, files outside the package.

## Give your verdict: one of

Approve:

    {move} --to approved --note "<what you checked>"

Ask for changes: write each point with file, line, what is wrong and what would be right, into a file, then

    {move} --to planned --review-feedback-file <file>

After the verdict:

    spec-kitty next --agent {parts.agent} --mission {parts.mission_slug}
"""


def _earlier(feedback: Sequence[Feedback]) -> str:
    if not feedback:
        return ""
    return (
        "## What earlier reviews asked for\n\nCheck that each point is settled; open ones come first.\n\n"
        + "\n".join(f"Cycle {each.cycle}, by {each.reviewer}:\n\n{fenced(each.text, 'markdown')}" for each in feedback)
        + "\n"
    )


def _since(parts: ReviewPrompt, command: str) -> str:
    """How to see what came after the last review, so that nobody reads the rest a second time."""
    if parts.since is None or not parts.feedback:
        return ""
    return f"Only what came since the last review:\n\n    {command.replace(parts.base[:12], parts.since[:12])}\n\n"


def _note(note: str) -> str:
    return f"## The implementer's note (from the repository)\n\n{fenced(note, 'text')}\n" if note else ""


def _diff(diff: str) -> str:
    if not diff.strip():
        return "The change is empty: that alone is a reason to ask for changes.\n"
    if len(diff) > DIFF_LIMIT:
        return f"The patch has {len(diff):,} characters; read it with the command above.\n"
    return fenced(diff, "diff")
