"""What a mission still wants before it is accepted; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from specify_cli.conditions.ways import way_on
from specify_cli.kernel.commands import Command, command, git_command, spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.paths import add_command
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import mission_branch_name
from specify_cli.status.holders import WORKING
from specify_cli.status.models import Lane
from specify_cli.workspaces import unfinished
from specify_cli.workspaces.coverage_models import Coverage, Outdated, Uncovered
from specify_cli.workspaces.forecast_models import Step
from specify_cli.workspaces.markers import Marked
from specify_cli.workspaces.untangling import Ways

# What a project in a hurry may leave out: warnings under `--lenient`.
LENIENT = frozenset({"ARTIFACT_MISSING", "NEEDS_CLARIFICATION", "REQUIREMENT_UNMAPPED"})
SETTLED = frozenset({Lane.APPROVED, Lane.DONE})
# What each condition says where it holds.
WANTS: Mapping[str, str] = {
    "NO_WORK_PACKAGES": "there is a work package",
    "LANES_MISSING": "every work package has a lane",
    "WP_NOT_APPROVED": "every work package is approved, done or canceled",
    "SUBTASKS_OPEN": "every subtask is ticked",
    "NEEDS_CLARIFICATION": "no question is left in the documents",
    "ARTIFACT_MISSING": "the documents that the mission type wants are there",
    "DOCUMENT_UNFINISHED": "its documents are finished",
    "REQUIREMENT_UNMAPPED": "every requirement has a work package",
    "WORKTREE_BUSY": "no merge or rebase is under way in the worktrees",
    "WORKTREE_DIRTY": "nothing is uncommitted in the worktrees",
    "LANE_BRANCH_MISSING": "the branch of every lane is in this clone",
    "APPROVED_COMMIT_MISSING": "every lane holds what was approved",
    "UNREVIEWED_COMMITS": "every commit that would be merged was reviewed",
    "REVIEW_OUTDATED": "approvals are about the work, and the requirements, as they are now",
    "MERGE_CONFLICT": "the merge would meet no conflict",
    "CONFLICT_MARKERS": "no conflict marker is left in a file",
    "TESTS_UNTRUSTED": "the tests that the project asks for may run in this clone",
}


@frozen
class PackageState:
    """A work package, its lane on the board, and whether it waits for another one."""

    wp_id: str
    lane: Lane
    waits: bool = False


@frozen
class DirtyWorktree:
    """A worktree of the mission with uncommitted files, or in the middle of something.

    Args:
        busy: the operation of git that its user has begun there and not ended.
        unmerged: files in conflict.
        new: those of the files that git does not track.
        gone: those that were staged and are not there any more.
        inside: those that are submodules with uncommitted content of their own.
    """

    lane_id: str
    path: str
    files: tuple[str, ...]
    busy: str = ""
    unmerged: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


@frozen
class TestRun:
    """A command that was run on the forecast merge.

    Args:
        command: as one would type it.
        seconds: how long it took.
        log: the file that holds its output.
        argv: its words, where no shell read it.
        source: `option` for what was typed behind `--test`, `config` for what the project asks for.
        log_sha256: of that file.
    """

    __test__ = False

    command: str
    exit_code: int
    seconds: float
    log: str
    argv: tuple[str, ...] | None = None
    source: str = "option"
    log_sha256: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As the `accepted` event and the JSON answer hold it."""
        return {
            "command": self.command,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "log": self.log,
            "argv": list(self.argv) if self.argv is not None else None,
            "source": self.source,
            "log_sha256": self.log_sha256,
        }


@frozen
class AcceptFacts:
    """What is known of a mission that wants to be accepted.

    Args:
        slug: for the commands.
        folder: the mission's folder below the checkout, for messages.
        packages: every work package, the canceled ones included.
        lanes_known: whether lanes.json exists.
        without_lane: work packages that lanes.json does not know; canceled ones excepted.
        open_subtasks: (work package, subtasks not done); those of canceled ones excepted.
        clarifications: (document, question) left open.
        missing_artifacts: required documents that are missing.
        unmapped: functional requirements that no work package fulfils; those of canceled ones excepted.
        mapped: (work package, requirements that it was given after its approval).
        dirty: worktrees with uncommitted files.
        missing_branches: (lane, branch) that this clone lacks, and the command that brings it back.
        conflicts: steps of the forecast that stop.
        ways_out: (step, file in conflict) -> the command that brings both sides together.
        markers: files into which the work brought conflict markers.
        tests: what was run on the forecast merge.
        bare: whether nothing was set up in the worktree in which it ran.
        has_packages: whether such a mission consists of work packages, and not of documents alone.
        unfinished: what documents still lack, where they are all that the mission consists of.
        lacking: (work package, lane, commit, the lane's worktree) where what was approved is not in the lane.
        coverage: what of it was reviewed.
        untrusted: why the tests that the project asks for do not run in this clone.
    """

    slug: str
    folder: str
    packages: tuple[PackageState, ...]
    lanes_known: bool = True
    without_lane: tuple[str, ...] = ()
    open_subtasks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    clarifications: tuple[tuple[str, str], ...] = ()
    missing_artifacts: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    mapped: tuple[tuple[str, tuple[str, ...]], ...] = ()
    dirty: tuple[DirtyWorktree, ...] = ()
    missing_branches: tuple[tuple[str, str, Command], ...] = ()
    conflicts: tuple[Step, ...] = ()
    ways_out: Ways = field(default_factory=dict)
    markers: tuple[Marked, ...] = ()
    tests: tuple[TestRun, ...] = ()
    bare: bool = False
    has_packages: bool = True
    unfinished: tuple[str, ...] = ()
    lacking: tuple[tuple[str, str, str, str], ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    untrusted: Unmet | None = None

    @property
    def canceled(self) -> tuple[str, ...]:
        """Work packages that were given up."""
        return tuple(package.wp_id for package in self.packages if package.lane is Lane.CANCELED)


def unmet(facts: AcceptFacts) -> list[Unmet]:
    """Every condition of acceptance that does not hold, each with the command that meets it."""
    return [
        *_packages(facts),
        *outdated(facts.mapped, facts.slug),
        *subtasks(facts.open_subtasks, facts.packages, facts.slug),
        *_documents(facts),
        *worktrees(facts.dirty),
        *branches(facts.missing_branches),
        *lacking(facts.lacking),
        *unreviewed(facts.coverage, facts.slug),
        *conflicts(facts.conflicts, facts.ways_out, facts.slug),
        *markers(facts.markers),
        *([facts.untrusted] if facts.untrusted else ()),
        *failed_tests(facts.tests, bare=facts.bare),
    ]


def split(found: Sequence[Unmet], *, lenient: bool) -> tuple[list[Unmet], list[Unmet]]:
    """What stands in the way, and what is only a warning."""
    allowed = LENIENT if lenient else frozenset()
    return [each for each in found if each.code not in allowed], [each for each in found if each.code in allowed]


def _packages(facts: AcceptFacts) -> list[Unmet]:
    found: list[Unmet] = []
    finalize = spec_kitty("agent mission finalize-tasks", "--mission", facts.slug)
    if not facts.packages and not facts.has_packages:
        return found
    if not facts.packages:
        plan = spec_kitty("next", "--agent", "NAME", "--mission", facts.slug)
        found.append(Unmet("NO_WORK_PACKAGES", "the mission has no work package", plan))
    elif not facts.lanes_known:
        found.append(Unmet("LANES_MISSING", "lanes.json is missing: nobody knows what would be merged", finalize))
    elif facts.without_lane:
        said = f"lanes.json does not know {', '.join(facts.without_lane)}"
        found.append(Unmet("LANES_MISSING", said, finalize))
    found += [not_approved(each, facts.slug) for each in facts.packages if each.lane not in SETTLED | {Lane.CANCELED}]
    if facts.packages and all(each.lane is Lane.CANCELED for each in facts.packages):
        said = f"every work package is canceled: plan another one in {facts.folder}/tasks.md"
        found.append(Unmet("NO_WORK_PACKAGES", said, None))
    return found


def not_approved(package: PackageState, slug: str) -> Unmet:
    """A work package that is neither approved nor done, with the next command for it."""
    wp_id, lane = package.wp_id, package.lane
    waits = package.waits and lane is Lane.PLANNED
    fix = spec_kitty("why", wp_id, "--mission", slug) if waits else way_on(wp_id, lane, slug)
    return Unmet("WP_NOT_APPROVED", f"{wp_id} is {lane}, not approved", fix, wp_id)


def subtasks(
    still_open: Sequence[tuple[str, Sequence[str]]], packages: Sequence[PackageState], slug: str
) -> list[Unmet]:
    """Work packages with subtasks that are not ticked."""
    lanes = {package.wp_id: package.lane for package in packages}
    return [_unticked(wp_id, ids, lanes.get(wp_id), slug) for wp_id, ids in still_open]


def _unticked(wp_id: str, ids: Sequence[str], lane: Lane | None, slug: str) -> Unmet:
    """Subtasks that are not ticked: whoever does the work ticks them, and nobody ticks what was not begun."""
    said, at = f"{wp_id}: not ticked: {', '.join(ids)}", ("--mission", slug)
    fix = None
    if lane in WORKING:
        fix = spec_kitty("agent tasks mark-status", *ids, "--status", "done", *at)
    elif lane in (Lane.PLANNED, Lane.BLOCKED):
        fix = way_on(wp_id, lane, slug)
    else:
        said += "; what is done is ticked with `agent tasks mark-status`, and what is not goes back to its implementer"
    return Unmet("SUBTASKS_OPEN", said, fix, wp_id)


def _documents(facts: AcceptFacts) -> list[Unmet]:
    found = []
    for name, question in facts.clarifications:
        said = f"{facts.folder}/{name} leaves a question open: {question}; answer it there and take the marker away"
        found.append(Unmet("NEEDS_CLARIFICATION", said, None, name))
    for name in facts.missing_artifacts:
        if name == "lanes.json" and not facts.lanes_known:
            continue  # told already
        fix = None
        if name == "plan.md":
            fix = spec_kitty("agent mission setup-plan", "--mission", facts.slug)
        elif name == "lanes.json":
            fix = spec_kitty("agent mission finalize-tasks", "--mission", facts.slug)
        elif not (facts.lanes_known and facts.has_packages):
            fix = spec_kitty("next", "--agent", "NAME", "--mission", facts.slug)
        found.append(Unmet("ARTIFACT_MISSING", f"{name} is missing or empty", fix, name))
    fix = spec_kitty("next", "--agent", "NAME", "--mission", facts.slug)
    found += [Unmet("DOCUMENT_UNFINISHED", said, fix) for said in facts.unfinished]
    if facts.unmapped:
        refs = ",".join(facts.unmapped)
        said = f"no work package fulfils {', '.join(facts.unmapped)}: {_who_could(facts)}"
        fix = spec_kitty("agent tasks map-requirements", "--wp", "WP", "--refs", refs, "--mission", facts.slug)
        found.append(Unmet("REQUIREMENT_UNMAPPED", said, fix if _open(facts) else None, refs))
    return found


def _open(facts: AcceptFacts) -> list[str]:
    """Work packages that nobody has approved yet: what they are to fulfil can still be done and reviewed."""
    return [each.wp_id for each in facts.packages if each.lane not in SETTLED | {Lane.CANCELED}]


def _who_could(facts: AcceptFacts) -> str:
    left = _open(facts)
    plan = f"plan one in {facts.folder}/tasks.md"
    if not left:
        return f"{plan}, for what is approved was reviewed without it"
    return f"{plan}, or let one do it that is not approved yet ({some(left)})"


def worktrees(dirty: Sequence[DirtyWorktree]) -> list[Unmet]:
    """Worktrees with uncommitted files, and those in which a merge or the like is not ended."""
    return [_busy(each) if each.busy or each.unmerged else _uncommitted(each) for each in dirty]


def _busy(tree: DirtyWorktree) -> Unmet:
    """Committing all that is there would make a commit of a half-done merge, so no such command is offered."""
    said = unfinished.in_words(tree.path, tree.busy, tree.unmerged)
    fix = unfinished.next_command(tree.path, tree.busy, tree.unmerged)
    return Unmet("WORKTREE_BUSY", f"{tree.lane_id}: {said}", fix, tree.lane_id)


def _uncommitted(tree: DirtyWorktree) -> Unmet:
    if tree.files == tree.new:
        return _left(tree)
    kept = [file for file in tree.files if file not in tree.gone]
    if not kept:
        said = f"{tree.lane_id}: staged in {tree.path}, and removed since: {some(tree.gone)}"
        return Unmet("WORKTREE_DIRTY", said, git_command(tree.path, "reset", "--", *tree.gone), tree.lane_id)
    said = f"{tree.lane_id}: uncommitted in {tree.path}: {some(kept)}"
    fix = unfinished.keep_inside(tree.path, tree.inside) if tree.inside else _keep(tree.path, kept)
    return Unmet("WORKTREE_DIRTY", said, fix, tree.lane_id)


def _keep(path: str, files: Sequence[str]) -> Command:
    """Commit these files and nothing else: a checkout in which planning is done holds files of its user."""
    return add_command(path, *files).then("git", "-C", path, "commit", "-m", "Keep what was left", "--", *files)


def _left(tree: DirtyWorktree) -> Unmet:
    """New files in no commit. What is kept has to be committed and reviewed: the worktree goes with the merge."""
    drop = git_command(tree.path, "clean", "-f", "--", *tree.new)
    said = f"{tree.lane_id}: in no commit in {tree.path}: {some(tree.new)}; commit what you keep"
    said += f", remove the rest with `{drop}`"
    return Unmet("WORKTREE_DIRTY", said, _keep(tree.path, tree.new), tree.lane_id)


def branches(missing: Sequence[tuple[str, str, Command]]) -> list[Unmet]:
    """Lanes whose branch this clone lacks."""
    return [
        Unmet("LANE_BRANCH_MISSING", f"{lane_id}: its branch {branch} is not in this clone", fix, lane_id)
        for lane_id, branch, fix in missing
    ]


def markers(found: Sequence[Marked]) -> list[Unmet]:
    """Files with conflict markers, each with the command that shows them; they are removed by hand."""
    return [Unmet("CONFLICT_MARKERS", each.what, each.look, each.path) for each in found]


def lacking(missing: Sequence[tuple[str, str, str, str]]) -> list[Unmet]:
    """Lanes that no longer hold what was approved."""
    return [
        Unmet(
            "APPROVED_COMMIT_MISSING",
            f"{lane_id} lacks {commit[:10]}, the commit of {wp_id} that was approved",
            git_command(tree, "merge", "--no-edit", commit),
            wp_id,
        )
        for wp_id, lane_id, commit, tree in missing
    ]


def unreviewed(coverage: Coverage, slug: str) -> list[Unmet]:
    """Commits that would be merged and that no review covers, each kind with the move that has them reviewed."""
    kinds: dict[tuple[str | None, str | None, str | None, str], list[Uncovered]] = {}
    for each in coverage.uncovered:
        kinds.setdefault((each.lane_id, each.review, each.before, each.why), []).append(each)
    found = [
        Unmet(
            "UNREVIEWED_COMMITS",
            f"{lane_id or 'the mission branch'}: no review covers {some([_commit(each) for each in listed], 3)}: {why}",
            _to_review(coverage, lane_id, review, before, slug),
            review or before or lane_id,
        )
        for (lane_id, review, before, why), listed in kinds.items()
    ]
    return found + [_outdated(coverage, each, slug) for each in coverage.outdated]


def _commit(commit: Uncovered) -> str:
    return f"{commit.commit[:10]} ({commit.subject}, {commit.author})"


def _to_review(
    coverage: Coverage, lane_id: str | None, review: str | None, before: str | None, slug: str
) -> Command | None:
    if review is not None:
        return review_again(review, slug, "there are commits that no review covers")
    if before is not None:
        # Its range has to begin below them: its next hand-over, another review or the next claim sees to that.
        lane = coverage.records[before].lane if before in coverage.records else None
        if lane in (Lane.APPROVED, Lane.DONE):
            return review_again(before, slug, "there are commits below it that no review covers")
        if lane in (Lane.CLAIMED, Lane.IN_PROGRESS):
            return way_on(before, lane, slug)
        move = ("agent tasks move-task", before, "--to", "planned", "--review-feedback-file", "FILE")
        return spec_kitty(*move, "--mission", slug)
    if lane_id is None and coverage.worktree is not None:
        # In a lane its review can take them in; the next refusal names that review.
        return git_command(coverage.worktree, "merge", "--no-edit", mission_branch_name(slug))
    return None


def review_again(wp_id: str, slug: str, note: str) -> Command:
    """The move that has approved work reviewed once more, as it is now."""
    return spec_kitty("agent tasks move-task", wp_id, "--to", "for_review", "--note", note, "--mission", slug)


def outdated(mapped: Sequence[tuple[str, tuple[str, ...]]], slug: str) -> list[Unmet]:
    """Work packages that were approved before somebody gave them a requirement."""
    return [
        Unmet(
            "REVIEW_OUTDATED",
            f"{wp_id} was approved before it was to fulfil {some(refs)}",
            review_again(wp_id, slug, f"{some(refs)} came after its approval"),
            wp_id,
        )
        for wp_id, refs in mapped
    ]


def _outdated(coverage: Coverage, work: Outdated, slug: str) -> Unmet:
    """Approved work in lane-planning that is not what was approved: what was edited is committed, then reviewed."""
    fix = review_again(work.wp_id, slug, f"it {work.why}")
    if work.edited and coverage.home is not None:
        message = f"{work.wp_id}: changed after its approval"
        add = add_command(coverage.home, *work.paths)
        fix = add.then("git", "-C", coverage.home, "commit", "-m", message, "--", *work.paths)
    files = f": {some(work.paths)}" if work.paths else ""
    return Unmet("REVIEW_OUTDATED", f"{work.wp_id} {work.why}{files}", fix, work.wp_id)


def conflicts(steps: Sequence[Step], ways_out: Ways, slug: str) -> list[Unmet]:
    """Files on which the forecast merge stops, each with the merge that lets a person settle it in a lane."""
    return [
        Unmet(
            "MERGE_CONFLICT",
            f"{clash.path}: changed by {' and '.join(clash.wps)} and by {' and '.join(clash.others)}",
            ways_out.get((step.name, clash.path), spec_kitty("merge", "--dry-run", "--mission", slug)),
            clash.path,
        )
        for step in steps
        for clash in step.clashes
    ]


def failed_tests(tests: Sequence[TestRun], *, bare: bool = False) -> list[Unmet]:
    """Commands that failed on the forecast merge.

    Args:
        bare: whether nothing was set up in the worktree in which they ran.
    """
    lacks = (
        ". Nothing was set up in the worktree where it ran, by `worktree.copy` or the hook `worktree-setup`: what git "
        "does not track, such as generated files and installed packages, is not there"
    )
    return [
        Unmet(
            "TEST_FAILED",
            f"{test.command!r} ended with {test.exit_code} on the forecast merge{lacks if bare else ''}",
            command("cat", test.log),
            test.command,
        )
        for test in tests
        if test.exit_code != 0
    ]
