"""A receipt checked: its merges computed again, in a throw-away object database. Nothing in it is ever run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

from specify_cli.core.mission_target import begun_at
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.merge import plan
from specify_cli.merge import receipt as receipts
from specify_cli.merge.landing_commits import LANDED
from specify_cli.merge.receipt import RECEIPT, ReadLane, Receipt
from specify_cli.status.reading import read_status
from specify_cli.workspaces.forecast_models import Outcome
from specify_cli.workspaces.trees import Workbench, same_code, throw_away

LANDING = "landing-receipt.json"


class Verdict(StrEnum):
    """What a receipt is worth."""

    RIGHT = "right"
    INVALID = "invalid"
    MISMATCH = "mismatch"
    UNCHECKABLE = "uncheckable"
    REWRITTEN = "rewritten"


@frozen
class Verified:
    """One thing that is to be said of a receipt.

    Args:
        said: what is so, completing «the receipt of <mission> …».
        fix: a command to look closer.
    """

    verdict: Verdict
    said: str
    fix: Command | None = None


def verify_landing(place: MissionPlace) -> list[Verified]:
    """What is to be said of the receipt of a landing; nothing where there is none. Nothing is written.

    Raises:
        Refused, Unavailable: the repository cannot be read.
    """
    text, where = place.read(LANDING), place.where(LANDING)
    if text is None:
        return []
    look = git_command(place.git.root, "log", "-p", "--", where)
    try:
        data = files.parse_json(text, where)
        named: Any = data["target"], data["mission"], data["result"]
        before, tip, tree = (str(part[key]) for part, key in zip(named, ("before", "tip", "tree"), strict=True))
        outcome, id_now = str(named[2]["outcome"]), data["mission_id"]
    except (Refused, KeyError, TypeError) as error:
        said = error.message if isinstance(error, Refused) else f"is none that this version can read: {error!r}"
        return [Verified(Verdict.INVALID, said, look)]
    if id_now != place.mission_id:
        return [Verified(Verdict.MISMATCH, f"of its landing is that of {id_now}", look)]
    if not all(each.isalnum() and place.git.kind_of(each) == "commit" for each in (before, tip)):
        return [Verified(Verdict.UNCHECKABLE, "of its landing cannot be checked: this clone lacks the commits")]
    if outcome == Outcome.MERGED:
        with throw_away(place) as git:
            bench = Workbench(place, elsewhere=git)
            merged = bench.merge(before, tip)
            if merged.conflicts or bench.with_folder_of(merged.tree, tip) != tree:
                return [Verified(Verdict.MISMATCH, f"of its landing says tree {_short(tree)}, and it is not", look)]
    return [Verified(Verdict.RIGHT, "of its landing is right")]


def verify(place: MissionPlace) -> list[Verified]:
    """What is to be said of a mission's receipt; nothing where it has none. Nothing is written.

    Raises:
        Refused, Unavailable: a log or the repository cannot be read.
    """
    text = place.read(RECEIPT)
    if text is None:
        return []
    look = git_command(place.git.root, "log", "-p", "--", place.where(RECEIPT))
    try:
        found = receipts.parsed(files.parse_json(text, place.where(RECEIPT)))
    except Refused as error:
        return [Verified(Verdict.INVALID, f"cannot be read: {error.message}", look)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [Verified(Verdict.INVALID, f"is none that this version can read: {error}", look)]
    if (found.slug, found.mission_id) != (place.slug, place.mission_id):
        return [Verified(Verdict.MISMATCH, f"is that of {found.slug} ({found.mission_id})", look)]
    wrong = [
        Verified(Verdict.MISMATCH, said, look)
        for said in (*_against_log(place, found), *_against_acceptance(place, found))
    ]
    there = _present(place.git, found)
    with throw_away(place) as git:
        wrong += [Verified(Verdict.MISMATCH, said, look) for said in _Again(place, git, found, there).differences()]
    return wrong or _history(place, found, there)


def _against_log(place: MissionPlace, found: Receipt) -> Iterator[str]:
    events = read_status(place).mission_events
    closed = [each for each in events if each.type == "mission_closed" and each.data.get("outcome") != LANDED]
    told = closed[-1].data.get("merged_commit") if closed else None
    if told is not None and told != found.commit:
        yield f"names commit {found.commit[:10]}, and the log says that {str(told)[:10]} was made"


def _against_acceptance(place: MissionPlace, found: Receipt) -> Iterator[str]:
    """A receipt that says «tested» rests on an acceptance with tests, of the tree that was merged."""
    if not found.tested:
        return
    events = [each for each in read_status(place).mission_events if each.type == "accepted"]
    event = next((each for each in events if each.event_id == found.acceptance), None)
    if event is not None and (not event.data.get("tests") or event.data.get("tree") != found.tested_tree):
        yield "says that what was merged was tested, and the acceptance tells of no such tests"
    tree, merged = found.tested_tree, found.tree
    here = tree is not None and place.git.kind_of(tree) == "tree" and place.git.kind_of(merged) == "tree"
    if tree is None or (here and not same_code(place, place.git, tree, merged)):
        yield f"says that what was merged was tested, and the tests ran on another tree, {_short(tree)}"


def _present(git: Git, found: Receipt) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Commit -> its tree and its parents, of those that are in this clone."""
    read = zip(found.commits, git.commit_objects(found.commits), strict=True)
    return {commit: data for commit, data in read if data is not None}


def _history(place: MissionPlace, found: Receipt, there: Mapping[str, object]) -> list[Verified]:
    target = f"refs/heads/{place.target_branch}"
    if place.git.branch_tip(place.target_branch) is None and begun_at(place.meta, ()):
        # It has landed on another branch as one commit, and its own is kept by a reference of ours, if at all.
        target = f"{plan.merged_ref(place.slug, LANDED)}"
        if place.git.resolve(target) is None:
            said = f"cannot be checked as a whole: this clone does not have {place.target_branch}, which has landed"
            return [Verified(Verdict.UNCHECKABLE, said)]
    if found.commit not in there or not place.git.is_ancestor(found.commit, target):
        said = f"names {found.commit[:10]}, which {place.target_branch} does not have: its history was rewritten since"
        return [Verified(Verdict.REWRITTEN, said)]
    missing = [lane.lane_id for lane in found.lanes if lane.tip is not None and lane.tip not in there]
    if missing:
        said = f"cannot be checked as a whole: this clone does not have the commits of {', '.join(missing)}"
        return [Verified(Verdict.UNCHECKABLE, said)]
    return [Verified(Verdict.RIGHT, "is right: the merge computed again gives the same")]


class _Again:
    """A merge computed again, as far as its commits are here."""

    def __init__(
        self, place: MissionPlace, git: Git, found: Receipt, there: Mapping[str, tuple[str, tuple[str, ...]]]
    ) -> None:
        self._bench = Workbench(place, elsewhere=git)
        self._git, self._found, self._there = git, found, there

    def differences(self) -> Iterator[str]:
        """Everything in which the receipt is wrong."""
        current: str | None = self._found.mission or self._found.target
        tips: list[str] = []
        for lane in self._found.lanes:
            if lane.tip is not None and lane.tip in self._there and lane.tree != self._there[lane.tip][0]:
                yield f"says that {lane.lane_id} was tree {_short(lane.tree)}, and it was not"
            if lane.in_target and lane.tip is not None:
                tips.append(lane.tip)
            if lane.outcome in (Outcome.MERGED, Outcome.RESOLVED):
                yield from self._lane(lane, current)
                current = self._joined(lane.merged_tree, current, lane.tip)
        yield from self._result(current, tips)

    def _lane(self, lane: ReadLane, current: str | None) -> Iterator[str]:
        what = f"merging {lane.lane_id}"
        if lane.outcome == Outcome.MERGED:
            yield from self._merged(what, current, lane.tip, lane.merged_tree)
        made = self._there.get(lane.merged_commit or "")
        if made is not None and (made[0] != lane.merged_tree or lane.tip not in made[1]):
            yield f"says that {what} made {_short(lane.merged_commit)}, and that commit holds something else"

    def _result(self, current: str | None, tips: list[str]) -> Iterator[str]:
        found = self._found
        if found.outcome == Outcome.CONTAINED:
            if found.commit != found.target:
                yield f"says that nothing came in, and names another commit, {found.commit[:10]}"
            return
        if found.outcome == Outcome.MERGED:
            ours: str | None = found.target
            if tips:
                ours = self._joined(self._tree(found.target), found.target, *tips)
            yield from self._merged("merging the mission", ours, current, found.tree)
        made = self._there.get(found.commit)
        if made is None:
            return
        if made[0] != found.tree:
            yield f"says that {found.commit[:10]} is tree {_short(found.tree)}, and it is not"
        if not self._stands_on_target(made[1]):
            yield f"says that {found.commit[:10]} was made on top of {found.target[:10]}, and it was not"

    def _stands_on_target(self, parents: tuple[str, ...]) -> bool:
        """Whether the commit's parents, with the strategy rebase those of the row's first, are what they must be."""
        found = self._found
        if found.strategy != "rebase":
            return parents[:1] == (found.target,) and len(parents) == (2 if found.strategy == "merge" else 1)
        row = [found.target, *found.picks]
        known = [(before, self._there.get(after)) for before, after in pairwise(row)]
        return row[-1] == found.commit and all(made is None or made[1] == (before,) for before, made in known)

    def _merged(self, what: str, ours: str | None, theirs: str | None, tree: str | None) -> Iterator[str]:
        """The merge of two commits against the tree that it is said to have given; nothing where one is not here."""
        if ours is None or theirs is None or not self._has(ours) or not self._has(theirs):
            return
        merged = self._bench.merge(ours, theirs)
        if merged.conflicts:
            yield f"says that {what} was clean, and {', '.join(merged.conflicts[:3])} is in conflict"
        elif merged.tree != tree:
            again = f"and it gives {merged.tree[:10]}: changed by hand, or merged under other settings of git"
            yield f"says that {what} gave tree {_short(tree)}, {again}"

    def _joined(self, tree: str | None, *parents: str | None) -> str | None:
        """A commit that stands for a merge that was made; None where one of its parents is not here."""
        if tree is None or self._git.kind_of(tree) != "tree":
            return None
        here = [each for each in parents if each is not None and self._has(each)]
        return self._bench.passing_commit(tree, *here) if len(here) == len(parents) else None

    def _has(self, commit: str) -> bool:
        return commit in self._there or self._git.kind_of(commit) == "commit"

    def _tree(self, commit: str) -> str | None:
        return self._there[commit][0] if commit in self._there else None


def _short(name: str | None) -> str:
    return name[:10] if name else "none"
