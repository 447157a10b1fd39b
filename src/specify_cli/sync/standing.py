"""How sync stands in a clone, for those who look: nothing is written, and with the switch off nothing is opened."""

from __future__ import annotations

from contextlib import suppress

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.sync.account import Account
from specify_cli.sync.body_queue import OfflineBodyUploadQueue
from specify_cli.sync.collect import Collector, Find
from specify_cli.sync.config import load_config
from specify_cli.sync.project_identity import project_of
from specify_cli.sync.queue import OfflineQueue
from specify_cli.sync.runtime import SyncRuntime, runtime_of


@frozen
class Standing:
    """What is known of a clone.

    Args:
        queue: the project's events that wait; None where nobody is logged in, or there is no project.
        bodies: the texts of its documents, likewise.
    """

    runtime: SyncRuntime
    queue: OfflineQueue | None = None
    bodies: OfflineBodyUploadQueue | None = None

    def ahead(self, repo: Repository, find: Find) -> Collector | None:
        """What would be collected next; None where nothing would."""
        if self.queue is None or not self.runtime.is_on:
            return None
        return Collector(self.queue, repo, find, self.runtime.since or "")


def standing_of(repo: Repository) -> Standing:
    """How sync stands in a clone."""
    runtime = runtime_of(repo)
    with suppress(SpecKittyError):
        if runtime.account is not None:
            return Standing(runtime, *_queues(runtime.account, repo))
    return Standing(runtime)


def require_queues(repo: Repository) -> tuple[OfflineQueue, OfflineBodyUploadQueue]:
    """What waits of a project; the clone need not have agreed to send anything.

    Raises:
        Refused: sync is switched off, or nobody is logged in; or as `project_of`.
        NotFound: `NOT_INITIALIZED`.
    """
    runtime = runtime_of(repo)
    return _queues(runtime.account or runtime.require(), repo)


def _queues(account: Account, repo: Repository) -> tuple[OfflineQueue, OfflineBodyUploadQueue]:
    project, _ = project_of(repo)
    path, most = account.queue_path, load_config().max_queue_size
    return OfflineQueue(path, project, most), OfflineBodyUploadQueue(path, project, most)
