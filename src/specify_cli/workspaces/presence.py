"""Whether the holder of a work package or step is at work in this clone. Read only, and cheap to import."""

from __future__ import annotations

from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.holders import Holder
from specify_cli.workspaces.leases import Lease, is_quiet, read_lease
from specify_cli.workspaces.lookup import workspace_of
from specify_cli.workspaces.scope import scope_of


@frozen
class Presence:
    """A holder that was seen at work in this clone."""

    lease: Lease
    quiet: bool


def lease_of(place: MissionPlace, key: str, holder: Holder | None) -> Lease | None:
    """The lease of a work package or step, if it is its holder's; who lost it to another clone left theirs behind."""
    lease = read_lease(place, key)
    return lease if lease is not None and Holder(lease.actor, lease.session) == holder else None


def presence(
    place: MissionPlace, package: WorkPackage, manifest: LanesManifest | None, holder: Holder | None, minutes: float
) -> Presence | None:
    """How the holder of a work package is; None where they were never seen at work in this clone.

    Args:
        minutes: the length of silence that counts as quiet.
    """
    lease = lease_of(place, package.id, holder)
    if lease is None:
        return None
    workspace = workspace_of(place, manifest, package.id)
    scope = scope_of(package, workspace) if workspace else ()
    return Presence(lease, is_quiet(lease, workspace.path if workspace else None, minutes, scope))
