"""Why a mission is not merged yet: what `accept` wants and then `merge`, by their own rules. Read only."""

from __future__ import annotations

from specify_cli.conditions import accept_rules
from specify_cli.conditions.accept_facts import accept_facts, untrusted_tests
from specify_cli.conditions.why_rules import Why, of_landing, of_mission
from specify_cli.context.missions import config_of
from specify_cli.context.overview import landing_command, lands_on
from specify_cli.home import MissionPlace
from specify_cli.merge.engine import examine
from specify_cli.merge.landing import dry_run
from specify_cli.merge.wish import Wish
from specify_cli.status.reading import read_status
from specify_cli.workspaces.trees import throw_away


def why_mission(place: MissionPlace) -> Why:
    """What a mission wants until it is merged. Nothing is written.

    Raises:
        Refused: `NOT_A_GIT_REPOSITORY`; a document or a log cannot be read.
        NotFound: `BRANCH_NOT_FOUND`.
    """
    place.repo.require_git()
    merged = bool(place.meta.get("merged_at"))
    base = lands_on(place, read_status(place).mission_events)
    if base is not None:
        seen = dry_run(place, Wish("", into=base))
        return of_landing(place.slug, base, seen.unmet, landing_command(place, base))
    if merged:
        return of_mission(place.slug, merged=True, to_accept=(), to_merge=(), forecast=False)
    with throw_away(place) as git:
        seen = examine(place, elsewhere=git)
        facts = accept_facts(
            place,
            seen.packages,
            seen.manifest,
            seen.status,
            seen.merge,
            coverage=seen.coverage,
            elsewhere=git,
            untrusted=untrusted_tests(place, config_of(place.repo, place)),
        )
    to_merge = list(seen.unmet)
    if seen.merge is not None:
        to_merge += accept_rules.conflicts(facts.conflicts, facts.ways_out, place.slug)
    return of_mission(
        place.slug,
        merged=False,
        to_accept=accept_rules.unmet(facts),
        to_merge=to_merge,
        forecast=seen.merge is not None,
    )
