"""Everything new in a clone goes to the server: collected, then sent, events before the documents they announce."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, ids
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.http import HttpAnswer
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.sync import body_transport
from specify_cli.sync.account import Account
from specify_cli.sync.batch import BATCH, BatchRun, BatchSyncResult, Stop, sending
from specify_cli.sync.body_queue import OfflineBodyUploadQueue
from specify_cli.sync.body_transport import BodyReport
from specify_cli.sync.client import SaasClient
from specify_cli.sync.collect import Collected, Collector
from specify_cli.sync.config import SyncConfig, load_config
from specify_cli.sync.emitter import Origin
from specify_cli.sync.git_metadata import GitMetadataResolver
from specify_cli.sync.profiles import Profile
from specify_cli.sync.project_identity import ProjectIdentity, ensure_identity
from specify_cli.sync.queue import OfflineQueue
from specify_cli.sync.runtime import runtime_of

DEFAULT_TIMEOUT = 60.0

Tell = Callable[[int, int], None]
Places = Callable[[], Sequence[MissionPlace]]


@frozen
class Delivery:
    """What a run did.

    Args:
        collected: what was taken in from journals and documents.
        events: what became of the events that waited.
        bodies: what became of the documents' texts.
        waiting: events that wait still.
        waiting_bodies: texts that wait still.
    """

    collected: Collected
    events: BatchSyncResult
    bodies: BodyReport = field(default_factory=BodyReport)
    waiting: int = 0
    waiting_bodies: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether the server has everything now."""
        failed = any(one.status == "failed" for one in self.bodies.outcomes)
        return self.events.is_complete and not (failed or self.bodies.stopped or self.collected.refused)


def deliver(
    repo: Repository,
    places: Places,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    history: bool = False,
    tell: Tell = lambda _done, _total: None,
) -> Delivery:
    """Collect what is new, and send what waits.

    Args:
        repo: the clone; sync must be on there.
        places: all missions of the project; asked once something is to be done.
        timeout: seconds for all of it; what is not sent by then waits.
        history: take in what was recorded before this clone agreed to send, too.
        tell: is told how many events were dealt with, and how many there are.

    Raises:
        Refused: sync is off here; see `SyncRuntime.require`.
        Conflict: `LOCKED`: somebody else is sending from this queue.
        Unavailable: the queue file cannot be used.
    """
    deadline = clock.monotonic() + timeout
    found = runtime_of(repo)
    account, config, identity = found.require(), load_config(), ensure_identity(repo)
    queue = OfflineQueue(account.queue_path, identity.project_uuid, config.max_queue_size)
    known = {place.slug: place for place in places()}
    collector = Collector(queue, repo, known.get, "" if history else found.since or "")

    def left() -> float:
        return deadline - clock.monotonic()

    with sending(queue, left()), SaasClient(account.server, account=account) as client:
        if history:
            collector.forget()
        run = _run(queue, client, config, deadline, tell)
        collected = _walk(collector, origin_of(repo, account, identity), identity, known, run)
        bodies = OfflineBodyUploadQueue(queue.path, identity.project_uuid, config.max_queue_size)
        # Nothing that stopped the events would spare the texts.
        stopped = run.result.stopped is not None
        report = BodyReport() if stopped else body_transport.drain(bodies, client.post, time_left=left)
    return Delivery(collected, run.result, report, queue.size(), bodies.get_stats().total_count)


def origin_of(repo: Repository, account: Account, identity: ProjectIdentity) -> Origin:
    """Who tells the events of one command, and where."""
    git = GitMetadataResolver(repo.checkout).resolve()
    return Origin(
        project_uuid=identity.project_uuid,
        project_slug=identity.project_slug,
        repo_slug=identity.repo_slug,
        node_id=identity.node_id,
        build_id=identity.build_id,
        correlation_id=ids.new_id(),
        team_slug=account.team_slug,
        git_branch=git.git_branch,
        head_commit_sha=git.head_commit_sha,
    )


def _run(queue: OfflineQueue, client: SaasClient, config: SyncConfig, deadline: float, tell: Tell) -> BatchRun:
    def post(body: bytes, headers: Mapping[str, str], seconds: float) -> HttpAnswer:
        return client.post(BATCH, body, headers, timeout=seconds)

    return BatchRun(queue, post, profile=Profile(config.profile), deadline=deadline, tell=tell)


def _walk(
    collector: Collector, origin: Origin, identity: ProjectIdentity, known: Mapping[str, MissionPlace], run: BatchRun
) -> Collected:
    """Take in and send by turns, as often as the queue is too small for all at once."""
    total = Collected()
    while True:
        taken = collector.collect(origin)
        if not taken.full:
            taken += collector.collect_documents(origin, identity, _told_of(collector, known))
        total += taken
        before = run.result.success_count
        run.run()
        if run.result.stopped or not taken.full:
            return total
        if run.result.success_count == before:
            problem = "the queue is full of events that the server does not take; the rest waits in the journals"
            run.result.stopped = Stop("unknown", problem, "QUEUE_FULL", spec_kitty("sync queue list"))


def _told_of(collector: Collector, known: Mapping[str, MissionPlace]) -> list[MissionPlace]:
    """Missions whose documents the server wants: those it was told of, while they are open, and as they were merged."""
    told = collector.told()
    return [
        place
        for place in known.values()
        if place.key in told and (place.key in collector.met or not place.meta.get("merged_at"))
    ]
