"""`spec-kitty sync diagnose` and `spec-kitty sync queue …`: what waits, what does not go, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import clipped, table, wrapped
from specify_cli.cli.times import age
from specify_cli.context.missions import place_of
from specify_cli.kernel import clock, paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound, UsageError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen
from specify_cli.sync.config import require_enabled

if TYPE_CHECKING:
    from specify_cli.sync.body_queue import OfflineBodyUploadQueue
    from specify_cli.sync.diagnose import DiagnoseResult
    from specify_cli.sync.queue import OfflineQueue
    from specify_cli.sync.standing import Standing

_BODY = "body-"
_SHOWN = 20

Item = Annotated[str | None, typer.Argument(metavar="ID", help="Which one, as `sync queue list` names it.")]
AllFlag = Annotated[bool, typer.Option("--all", help="All of them.")]


@frozen
class Letter:
    """An event or a document that is not sent again by itself.

    Args:
        id: an event's id, or `body-` and a number.
        kind: the type of the event, or the document.
        at: when that was decided, in seconds since 1970.
        content: the event, or what stood in its place; None for a document.
    """

    id: str
    kind: str
    category: str
    reason: str
    at: float
    content: object = None


def diagnose() -> Reply:
    """Check every event that waits, here, before a server does.

    Events that were not collected yet are checked too, and what was set aside is listed with its reason. Anything
    that is wrong gives exit code 1.
    """
    require_enabled()
    repo = paths.discover(paths.starting_point())
    queue, bodies = _queues()
    found: Standing = load("specify_cli.sync.standing:standing_of")(repo)
    collector = found.ahead(repo, lambda slug: place_of(repo, slug))
    ahead = collector.ahead() if collector else ()
    results: list[DiagnoseResult] = list(load("specify_cli.sync.diagnose:diagnose")(queue, ahead))
    texts = load("specify_cli.sync.diagnose:diagnose_body_queue")(bodies)
    wrong = [one for one in results if not one.valid]
    data = {
        "total": len(results),
        "valid": len(results) - len(wrong),
        "invalid": len(wrong),
        "results": results,
        "bodies": texts,
    }
    bad = bool(wrong or texts["parked"])
    counts = f"{plural(len(results), 'event')}: {len(results) - len(wrong)} valid, {len(wrong)} invalid"
    lines = [counts if results else "No event waits."]
    for one in wrong[:_SHOWN]:
        lines += ["", f"{style(safe(one.event_id), 'bold')}  {safe(one.event_type)}  {safe(one.error_category)}"]
        lines += [wrapped(f"- {safe(error)}", indent=2, hang=4) for error in one.errors]
    if len(wrong) > _SHOWN:
        lines += ["", f"… and {len(wrong) - _SHOWN} more: spec-kitty sync diagnose --json"]
    if texts["parked"]:
        lines += ["", f"{plural(len(texts['parked']), 'document')} will not be sent again by itself."]
        for one in texts["parked"][:_SHOWN]:
            said = f"- {safe(one['mission_slug'])}/{safe(one['path'])}: {safe(one['reason'])}"
            lines.append(wrapped(said, indent=2, hang=4))
    aside = texts["parked"] or any(one.where == "dead_letters" for one in wrong)
    hint = spec_kitty("sync queue list") if aside else spec_kitty("sync now")
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(hint, 'bold')}"]), 1 if bad else 0)


def list_letters() -> Reply:
    """List what is not sent again by itself, with the reason."""
    found = _letters(*_queues())
    data = {"count": len(found), "letters": [_shape(one) for one in found]}
    if not found:
        return Reply(data, "Nothing was set aside.\n\n  Next: " + style("spec-kitty sync status", "bold"))
    now = clock.epoch()
    rows = [[style(one.id, "bold"), safe(one.kind), safe(one.category), f"{age(now - one.at)} ago"] for one in found]
    lines = table(rows, indent=2).splitlines()
    reasons = [f"      {clipped(safe(one.reason), 72)}" for one in found]
    told = [line for pair in zip(lines, reasons, strict=True) for line in pair]
    return Reply(data, "\n".join([*told, "", f"  Next: {style(spec_kitty('sync queue show', found[0].id), 'bold')}"]))


def show(id: Annotated[str, typer.Argument(metavar="ID", help="Which one, as `sync queue list` names it.")]) -> Reply:
    """Show one event or document that was set aside, all of it."""
    one = _one(_letters(*_queues()), id)
    content = one.content if isinstance(one.content, str) else json.dumps(one.content, indent=2)
    lines = [
        f"{style(safe(one.id), 'bold')}  {safe(one.kind)}  {safe(one.category)}",
        wrapped(safe(one.reason), indent=2, hang=2),
        *(["", *map(safe, content.splitlines())] if one.content is not None else []),
        "",
        f"  Next: {style(spec_kitty('sync queue retry', one.id), 'bold')}",
    ]
    return Reply({**_shape(one), "content": one.content}, "\n".join(lines))


def retry(id: Item = None, every: AllFlag = False) -> Reply:
    """Have what was set aside sent again with the next `sync now`."""
    queue, bodies = _queues()
    event, body = _meant(queue, bodies, id, every=every)
    count = (queue.revive(event or None) if body is None else 0) + (bodies.retry(body) if not event else 0)
    data = {"result": "success", "retried": count}
    return Reply(data, f"{count} will be sent again.\n\n  Next: {style('spec-kitty sync now', 'bold')}")


def drop(id: Item = None, every: AllFlag = False) -> Reply:
    """Give up what was set aside: it is deleted here and never sent."""
    queue, bodies = _queues()
    event, body = _meant(queue, bodies, id, every=every)
    count = (queue.drop(event or None) if body is None else 0) + (bodies.drop(body) if not event else 0)
    return Reply({"result": "success", "dropped": count}, f"{count} deleted.")


def _queues() -> tuple[OfflineQueue, OfflineBodyUploadQueue]:
    require_enabled()
    repo = paths.discover(paths.starting_point())
    found: tuple[OfflineQueue, OfflineBodyUploadQueue] = load("specify_cli.sync.standing:require_queues")(repo)
    return found


def _letters(queue: OfflineQueue, bodies: OfflineBodyUploadQueue) -> list[Letter]:
    events = [
        Letter(one.event_id, one.event_type, one.category, one.reason, one.died_at, one.content())
        for one in queue.dead_letters()
    ]
    texts = [
        Letter(
            f"{_BODY}{one.row_id}",
            f"{one.mission_slug}/{one.artifact_path}",
            "document",
            one.parked or "",
            one.created_at,
        )
        for one in bodies.parked()
    ]
    return [*events, *texts]


def _meant(
    queue: OfflineQueue, bodies: OfflineBodyUploadQueue, id: str | None, *, every: bool
) -> tuple[str, int | None]:
    """An event's id, or the number of a document; neither for all of both."""
    if (id is None) is not every:
        raise UsageError("name one ID, or say --all", "USAGE_ERROR", spec_kitty("sync queue list"))
    if id is None:
        return "", None
    known = _one(_letters(queue, bodies), id).id
    number = known.removeprefix(_BODY)
    return ("", int(number)) if number != known else (known, None)


def _one(found: Sequence[Letter], id: str) -> Letter:
    one = next((each for each in found if each.id.lower() == id.lower()), None)
    if one is None:
        raise NotFound(f"nothing was set aside under {id}", "DEAD_LETTER_NOT_FOUND", spec_kitty("sync queue list"))
    return one


def _shape(one: Letter) -> dict[str, object]:
    return {"id": one.id, "kind": one.kind, "category": one.category, "reason": one.reason, "at": int(one.at)}
