"""What a merged mission still wants before it lands on the branch that its own began at; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from specify_cli.conditions import accept_rules, merge_rules
from specify_cli.conditions.merge_rules import Accepted, MergeFacts
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.paths import add_command
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen, replace
from specify_cli.workspaces.markers import Marked

# What each condition says where it holds; these beside those of a merge that concern branches and checkouts.
WANTS: Mapping[str, str] = {
    **{
        code: merge_rules.WANTS[code]
        for code in ("CHECKOUT_BUSY", "INDEX_LOCKED", "NO_GIT_IDENTITY", "PROTECTED_BRANCH", "PULL_REQUEST_OPEN")
    },
    "WORKTREE_DIRTY": "nothing is uncommitted in the mission's folder",
    "UNREVIEWED_COMMITS": "its branch holds what was merged and nothing else",
    "RECEIPT_MISMATCH": "the receipt of its merge is right",
    "CONFLICT_MARKERS": "no conflict marker is left in a file",
    "TARGET_BEHIND_REMOTE": "the branch has what its remote had at the last fetch",
    "MERGE_UNDER_WAY": "no other merge waits for its conflict",
}
_MOST = 3  # commits that a message names


@frozen
class Stray:
    """A commit on a mission's branch that is neither of its merge nor about its documents alone.

    Args:
        what: its subject and author.
        paths: the files of it that would land.
        joins: whether it is a merge.
    """

    commit: str
    what: str
    paths: tuple[str, ...]
    joins: bool = False


@frozen
class LandingFacts:
    """What is known of a mission that wants to land.

    Args:
        branch: the mission's own.
        home: the checkout that has it, or None.
        dirty: uncommitted files of the mission's folder there.
        strays: commits on its branch that no review covers.
        receipts: what is wrong with the receipt of its merge.
        markers: files into which conflict markers would be brought.
        around: the branch it lands on, its checkout, its remote and other merges, as a merge sees them.
        checked_out: whether some checkout has the branch it lands on.
    """

    slug: str
    branch: str
    home: str | None
    around: MergeFacts
    checked_out: bool
    dirty: tuple[str, ...] = ()
    strays: tuple[Stray, ...] = ()
    receipts: tuple[tuple[str, Command | None], ...] = field(default_factory=tuple)
    markers: tuple[Marked, ...] = ()


def unmet(facts: LandingFacts) -> list[Unmet]:
    """Every reason why a merged mission cannot land now."""
    accepted = facts.around.accepted or Accepted("", "", "", "local", {})
    around = [_fetched(facts, each) for each in merge_rules.unmet(replace(facts.around, accepted=accepted))]
    return [
        *around,
        *_dirty(facts),
        *(Unmet("RECEIPT_MISMATCH", f"the receipt of {facts.slug} {said}", fix) for said, fix in facts.receipts),
        *_strays(facts),
        *accept_rules.markers(facts.markers),
    ]


def _fetched(facts: LandingFacts, found: Unmet) -> Unmet:
    if found.code != "TARGET_BEHIND_REMOTE" or facts.checked_out:
        return found
    # From what was fetched: the names of remotes and of branches may have slashes, so that nobody can part them.
    forward = f"refs/remotes/{found.subject}:refs/heads/{facts.around.target_branch}"
    return replace(found, fix=git_command(facts.around.root, "fetch", ".", forward))


def _dirty(facts: LandingFacts) -> list[Unmet]:
    if not facts.dirty or facts.home is None:
        return []
    commit = ("commit", "-m", f"Documents of {facts.slug}", "--", *facts.dirty)
    fix = add_command(facts.home, *facts.dirty).then("git", "-C", facts.home, *commit)
    return [Unmet("WORKTREE_DIRTY", f"uncommitted in {facts.home}: {some(facts.dirty)}", fix, facts.branch)]


def _strays(facts: LandingFacts) -> list[Unmet]:
    if not facts.strays:
        return []
    where = facts.home or facts.around.root
    named = some([f"{each.commit[:10]} ({each.what}): {some(each.paths, 3)}" for each in facts.strays], _MOST)
    said = (
        f"{facts.branch} holds what was not merged there and no review covers: {named}."
        f" Take it back, or bring it into {facts.around.target_branch} by a mission of its own"
    )
    commits = [each.commit[:12] for each in reversed(facts.strays)]
    plain = facts.home is not None and not any(each.joins for each in facts.strays)
    fix = git_command(where, "revert", "--no-edit", *commits) if plain else git_command(where, "show", *commits)
    return [Unmet("UNREVIEWED_COMMITS", said, fix, facts.branch)]


def harmful(paths: Sequence[str], differing: set[str], since_merge: set[str] | None) -> tuple[str, ...]:
    """Of the files that an unreviewed commit changed, those with which something of it would land.

    Args:
        paths: what the commit changed.
        differing: files in which the mission's branch differs from the branch that it lands on.
        since_merge: files in which it differs from the merge of the mission; None for a commit before that merge.
    """
    return tuple(path for path in paths if path in differing and (since_merge is None or path in since_merge))
