"""Section `leases`: who is at work in this clone, and who has gone quiet."""

from __future__ import annotations

from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.next.observe import observe
from specify_cli.status.holders import Holder
from specify_cli.workspaces.leases import seen
from specify_cli.workspaces.presence import lease_of

SECTION = "leases"


def examine(subject: Subject) -> list[Finding]:
    """Everything that somebody holds, as active, quiet or held in another clone."""
    found: list[Finding] = []
    for place in subject.places:
        try:
            found += _of_mission(subject, place)
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
    return found or [Finding(SECTION, Severity.OK, "LEASES", "nobody is at work")]


def _of_mission(subject: Subject, place: MissionPlace) -> list[Finding]:
    if place.meta.get("merged_at"):
        return []  # what is over keeps nobody busy, whatever was left behind
    seen = observe(place, subject.config, None).observation
    held = [(each.wp_id, each.holder, each.quiet) for each in seen.packages if each.holder is not None]
    held += [(each.action, each.holder, each.quiet) for each in seen.open_steps if each.wp_id is None]
    return [_finding(place, name, holder, quiet=quiet) for name, holder, quiet in held]


def _finding(place: MissionPlace, name: str, holder: Holder, *, quiet: bool) -> Finding:
    lease = lease_of(place, name, holder)
    about = f"{place.slug} {name}"
    if lease is None:
        message = f"{about}: {holder} holds it and was never seen at work in this clone"
        return Finding(SECTION, Severity.NOTE, "LEASE_ELSEWHERE", message)
    if not quiet:
        return Finding(SECTION, Severity.OK, "LEASE_ACTIVE", f"{about}: {holder}, {seen(lease)}")
    fix = spec_kitty("next", "--agent", "NAME", "--mission", place.slug)
    return Finding(SECTION, Severity.NOTE, "LEASE_QUIET", f"{about}: {holder} has gone quiet, {seen(lease)}", fix)
