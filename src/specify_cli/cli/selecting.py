"""Which mission and which work package a command means. Nothing is written."""

from __future__ import annotations

import re
from functools import cache

from specify_cli.cli import output
from specify_cli.context.models import Context
from specify_cli.context.resolver import resolve_mission
from specify_cli.core.project_version import newer_notice
from specify_cli.core.work_packages import WorkPackage, load_work_packages, require_work_package
from specify_cli.home import Kind, MissionPlace, Source
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import number_of

_WP = re.compile(r"(?:wp)?[-_ ]?0*([0-9]{1,6})", re.IGNORECASE)


def reading(mission: str | None) -> Context:
    """The mission that a reading command means. Nothing is written.

    People are told on stderr what they cannot see: that a newer version made the project, and that the mission is read
    from where it cannot be changed.
    """
    context = resolve_mission(mission)
    tell_newer(context.repo)
    if (notice := only_read(context.place)) is not None:
        output.warn(notice)
    if (problem := context.config.problem) is not None:
        message = f"{problem.message}; the default stands for it, and nothing can be changed until it is mended"
        output.warn(Notice(problem.code, message, problem.hint))
    return context


def only_read(place: MissionPlace) -> Notice | None:
    """That a mission can be read and not changed here, and why; None where it can be changed."""
    if place.elsewhere is None:
        return None
    refusal = place.refusal()
    others: list[Source] = load("specify_cli.context.missions:differing")(place)
    differ = f"; it differs from what is in {' and in '.join(map(str, others))}" if others else ""
    return Notice(refusal.code, refusal.message + differ, refusal.hint)


def read_from(place: MissionPlace) -> dict[str, object]:
    """The key `read_from` of a JSON answer; without a home also what differs from it."""
    told: dict[str, object] = dict(place.source.to_dict())
    if place.source.kind is not Kind.HOME:
        told["differs"] = [each.to_dict() for each in load("specify_cli.context.missions:differing")(place)]
    return told


@cache
def tell_newer(repo: Repository) -> None:
    """Say on stderr that a newer version made this project, where that is so."""
    if notice := newer_notice(repo):
        output.warn(notice)


def wp_name(text: str) -> str:
    """A work package's id as people type it (`wp1`, `1`, `WP01`) in its canonical form."""
    match = _WP.fullmatch(text.strip())
    return f"WP{number_of(match[1]):02d}" if match else text


def package_of(context: Context, wp_id: str) -> WorkPackage:
    """A work package of the mission.

    Raises:
        NotFound: `WP_NOT_FOUND`, listing the known ones.
    """
    return require_work_package(load_work_packages(context.place), wp_name(wp_id), context.place.slug)
