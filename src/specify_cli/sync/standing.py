"""How sync stands in a clone, for those who look: nothing is written, and with the switch off nothing is opened."""

from __future__ import annotations

from contextlib import suppress

from specify_cli.core.project_resolver import kittify_of
from specify_cli.kernel import files
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import NotFound, SpecKittyError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.sync.body_queue import OfflineBodyUploadQueue
from specify_cli.sync.collect import Collector, Find
from specify_cli.sync.config import load_config
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
    project = _project_of(repo) if runtime.account is not None else None
    if runtime.account is None or not project:
        return Standing(runtime)
    path, most = runtime.account.queue_path, load_config().max_queue_size
    return Standing(runtime, OfflineQueue(path, project, most), OfflineBodyUploadQueue(path, project, most))


def require_queues(repo: Repository) -> tuple[OfflineQueue, OfflineBodyUploadQueue]:
    """What waits of a project; the clone need not have agreed to send anything.

    Raises:
        Refused: sync is switched off, or nobody is logged in.
        NotFound: `NOT_INITIALIZED`.
    """
    found = standing_of(repo)
    if found.queue is not None and found.bodies is not None:
        return found.queue, found.bodies
    if found.runtime.account is None:
        found.runtime.require()
    raise NotFound(f"{repo.checkout} is not a spec-kitty project yet", "NOT_INITIALIZED", "spec-kitty init --ai claude")


def _project_of(repo: Repository) -> str | None:
    """The project's uuid as the config has it; None is minted by nobody here."""
    with suppress(SpecKittyError):
        path = kittify_of(repo) / "config.yaml"
        return (parse_config(files.read_text(path), str(path)).project_uuid or "").lower() or None
    return None
