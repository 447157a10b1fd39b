"""All that a merge is made from, in one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from specify_cli.conditions.accept_facts import last_acceptance
from specify_cli.conditions.merge_rules import Accepted
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.config import Config
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.merge.plan import Titles
from specify_cli.merge.wish import Wish
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.forecast_models import Forecast


def titles_of(place: MissionPlace, packages: Sequence[WorkPackage]) -> Titles:
    """What the messages of commits say of a mission."""
    name = str(place.meta.get("friendly_name") or place.slug)
    return Titles(place.slug, name, {package.id: package.title for package in packages})


@frozen
class Case:
    """A mission that nothing speaks against merging.

    Args:
        strategy: for mission -> target.
        status: its logs as they were when it was examined.
        forecast: without conflicts.
        coverage: what of it was reviewed.
        resolved: conflicts that a person resolved, as the receipt shows them.
    """

    place: MissionPlace
    config: Config
    wish: Wish
    strategy: str
    packages: Sequence[WorkPackage]
    manifest: LanesManifest
    status: Status
    forecast: Forecast
    coverage: Coverage = field(default_factory=Coverage)
    resolved: tuple[Mapping[str, object], ...] = ()

    @property
    def git(self) -> Git:
        """Git in the home."""
        return self.place.git

    @property
    def moving(self) -> tuple[str, ...]:
        """Work packages that are done with this merge."""
        states = self.status.snapshot.work_packages.items()
        return tuple(wp_id for wp_id, state in states if state["lane"] is Lane.APPROVED)

    @property
    def coming(self) -> list[str]:
        """Work packages whose code comes in, by lane."""
        listed = [wp_id for lane in self.forecast.code_lanes for wp_id in lane.wp_ids]
        return [wp_id for wp_id in listed if self.status.snapshot.lane_of(wp_id) is not Lane.CANCELED]

    @property
    def titles(self) -> Titles:
        """What the messages of commits say."""
        return titles_of(self.place, self.packages)

    @property
    def accepted(self) -> Accepted | None:
        """The acceptance that the merge rests on."""
        return last_acceptance(self.status.mission_events)

    @property
    def repo_name(self) -> str:
        """What evidence calls this repository."""
        return self.config.repo_slug or self.config.project_slug or self.place.repo.root.name
