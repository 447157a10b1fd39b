"""What a mission still wants before it is merged; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specify_cli.conditions import accept_rules
from specify_cli.conditions.accept_rules import DirtyWorktree, PackageState
from specify_cli.kernel.commands import Command, command, git_command, spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.git_run import introduction
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import PULL_REQUEST
from specify_cli.status.models import Lane
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.markers import Marked
from specify_cli.workspaces.unfinished import continue_command

# The mode of an acceptance that is delivered by a pull request.
# What each condition says where it holds.
WANTS: Mapping[str, str] = {
    "TARGET_NOT_CHECKED_OUT": "the target branch is checked out",
    "CHECKOUT_BUSY": "no merge or rebase of yours is under way there",
    "INDEX_LOCKED": "no git is at work there",
    "NO_GIT_IDENTITY": "git knows who commits",
    "LANES_MISSING": "the lanes are known",
    "NOT_ACCEPTED": "the mission is accepted",
    "TESTED_TREE_DIFFERS": "the tests of the project ran on what would be merged",
    "ACCEPTANCE_STALE": "nothing has changed since it was accepted",
    "PROTECTED_BRANCH": "the target may be merged into from here",
    "PULL_REQUEST_OPEN": "no pull request has to be merged first",
    "WP_NOT_APPROVED": "every work package is approved, done or canceled",
    "SUBTASKS_OPEN": "every subtask is ticked",
    "WORKTREE_BUSY": "no merge or rebase is under way in the worktrees",
    "WORKTREE_DIRTY": "nothing is uncommitted in the worktrees",
    "CONFLICT_MARKERS": "no conflict marker is left in a file",
    "LANE_BRANCH_MISSING": "the branch of every lane is in this clone",
    "APPROVED_COMMIT_MISSING": "every lane holds what was approved",
    "UNREVIEWED_COMMITS": "every commit that would be merged was reviewed",
    "REVIEW_OUTDATED": "approvals are about the work, and the requirements, as they are now",
    "TARGET_BEHIND_REMOTE": "the target has what its remote had at the last fetch",
    "MERGE_UNDER_WAY": "no other merge waits for its conflict",
}


@frozen
class Accepted:
    """The last acceptance of a mission.

    Args:
        lanes: code lane -> commit that was accepted.
        target: the target's commit then.
        tree: the forecast's tree then.
        tests: what was run on that tree, as the event has it.
        untested: why nothing was, in the words of who accepted.
    """

    event_id: str
    by: str
    at: str
    mode: str
    lanes: Mapping[str, str]
    target: str | None = None
    tree: str | None = None
    tests: tuple[Mapping[str, object], ...] = ()
    untested: str | None = None

    @property
    def tested_tree(self) -> str | None:
        """The tree that the tests ran on; None where nothing was tested."""
        return self.tree if self.tests else None

    def passed(self, argv: tuple[str, ...]) -> bool:
        """Whether a test of the project was among them, and passed."""
        return any(test.get("argv") == list(argv) and test.get("exit_code") == 0 for test in self.tests)


@frozen
class MergeFacts:
    """What is known of a mission that wants to be merged.

    Args:
        slug, target_branch, root: for the commands.
        home: the checkout that has the target; None without one.
        way_home: then the command after which there is one.
        busy: the user's own unfinished operation there.
        index_locked: git's lock file on that checkout's index, where there is one.
        identity: whether git knows who commits.
        packages: every work package.
        open_subtasks: (work package, subtasks not done), as one may untick them after the acceptance.
        mapped: (work package, requirements that it was given after its approval).
        accepted: the last acceptance, or None.
        tips: code lane -> commit now.
        markers: files into which the work brought conflict markers.
        lacking: (work package, lane, commit, the lane's worktree) where what was approved is not in the lane.
        behind: (remote branch, commits that the target lacks), as of the last fetch.
        under_way: missions whose merge into this target waits for a resolution.
        own_conflict: whether this mission's merge waits for one.
        contained: whether the target has all of the mission's code already.
        protected: whether the project says that nobody merges into the target directly.
        untested: why the tests that the project asks for prove nothing of what would be merged; empty where they do.
        started: whether the target was started for this mission: then it is the branch of the pull request.
        coverage: what of it was reviewed.
    """

    slug: str
    target_branch: str
    root: str
    home: str | None
    packages: tuple[PackageState, ...]
    way_home: Command | None = None
    busy: str = ""
    index_locked: str = ""
    identity: bool = True
    lanes_known: bool = True
    open_subtasks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    mapped: tuple[tuple[str, tuple[str, ...]], ...] = ()
    accepted: Accepted | None = None
    tips: Mapping[str, str] = field(default_factory=dict)
    dirty: tuple[DirtyWorktree, ...] = ()
    markers: tuple[Marked, ...] = ()
    missing_branches: tuple[tuple[str, str, Command], ...] = ()
    lacking: tuple[tuple[str, str, str, str], ...] = ()
    behind: tuple[str, int] | None = None
    under_way: tuple[str, ...] = ()
    own_conflict: bool = False
    contained: bool = False
    protected: bool = False
    started: bool = False
    coverage: Coverage = field(default_factory=Coverage)
    untested: str = ""


def unmet(facts: MergeFacts) -> list[Unmet]:
    """Every reason why a mission cannot be merged now, each with the command that removes it."""
    return [
        *_checkout(facts),
        *_acceptance(facts),
        *accept_rules.subtasks(facts.open_subtasks, facts.packages, facts.slug),
        *accept_rules.outdated(facts.mapped, facts.slug),
        *_way(facts),
        *accept_rules.worktrees(facts.dirty),
        *accept_rules.markers(facts.markers),
        *accept_rules.branches(facts.missing_branches),
        *accept_rules.lacking(facts.lacking),
        *accept_rules.unreviewed(facts.coverage, facts.slug),
        *_elsewhere(facts),
    ]


def changed_lanes(accepted: Accepted, tips: Mapping[str, str]) -> list[str]:
    """Lanes that are not what was accepted; one that has gone since (a host merged and deleted it) is none of them."""
    return sorted(lane for lane, tip in tips.items() if accepted.lanes.get(lane) != tip)


def _checkout(facts: MergeFacts) -> list[Unmet]:
    found = []
    if facts.home is None:
        said = f"no checkout has branch {facts.target_branch}, where the mission's documents are written"
        found.append(Unmet("TARGET_NOT_CHECKED_OUT", said, facts.way_home))
    if facts.busy:
        fix = continue_command(facts.home, facts.busy)
        found.append(Unmet("CHECKOUT_BUSY", f"{facts.home} is in the middle of a {facts.busy}", fix))
    if facts.index_locked:
        said = (
            f"git's lock {facts.index_locked} is there: git is at work in {facts.home}, or a crash left it behind; "
            "remove it only if no git runs there"
        )
        found.append(Unmet("INDEX_LOCKED", said, command("rm", facts.index_locked)))
    if not facts.identity:
        said = "git does not know who you are, and a commit needs a name and a mail"
        found.append(Unmet("NO_GIT_IDENTITY", said, introduction(facts.root)))
    return found


def _acceptance(facts: MergeFacts) -> list[Unmet]:
    accept = spec_kitty("accept", "--mission", facts.slug)
    found = []
    # Without a home there may be nothing to read it from.
    if not facts.lanes_known and facts.home is not None:
        fix = spec_kitty("agent mission finalize-tasks", "--mission", facts.slug)
        found.append(Unmet("LANES_MISSING", "lanes.json is missing: nobody knows what to merge", fix))
    if facts.accepted is None:
        found.append(Unmet("NOT_ACCEPTED", f"mission {facts.slug} is not accepted", accept))
    elif changed := changed_lanes(facts.accepted, facts.tips):
        said = f"{', '.join(changed)} changed since mission {facts.slug} was accepted at {facts.accepted.at}"
        found.append(Unmet("ACCEPTANCE_STALE", said, accept))
    elif facts.untested and not facts.contained:
        found.append(Unmet("TESTED_TREE_DIFFERS", facts.untested, accept))
    settled = accept_rules.SETTLED | {Lane.CANCELED}
    return found + [accept_rules.not_approved(each, facts.slug) for each in facts.packages if each.lane not in settled]


def _way(facts: MergeFacts) -> list[Unmet]:
    """What is merged by the host of a pull request is only recorded here, once the target has it."""
    target, slug = facts.target_branch, facts.slug
    if facts.contained or facts.started:
        return []
    if facts.accepted is not None and facts.accepted.mode == PULL_REQUEST:
        said = (
            f"{slug} goes into {target} by a pull request (--mode pr), and {target} does not have it yet: once the "
            "host has merged it, pull"
        )
        fix = git_command(facts.home or facts.root, "pull", "--no-rebase")
        return [Unmet("PULL_REQUEST_OPEN", said, fix, target)]
    if facts.protected:
        said = f"{target} is protected: what goes into it goes by a pull request"
        return [Unmet("PROTECTED_BRANCH", said, spec_kitty("accept", "--mode", "pr", "--mission", slug), target)]
    return []


def _elsewhere(facts: MergeFacts) -> list[Unmet]:
    found = []
    if facts.behind is not None:
        remote, count = facts.behind
        said = f"{facts.target_branch} lacks {count} commit(s) of {remote} (as of the last fetch)"
        # A pull refuses where both sides have commits and no setting says how to bring them together.
        fix = git_command(facts.home or facts.root, "merge", "--no-edit", remote)
        found.append(Unmet("TARGET_BEHIND_REMOTE", said, fix, remote))
    if facts.own_conflict:
        said = f"a merge of {facts.slug} waits for its conflict to be resolved"
        found.append(
            Unmet("MERGE_UNDER_WAY", said, spec_kitty("merge", "--resume", "--mission", facts.slug), facts.slug)
        )
    for slug in facts.under_way:
        said = f"a merge of {slug} into {facts.target_branch} waits for its conflict to be resolved"
        found.append(Unmet("MERGE_UNDER_WAY", said, spec_kitty("merge", "--resume", "--mission", slug), slug))
    return found
