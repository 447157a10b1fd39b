"""Whether the files of work in lane-planning are still those that were approved.

That lane has no branch of its own: its work is on the target from the moment at which it is committed, beside what
others commit there. So the files that a work package owns are compared, not commits: those at its approved head with
those at the target's tip and in the working tree. What others changed there since is shown, not blamed on the mission.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.text import encoded
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.approvals import SETTLED, ReviewRecord
from specify_cli.workspaces.coverage_models import Outdated, Uncovered
from specify_cli.workspaces.scope import owned_paths

# Written by the tool itself, and told by its logs: nobody reviews them as somebody's work.
_OURS = ("status.events.jsonl", "mission-events.jsonl", "status.json", "meta.json", "lanes.json", "merge-receipt.json",
         "landing-receipt.json", "tasks.md", "wps.yaml", "tasks/", "acceptance")  # fmt: skip
_LISTED = ("log", "-z", "--format=%x01%H%x02%an <%ae>%x02%s%x02", "--name-only", "--no-renames")


@frozen
class PlannedCoverage:
    """What became of approved work in lane-planning.

    Args:
        uncovered: commits of the mission's own people that changed it after its approval.
        outdated: files that were edited since and are not committed, or whose approved state is not here.
        others: commits of others that changed it.
    """

    uncovered: tuple[Uncovered, ...] = ()
    outdated: tuple[Outdated, ...] = ()
    others: tuple[Uncovered, ...] = ()


@frozen
class _Change:
    """A commit of the target that touches owned files."""

    commit: str
    author: str
    subject: str
    paths: frozenset[str]


def planned_coverage(
    place: MissionPlace,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest,
    records: Mapping[str, ReviewRecord],
    target: str,
    *,
    elsewhere: Git | None = None,
) -> PlannedCoverage:
    """What became of the approved work in lane-planning.

    Args:
        packages: the work packages that have a prompt file.
        records: where they stand with their reviews.
        target: the target's commit.
        elsewhere: git that puts its objects somewhere else.
    """
    lane = next((each for each in manifest.lanes if each.is_planning), None)
    listed = [each for each in packages if lane is not None and each.id in lane.wp_ids and each.owned_files]
    settled = [each for each in listed if each.id in records and records[each.id].lane in SETTLED]
    if not settled:
        return PlannedCoverage()
    look = _Look(place, elsewhere or place.git, settled, records, target)
    uncovered: list[Uncovered] = []
    others: list[Uncovered] = []
    for package in settled:
        for change, ours in look.changes(package):
            where = uncovered if ours else others
            where.append(_told(change, package, ours=ours))
    return PlannedCoverage(tuple(uncovered), tuple(look.outdated()), tuple(others))


def _told(change: _Change, package: WorkPackage, *, ours: bool) -> Uncovered:
    where = f"after the approval of {package.id}, whose files it changes"
    review = package.id if ours else None
    return Uncovered(change.commit, change.subject, change.author, PLANNING_LANE_ID, review, package.id, None, where)


class _Look:
    """What git says of the approved work packages of lane-planning; each question is asked once."""

    def __init__(
        self,
        place: MissionPlace,
        git: Git,
        packages: Sequence[WorkPackage],
        records: Mapping[str, ReviewRecord],
        target: str,
    ) -> None:
        self._place, self._git, self._packages, self._records, self._target = place, git, packages, records, target
        self._spans: dict[str, frozenset[str]] = {}
        self._found: list[Outdated] = []

    def changes(self, package: WorkPackage) -> Iterator[tuple[_Change, bool]]:
        """Commits that changed what was approved, each with whether the mission's own people made it.

        They are those who made the work, and the commits of the tool itself: it takes along what lies in the mission's
        folder.
        """
        record = self._records[package.id]
        head = record.covers
        if head is None:
            doubt = record.approval.doubt if record.approval else None
            why = f"was {doubt.value}" if doubt else "has no approval"
            self._found.append(Outdated(package.id, (), why))
            return
        differing = self._differing(package, head, record)
        if not differing:
            return
        made = self._authors(package, record.base, head)
        listed = list(self._commits(f"{head}..{self._target}", package))
        for change in listed:
            touched = differing & change.paths
            if touched and not self._seen_by_another(change.commit, touched, package):
                ours = change.subject.startswith(f"spec-kitty({self._place.slug}): ")
                yield change, ours or change.author in made
        if not listed:
            why = f"is not what was approved at {head[:10]}"
            self._found.append(Outdated(package.id, tuple(sorted(differing)), why))

    def outdated(self) -> Iterator[Outdated]:
        """What cannot be told by commits; to be asked last."""
        yield from self._found
        # Outside of the mission's folder an uncommitted file is refused as such.
        own = f"{self._place.relative}/"
        scope = [pattern for package in self._packages for pattern in owned_paths(package)]
        edited = [change.path for change in self._git.changes(*scope)] if self._place.home is not None else []
        edited = [path for path in edited if path.startswith(own) and not self._is_tools(path)]
        for package in self._packages:
            if mine := tuple(path for path in edited if package.manifest.owns(path)):
                yield Outdated(package.id, mine, "was edited after its approval, and is not committed", edited=True)

    def _differing(self, package: WorkPackage, head: str, record: ReviewRecord) -> frozenset[str]:
        try:
            paths = self._git.changed_between(head, self._target, *owned_paths(package))
        except GitFailed:
            owned = record.approval.owned if record.approval else None
            if owned != owned_digest(self._git, self._target, package):
                why = f"was approved at {head[:10]}, which this clone does not have"
                self._found.append(Outdated(package.id, (), why))
            return frozenset()
        return frozenset(path for path in paths if not self._is_tools(path))

    def _is_tools(self, path: str) -> bool:
        own = f"{self._place.relative}/"
        return path.startswith(own) and path.removeprefix(own).startswith(_OURS)

    def _commits(self, span: str, package: WorkPackage) -> Iterator[_Change]:
        said = self._git.run(*_LISTED, span, "--", *owned_paths(package))
        for entry in said.split("\x01")[1:]:
            commit, author, subject, names = entry.split("\x02", 3)
            paths = frozenset(name.lstrip("\n") for name in names.split("\0") if name.strip("\n"))
            yield _Change(commit, author, subject, paths)

    def _authors(self, package: WorkPackage, base: str | None, head: str) -> frozenset[str]:
        span = f"{base}..{head}" if base is not None else head
        words = ("log", "--format=%an <%ae>", *(() if base is not None else ("-n1",)), span)
        return frozenset(self._git.run(*words, "--", *owned_paths(package)).splitlines())

    def _seen_by_another(self, commit: str, paths: frozenset[str], package: WorkPackage) -> bool:
        """Whether another work package's approval is about that commit, and all of these files are its own too."""
        return any(
            commit in self._span(other) and all(map(other.manifest.owns, paths))
            for other in self._packages
            if other.id != package.id
        )

    def _span(self, package: WorkPackage) -> frozenset[str]:
        if package.id not in self._spans:
            record = self._records[package.id]
            known = record.base is not None and record.covers is not None
            commits = self._git.commits(f"{record.base}..{record.covers}") if known else []
            self._spans[package.id] = frozenset(commits)
        return self._spans[package.id]


def owned_digest(git: Git, commit: str, package: WorkPackage) -> str:
    """A digest of the files that a work package owns, as they are in a commit."""
    owned = sorted((path, *entry) for path, entry in git.entries_of(commit).items() if package.manifest.owns(path))
    return sha256(encoded("".join("\0".join(each) + "\n" for each in owned)))
