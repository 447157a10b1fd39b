"""`spec-kitty why`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from specify_cli.cli.options import MaybeWorkPackage, MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading, wp_name
from specify_cli.cli.text import wrapped
from specify_cli.cli.times import short
from specify_cli.cli.unmet import unmet_lines
from specify_cli.conditions.why_rules import Held, Wanted, Why, of_reading
from specify_cli.context.models import Context
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import plural
from specify_cli.next.why import why_package, why_planning
from specify_cli.status.models import Lane

_HEADINGS = {"accept": "to be accepted:", "merge": "to be merged:"}


def why(wp: MaybeWorkPackage = None, mission: MissionFlag = None) -> Reply:
    """Show what the next move still wants, and what meets it.

    The next move of a work package: to be claimed, to go to review, to be approved. Without WP, that of the mission:
    its planning step, to be accepted, then to be merged. The conditions are those that the moves themselves ask; all
    come at once, and nothing is written.
    """
    context = reading(mission)
    place = context.place
    if place.elsewhere is not None:
        found: Why | None = of_reading(place.slug, place.refusal())
    else:
        found = why_package(context, wp_name(wp)) if wp is not None else why_planning(context)
    if found is None:
        whole: Why = load("specify_cli.merge.why:why_mission")(context.place)
        found = whole.of_package(wp_name(wp), Lane.APPROVED) if wp is not None else whole
    data = {**found.to_dict(), "detection_method": context.how, "read_from": place.source.to_dict()}
    return Reply(data, _text(context, found))


def _text(context: Context, found: Why) -> str:
    lines = [_headline(found)]
    if found.held is not None:
        lines += _held(found, found.held)
    for move, group in groupby(found.unmet, key=lambda each: each.move):
        lines += ["", *([f"  {_HEADINGS[move]}"] if move in _HEADINGS else []), *_unmet(list(group))]
    if found.met:
        met = wrapped(", ".join(found.met.values()), 76, hang=4)
        lines += ["", f"  {style('✓', 'green')} {style(met, 'dim')}"]
    step = found.next_step if found.next_move else spec_kitty("status", "--mission", context.place.slug)
    return "\n".join([*lines, "", f"  Next: {style(safe(step), 'bold')}"])


def _unmet(wanted: Sequence[Wanted]) -> list[str]:
    return unmet_lines([each.unmet for each in wanted])


def _headline(found: Why) -> str:
    about = style(safe(found.wp_id or found.mission_slug), "bold")
    is_at = f" is {found.lane}" if found.lane else ""
    if found.next_move is None:
        return f"{about}{is_at or ' is merged'}: nothing is left to do"
    count = sum(each.move == found.next_move for each in found.unmet)
    missing = style(f"{plural(count, 'condition')} unmet", "yellow") if count else style("nothing is missing", "green")
    return f"{about}{is_at}; next: {found.next_move}, {missing}"


def _held(found: Why, held: Held) -> list[str]:
    who = safe(f"{held.actor} ({held.session})" if held.session else held.actor)
    begun = f"  held by {who} since {short(held.since)}"
    if held.state != "quiet":
        return [f"{begun}, {'active' if held.state == 'active' else 'never seen at work in this clone'}"]
    quiet = f"{begun}, {style('quiet', 'yellow')} since {short(held.last_seen or held.since)}"
    if found.wp_id is None:
        return [f"{quiet}; who asks next takes it over"]
    reap = spec_kitty("doctor", "--reap", found.wp_id, "--mission", found.mission_slug)
    return [f"{quiet}; to give it back:", f"    {reap}"]
