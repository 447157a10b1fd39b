"""`spec-kitty sync now` and `spec-kitty sync watch`: send what this clone recorded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specify_cli.cli import output
from specify_cli.cli.acting import notices
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import prose
from specify_cli.cli.times import short
from specify_cli.context.missions import all_places
from specify_cli.kernel import clock, paths
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Conflict, NotFound, Refused, SpecKittyError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import plural
from specify_cli.sync.runtime import runtime_of

if TYPE_CHECKING:
    from specify_cli.sync.background import Flusher
    from specify_cli.sync.delivery import Delivery

_DELIVER = "specify_cli.sync.delivery:deliver"
_REPO_SLUG = "specify_cli.sync.project_identity:repo_slug_notice"
_BAR = 30
TimeoutFlag = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Stop after this time; the rest waits.")
]


def now(
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write what was not taken, and why, as JSON.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict/--no-strict", help="Whether anything that was not delivered gives exit code 1.")
    ] = True,
    timeout: TimeoutFlag = 60.0,
    include_history: Annotated[
        bool, typer.Option("--include-history", help="Send what was recorded before this clone agreed to, too.")
    ] = False,
) -> Reply:
    """Send everything new to the server: events, then the documents.

    What this clone recorded since it agreed to send is collected from its journals. An event leaves the queue when the
    server has acknowledged it. What the server rejects again and again is set aside with the reason: see
    `spec-kitty sync queue list`.
    """
    repo = paths.discover(paths.starting_point())
    if report is not None and not report.parent.is_dir():
        hint = command("mkdir", "-p", report.parent)
        raise NotFound(f"there is no folder {report.parent} for the report", "FOLDER_MISSING", hint)
    try:
        runtime_of(repo).require()
        with output.painter() as painter:
            done: Delivery = load(_DELIVER)(
                repo, _places(repo), timeout=timeout, history=include_history, tell=_bar(painter.draw)
            )
            painter.draw([])
    except (Conflict, Refused) as error:
        if error.code == "SYNC_DISABLED" or not strict:
            return _off(error)
        raise
    written = report is not None and load("specify_cli.sync.batch:write_failure_report")(report, done.events)
    data = {**_data(done, load(_REPO_SLUG)(repo)), "report": report if written else None}
    lines = [*_lines(done)]
    if report is not None:
        lines.append(f"Report written to {safe(report)}" if written else "Nothing to report; no file was written.")
    lines += ["", f"  Next: {style(safe(_next(done)), 'bold')}"]
    return Reply(data, "\n".join(lines), 0 if done.is_complete or not strict else 1)


def watch(
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=1, help="Send at least this often.")
    ] = 300.0,
    timeout: TimeoutFlag = 60.0,
) -> Reply:
    """Send what this clone records, as it is recorded, until Ctrl-C."""
    repo = paths.discover(paths.starting_point())
    runtime_of(repo).require()
    sent = 0

    def flush() -> bool:
        nonlocal sent
        try:
            done: Delivery = load(_DELIVER)(repo, _places(repo), timeout=timeout)
        except SpecKittyError as error:
            output.warn(Notice(error.code, error.message, error.hint))
            return False
        sent += done.events.success_count
        if done.events.total_events or done.bodies.outcomes or not done.is_complete:
            output.progress(f"{short(clock.stamp())}  {'; '.join(_lines(done))}")
        return done.is_complete

    changed = load("specify_cli.sync.journals:state_of")
    flusher: Flusher = load("specify_cli.sync.background:Flusher")(flush, lambda: changed(repo), interval=interval)
    output.progress("Watching this clone's journals; Ctrl-C ends it.")
    with suppress(KeyboardInterrupt):
        flusher.run()
    return Reply({"result": "success", "synced": sent}, f"{plural(sent, 'event')} sent.")


def _places(repo: Repository) -> Callable[[], object]:
    return lambda: all_places(repo)[0]


def _bar(draw: Callable[[list[str]], None]) -> Callable[[int, int], None]:
    shown = -1

    def tell(done: int, total: int) -> None:
        nonlocal shown
        full = _BAR * done // max(total, 1)
        if full != shown or done == total:
            shown = full
            draw([f"  {'█' * full}{'░' * (_BAR - full)} {done} of {plural(total, 'event')}"])

    return tell


def _off(error: SpecKittyError) -> Reply:
    data = {"result": "off", "is_on": False, "reason": error.code, "reasons_off": error.details.get("reasons", [])}
    return Reply(data, f"{prose(error.message)}. Nothing was sent.\n\n  Next: {style(safe(error.hint or ''), 'bold')}")


def _data(done: Delivery, odd: Notice | None) -> dict[str, object]:
    events, collected = done.events, done.collected
    unread = [Notice(error.code, error.message, error.hint) for error in collected.unread]
    return {
        "result": "success" if done.is_complete else "incomplete",
        "is_on": True,
        **events.summary(),
        "failures": [
            {"event_id": one.event_id, "error": one.error, "category": one.error_category}
            for one in events.failed.values()
        ],
        "stopped": events.stopped,
        "collected": {"queued": collected.queued, "refused": collected.refused},
        "bodies": {**done.bodies.counts, "stopped": done.bodies.stopped or None},
        "waiting": done.waiting,
        "waiting_bodies": done.waiting_bodies,
        "warnings": notices(unread, [odd] if odd else []),
    }


def _lines(done: Delivery) -> list[str]:
    events = done.events
    if not (events.total_events or events.stopped or done.bodies.outcomes or done.collected.refused):
        return ["Nothing to send."]
    synced, twice = events.counts.get("success", 0), events.counts.get("duplicate", 0)
    lines = [f"Synced: {synced}  Duplicates: {twice}  Errors: {len(events.failed) + done.collected.refused}"]
    counts = dict(events.category_counts)
    if done.collected.refused:
        counts["schema_mismatch"] = counts.get("schema_mismatch", 0) + done.collected.refused
    remedies = load("specify_cli.sync.batch:REMEDIES")
    lines += [f"  {name}: {count}  -- {remedies[name]}" for name, count in counts.items()]
    if pending := events.counts.get("pending", 0):
        lines.append(f"  {plural(pending, 'event')} accepted for later; asked for again next time")
    if events.unacknowledged:
        lines.append(f"  {plural(events.unacknowledged, 'event')} not acknowledged; sent again next time")
    if done.bodies.outcomes:
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.bodies.counts.items())
        lines.append(f"Documents: {told}")
    stopped = events.stopped.problem if events.stopped else done.bodies.stopped
    if stopped:
        lines.append(f"{style('Stopped:', 'yellow')} {safe(stopped)}")
    if done.waiting or done.waiting_bodies:
        lines.append(f"Still waiting: {plural(done.waiting, 'event')}, {plural(done.waiting_bodies, 'document')}")
    return lines


def _next(done: Delivery) -> str:
    if done.events.stopped and done.events.stopped.hint:
        return done.events.stopped.hint
    if done.events.failed or done.collected.refused:
        return "spec-kitty sync diagnose"
    return "spec-kitty sync status" if done.is_complete else "spec-kitty sync now"
