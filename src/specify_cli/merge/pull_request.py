"""Delivering an accepted mission by a pull request, for a host to merge.

The branch that is pushed has all of the mission in it: the mission's own target where that was started for it and the
mission is merged there, else a merge of all lanes and the target that no branch of this clone knows. Everything can be
repeated: what is pushed is not pushed again, and a pull request that is open is named, not opened twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from specify_cli.conditions.accept_facts import canceled_in, last_acceptance
from specify_cli.context.missions import place_of
from specify_cli.context.overview import merging
from specify_cli.core.documents import functional_requirements, goal_of
from specify_cli.core.mission_target import started_from
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace, runtime_folder
from specify_cli.kernel import files, locks
from specify_cli.kernel.commands import Command, command, git_command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, Refused, Unavailable
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import is_mission_branch
from specify_cli.merge import github, plan, pull_text
from specify_cli.merge.case import titles_of
from specify_cli.merge.engine import Examined, examine
from specify_cli.merge.remote import ask, push_of
from specify_cli.mission_metadata import PULL_REQUEST
from specify_cli.status.holders import self_reviewed
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces.arrived import pull_ref
from specify_cli.workspaces.forecast_models import Forecast


class Stage(StrEnum):
    """How far the delivery is.

    `unmerged`: the mission has to be merged into its own branch first; `pushed`: a person opens the pull request;
    `opened` now, `open` before, `merged` by the host.
    """

    UNMERGED = "unmerged"
    PUSHED = "pushed"
    OPENED = "opened"
    OPEN = "open"
    MERGED = "merged"


@frozen
class Delivery:
    """A pull request, as far as it is.

    Args:
        remote, head, base: the branch `head` of the remote is to go into `base`.
        commit: what `head` is at.
        url: the pull request; of a stage before it, the page on which a person opens it. None where nobody knows.
        body_file: its text, to be copied.
    """

    stage: Stage
    slug: str
    remote: str
    head: str
    base: str | None = None
    commit: str | None = None
    url: str | None = None
    title: str | None = None
    body_file: str | None = None
    pushed: bool = False

    @property
    def next_step(self) -> str:
        """What a person does next; what follows a `git pull` is for when the host has merged it."""
        if not is_mission_branch(self.head) and self.stage is not Stage.UNMERGED:
            return command("git", "switch", self.base).then("git", "pull")
        return merging(self.slug, by_host=bool(self.url) or self.stage is Stage.PUSHED)

    def to_dict(self) -> dict[str, object]:
        """The value of `pull_request` in answers."""
        return {
            "stage": self.stage.value, "remote": self.remote, "head": self.head, "base": self.base,
            "commit": self.commit, "url": self.url, "title": self.title, "body_file": self.body_file,
            "pushed": self.pushed,
        }  # fmt: skip


def way(place: MissionPlace, config: Config, mode: str) -> str:
    """The mode of an acceptance; `auto` is that of the last one, else `pr` where the project protects the branch.

    Raises:
        Refused: `NO_REMOTE`, for `pr`.
    """
    if mode == "auto":
        facts = read_status(place).mission_events
        before = last_acceptance(facts)
        protected = {place.target_branch, started_from(facts)}.intersection(config.protected)
        mode = before.mode if before else PULL_REQUEST if protected else "local"
    if mode == PULL_REQUEST:
        place.repo.require_git()
        push_of(place, place.target_branch)
    return mode


def after_merge(place: MissionPlace) -> Delivery | None:
    """What is delivered once a mission is merged here: its own branch, where it was accepted for a pull request."""
    place = place_of(place.repo, place.slug) or place
    facts = read_status(place).mission_events
    accepted = last_acceptance(facts)
    if started_from(facts) is not None and accepted is not None and accepted.mode == PULL_REQUEST:
        return deliver(place)
    if (kept := place.git.resolve(pull_ref(place.slug))) is not None:
        place.git.delete_ref(pull_ref(place.slug), kept)
    return None


def deliver(place: MissionPlace) -> Delivery:
    """Push the branch of an accepted mission and open its pull request, as far as that is not done.

    Raises:
        Refused: `NO_REMOTE`, `BASE_NOT_ON_REMOTE`; the merge would meet conflicts.
        Conflict: `PUSH_REJECTED`, `LOCKED`.
        Unavailable: `REMOTE_UNREACHABLE`; `PULL_REQUEST_FAILED`: it is pushed, and gh could do no more.
    """
    with locks.held(place.state / "locks" / f"{place.key}.pull.lock", doing=f"deliver {place.slug}"):
        place = place_of(place.repo, place.slug) or place
        seen = examine(place)
        remote = push_of(place, place.target_branch).remote
        start = started_from(seen.status.mission_events)
        if start is not None:
            return _own_branch(place, seen, remote, start)
        return _mission_branch(place, seen, remote)


def _own_branch(place: MissionPlace, seen: Examined, remote: str, start: str) -> Delivery:
    merged = seen.merge is not None and seen.merge.is_contained and place.meta.get("merged_at")
    target = place.target_branch
    if not merged:
        return Delivery(Stage.UNMERGED, place.slug, remote, target, start or None)
    told = ask(place, remote, target, *filter(None, [start]))
    base = start if start in told.tips else told.default
    if base in (None, target):
        raise _no_base(place, remote, start or "main")
    return _delivered(place, seen, Delivery(Stage.PUSHED, place.slug, remote, target, base), told.tips)


def _mission_branch(place: MissionPlace, seen: Examined, remote: str) -> Delivery:
    merge, base = seen.merge, place.target_branch
    if merge is None or merge.conflicts:
        clashes = sorted({clash.path for step in merge.conflicts for clash in step.clashes}) if merge else []
        raise Refused(
            f"{place.slug} cannot be merged as it is now: {', '.join(clashes[:5]) or 'nothing is planned'}",
            "NOT_ACCEPTABLE",
            hint=spec_kitty("accept", "--mission", place.slug),
        )
    told = Delivery(Stage.MERGED, place.slug, remote, merge.mission_branch, base)
    if merge.is_contained:
        return told
    branches = ask(place, remote, base, told.head)
    if base not in branches.tips:
        raise _no_base(place, remote, base)
    return _delivered(place, seen, told, branches.tips, _commit(place, seen.packages, seen.status, merge))


def _commit(place: MissionPlace, packages: Sequence[WorkPackage], status: Status, merge: Forecast) -> str:
    """A commit with the tree of the forecast; the one that was pushed last where that has it all, else its child."""
    git, before = place.git, place.git.resolve(pull_ref(place.slug))
    first = before or merge.target
    coming = [tip for tip in dict.fromkeys([merge.target, merge.mission, *merge.tips.values()]) if tip]
    more = [tip for tip in coming if not git.is_ancestor(tip, first)]
    if before is not None and not more and git.tree_of(before) == merge.tree:
        return before
    heads = git.run("merge-base", "--independent", *more).split() if len(more) > 1 else more
    canceled = canceled_in(status.snapshot)
    wps = [wp_id for lane in merge.code_lanes for wp_id in lane.wp_ids if wp_id not in canceled]
    message = plan.code_message(titles_of(place, packages), wps, place.mission_id)
    made = git.commit_tree(merge.tree, [first, *(tip for tip in more if tip in heads)], message)
    git.update_refs([RefUpdate(pull_ref(place.slug), before or ZERO, made)], f"spec-kitty({place.slug}): pull request")
    return made


def _delivered(
    place: MissionPlace, seen: Examined, told: Delivery, there: dict[str, str], commit: str | None = None
) -> Delivery:
    commit = commit or place.git.run("rev-parse", f"refs/heads/{told.head}").strip()
    pushed = there.get(told.head) != commit
    if pushed:
        _push(place, told, commit)
    story = _story(place, seen)
    body = runtime_folder(place, "pull-requests") / f"{place.slug}.md"
    files.atomic_write(body, pull_text.body_of(story))
    title, base = pull_text.title_of(story), told.base or ""
    try:
        found = github.pull_request(place.git.root, github.Wanted(base, told.head, commit, title, body))
    except Unavailable as error:
        raise Unavailable(
            f"{told.head} is pushed to {told.remote}, and its pull request could not be opened: {error.message}",
            "PULL_REQUEST_FAILED",
            hint=opening(told.head, base, title, str(body)),
            details={"head": told.head, "base": base, "commit": commit, "body_file": str(body)},
        ) from error
    if found is None:
        stage, url = Stage.PUSHED, pull_text.compare_url(_address(place, told.remote), base, told.head)
    else:
        stage, url = Stage.MERGED if found.merged else Stage.OPENED if found.opened else Stage.OPEN, found.url
    return Delivery(stage, told.slug, told.remote, told.head, base, commit, url, title, str(body), pushed)


def opening(head: str, base: str, title: str, body_file: str) -> Command:
    """The command with which a person opens a pull request."""
    words = (f"--base={base}", f"--head={head}", f"--title={title}", f"--body-file={body_file}")
    return command("gh", "pr", "create", *words)


def _push(place: MissionPlace, told: Delivery, commit: str) -> None:
    done = place.git.push(told.remote, f"{commit}:refs/heads/{told.head}")
    if done.code != 0:
        root, remote, head = place.git.root, told.remote, told.head
        raise Conflict(
            f"{told.remote} refused {told.head}: {done.said}",
            "PUSH_REJECTED",
            hint=git_command(root, "fetch", remote, head).then(
                "git", "-C", root, "log", "--oneline", f"{commit[:10]}..FETCH_HEAD"
            ),
            details={"head": told.head, "commit": commit, "kept": "everything"},
        )


def _story(place: MissionPlace, seen: Examined) -> pull_text.Story:
    events, spec = seen.status.events, place.read("spec.md") or place.read("mission.md") or ""
    reviews = ((each.wp_id, each.evidence.review) for each in events if each.to_lane is Lane.APPROVED and each.evidence)
    return pull_text.Story(
        place.slug,
        place.mission_id,
        str(place.meta.get("friendly_name") or place.slug),
        goal_of(spec),
        seen.packages,
        {wp_id: review.reviewer for wp_id, review in reviews},
        canceled_in(seen.status.snapshot),
        self_reviewed(events),
        functional_requirements(spec),
        last_acceptance(seen.status.mission_events),
    )


def _address(place: MissionPlace, remote: str) -> str:
    return place.git.call("remote", "get-url", remote).out.strip()


def _no_base(place: MissionPlace, remote: str, base: str) -> Refused:
    return Refused(
        f"{remote} has no branch {base} that a pull request could go into",
        "BASE_NOT_ON_REMOTE",
        hint=git_command(place.repo.root, "push", remote, base),
    )
