"""`spec-kitty sync status` and `spec-kitty sync doctor`: how sync stands in this clone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import prose, table
from specify_cli.cli.times import age, short
from specify_cli.context.missions import place_of
from specify_cli.kernel import paths
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.sync.config import config_path, is_enabled, state_home
from specify_cli.sync.runtime import SyncRuntime, runtime_of

if TYPE_CHECKING:
    from specify_cli.sync.body_queue import BodyQueueStats
    from specify_cli.sync.health import Ping
    from specify_cli.sync.queue import QueueStats
    from specify_cli.sync.standing import Standing


@frozen
class Seen:
    """What was found.

    Args:
        ahead: events in the journals that were not collected yet.
        error: why the queue cannot be looked at.
        odd: what is wrong with how the project names itself.
    """

    runtime: SyncRuntime
    queue: QueueStats | None = None
    bodies: BodyQueueStats | None = None
    ahead: int = 0
    queue_path: str | None = None
    ping: Ping | None = None
    error: Notice | None = None
    odd: Notice | None = None


def status(
    check: Annotated[
        bool, typer.Option("--check", "-c", help="Ask the server, with your own login, whether it is there.")
    ] = False,
) -> Reply:
    """Show whether sync is on, what waits, and when something was last sent.

    Nothing is sent or written, unless --check asks the server.
    """
    seen = _look(check=check)
    rows = [_sync(seen), *_about_server(seen)]
    lines = [table(rows, indent=2)]
    if seen.queue is not None:
        lines += ["", *_health(seen)]
    hint = next((one.hint for one in seen.runtime.lacks), None)
    return Reply(_data(seen), "\n".join([*lines, "", f"  Next: {style(hint or _after(seen, check=check), 'bold')}"]))


def doctor() -> Reply:
    """Find what keeps events from being delivered.

    The server is asked with your own login. Anything that is found gives exit code 1.
    """
    seen = _look(check=True)
    found: list[Notice] = load("specify_cli.sync.health:issues")(seen.queue, seen.bodies, seen.ping) if _open() else []
    found += [seen.error] if seen.error else []
    if _open():
        found += seen.runtime.lacks
    rows = [_sync(seen), *_about_server(seen)]
    if seen.queue_path:
        rows.append(["queue file", safe(seen.queue_path)])
    lines = [table(rows, indent=2), ""]
    for issue in found:
        lines += [
            f"{style('✗', 'red')} {prose(issue.message)}",
            *([f"  fix: {safe(issue.hint)}"] if issue.hint else []),
        ]
    if not found:
        lines.append(f"{style('✓', 'green')} {'Nothing keeps events from being delivered.' if _open() else _OFF}")
    hint = next((issue.hint for issue in found if issue.hint), "spec-kitty sync now" if _open() else _SWITCH)
    data = {**_data(seen), "result": "unhealthy" if found else "healthy", "issues": notices(found)}
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(safe(hint), 'bold')}"]), 1 if found else 0)


_OFF = "Sync is switched off: nothing is collected, queued or sent."
_SWITCH = command("export", "SPEC_KITTY_ENABLE_SAAS_SYNC=1")


def _open() -> bool:
    """Whether anything may be looked at: with the switch off no file of sync is."""
    return is_enabled()


def _look(*, check: bool) -> Seen:
    repo = paths.discover(paths.starting_point())
    if not _open():
        return Seen(runtime_of(repo))
    found: Standing = load("specify_cli.sync.standing:standing_of")(repo)
    runtime, ping = found.runtime, None
    odd: Notice | None = load("specify_cli.sync.project_identity:repo_slug_notice")(repo)
    if check and runtime.account is not None:
        ping = load("specify_cli.sync.health:probe")(runtime.account)
    if found.queue is None or found.bodies is None:
        return Seen(runtime, ping=ping, odd=odd)
    path = str(found.queue.path)
    try:
        collector = found.ahead(repo, lambda slug: place_of(repo, slug))
        ahead = sum(1 for _ in collector.ahead()) if collector else 0
        return Seen(runtime, found.queue.get_queue_stats(), found.bodies.get_stats(), ahead, path, ping, odd=odd)
    except SpecKittyError as error:
        told = Notice(error.code, error.message, error.hint)
        return Seen(runtime, queue_path=path, ping=ping, error=told, odd=odd)


def _data(seen: Seen) -> dict[str, object]:
    runtime, queue, bodies, ping = seen.runtime, seen.queue, seen.bodies, seen.ping
    account = runtime.account
    older = state_home() / "queue.db"
    warnings = [each for each in (seen.error, seen.odd) if each]
    if _open() and older.exists():
        message = f"{older} holds events that an older version kept while nobody was logged in; they are not sent"
        after = spec_kitty("sync now", "--include-history").then("mv", older, f"{older}.sent")
        warnings.append(Notice("OLDER_QUEUE", message, after))
    return {
        "result": "success",
        "is_on": runtime.is_on,
        "reasons_off": runtime.lacks,
        "server": runtime.server,
        "account": account and {"username": account.username, "team": account.team_slug},
        "consent_since": runtime.since,
        "config_file": config_path() if _open() else None,
        "queue_file": seen.queue_path,
        "queue": queue,
        "in_journals": seen.ahead,
        "bodies": bodies and {
            "total": bodies.total_count, "ready": bodies.ready_count, "backoff": bodies.backoff_count,
            "parked": bodies.parked_count, "bytes": bodies.total_bytes,
        },
        "ping": ping and {"outcome": ping.word, "note": ping.note},
        "warnings": notices(warnings),
    }  # fmt: skip


def _sync(seen: Seen) -> list[str]:
    if seen.runtime.is_on:
        return ["sync", style("on", "green")]
    return ["sync", f"{style('off', 'yellow')}: {safe('; '.join(one.message for one in seen.runtime.lacks))}"]


def _about_server(seen: Seen) -> list[list[str]]:
    runtime, queue = seen.runtime, seen.queue
    if not _open():
        return []
    rows = [
        ["server", safe(runtime.server or "none chosen")],
        ["login", safe(runtime.account or "nobody is logged in")],
        ["this clone", f"sends since {short(runtime.since)}" if runtime.since else "sends nothing"],
        ["config file", safe(config_path())],
    ]
    if queue is not None:
        rows.append(["last sync", short(queue.last_sync) if queue.last_sync else "never"])
    if seen.ping is not None:
        colour = "green" if seen.ping.is_well else "red"
        rows.append(["ping", f"{style(seen.ping.word, colour)}: {safe(seen.ping.note)}"])
    return rows


def _health(seen: Seen) -> list[str]:
    queue, bodies = seen.queue, seen.bodies
    if queue is None or bodies is None:
        return []
    share = queue.total_queued / queue.max_queue_size
    depth = f"{queue.total_queued} / {queue.max_queue_size} ({share:.0%})"
    colour = "red" if share >= 1 else "yellow" if share >= 0.8 else ""
    rows = [["queue", style(depth, colour) if colour else depth]]
    if seen.ahead:
        rows.append(["in journals", f"{seen.ahead} not collected yet"])
    if queue.oldest_event_age is not None:
        rows.append(["oldest event", f"{age(queue.oldest_event_age)} ago"])
    if queue.total_queued:
        rows.append(["retries", ", ".join(f"{name}: {count}" for name, count in queue.retry_distribution.items())])
        rows.append(["top types", ", ".join(f"{safe(name)} {count}" for name, count in queue.top_event_types)])
    if queue.dead_letters:
        rows.append(["dead letters", style(queue.dead_letters, "red")])
    if bodies.total_count:
        parked = f", {bodies.parked_count} not sent again" if bodies.parked_count else ""
        rows.append(["documents", f"{bodies.total_count} waiting{parked}"])
    if not (queue.total_queued or seen.ahead or bodies.total_count or queue.dead_letters):
        rows.append(["", "everything was sent" if queue.last_sync else "nothing waits"])
    return [table(rows, indent=2)]


def _after(seen: Seen, *, check: bool) -> str:
    queue, bodies = seen.queue, seen.bodies
    if seen.error is not None and seen.error.hint:
        return safe(seen.error.hint)
    if seen.ping is not None and not seen.ping.is_well:
        return safe(seen.ping.hint or "spec-kitty sync doctor")
    if queue is not None and queue.dead_letters:
        return "spec-kitty sync queue list"
    waits = seen.ahead or (queue is not None and queue.total_queued) or (bodies is not None and bodies.total_count)
    return "spec-kitty sync now" if waits else "spec-kitty status" if check else "spec-kitty sync status --check"
