"""Faults of logins, servers and trackers: the server listens on this machine, and the programs are stand-ins."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

from specify_cli.kernel.http import ANSWER_LIMIT
from specify_cli.status.models import Lane
from specify_cli.sync.config import config_path, state_home
from specify_cli.tracker import origin
from tests.hints.scenes_finish import MERGE, approved
from tests.support import syncing
from tests.support.cli import Result, run_here
from tests.support.clone import Clone
from tests.support.issues import programs
from tests.support.scenes import PASSWORD, TEA, Scene, Then, World
from tests.support.server import LOGIN, Auth, running
from tests.support.server_tracker import Tracker
from tests.support.serving import Answer
from tests.support.ticketing import Bound

NOW = "sync now"
BEADS = "tracker bind --provider beads --workspace tea"


def server(world: World) -> syncing.World:
    """The switch is on and a server is chosen; nobody is logged in."""
    found = syncing.World(world.scratch, world.stack.enter_context(running()), world.patch)
    vars(found)["project"] = world.project
    return found


def clone(world: World, *, agreed: bool = True) -> Clone:
    """Somebody is logged in, and this clone has agreed to send; something happens then."""
    found = Clone(server(world), agreed=agreed)
    world.tea.force("WP01", Lane.BLOCKED)
    return found


def bound(world: World) -> Bound:
    """The project is bound to Linear."""
    return Bound(server(world))


def logged_out(world: World) -> None:
    clone(world)
    world.run("auth logout").ok()


def not_agreed(world: World) -> None:
    clone(world, agreed=False)


def of_another_server(world: World) -> None:
    """The login is for another server than the one that is chosen."""
    found = server(world)
    login = found.log_in()
    found.store.save(replace(login, account=replace(login.account, server="https://other.example")))


def half_a_login(world: World) -> None:
    found = server(world)
    found.log_in()
    path = found.store.path
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("refresh")), encoding="utf-8")


def ended(world: World) -> None:
    """The server has ended the session."""
    auth: Auth = clone(world).world.auth
    auth.expire()
    auth.revoke()


def log_in(name: str, password: str) -> Result:
    return run_here("auth", "login", "-u", name, "--password-stdin", "--json", input=password)


def waiting(world: World) -> None:
    """Events of the account that is logged in wait to be sent."""
    found = clone(world)
    found.world.auth.users["bob"] = (PASSWORD, "acme")
    found.collect()


def full(world: World) -> None:
    found = clone(world)
    found.collect()
    path = config_path()
    path.write_text(path.read_text(encoding="utf-8") + "max_queue_size = 1\n", encoding="utf-8")


def damaged(world: World) -> None:
    found = clone(world)
    found.collect()
    found.queue.path.write_bytes(b"no database at all, but long enough to be looked at" * 100)


def older_queue(world: World) -> None:
    clone(world)
    with closing(sqlite3.connect(state_home() / "queue.db")) as db:
        db.execute("CREATE TABLE queue (id)")


def failing(world: World) -> None:
    server(world).server.fault(LOGIN, nth=0, answer=Answer(500))


def pointless(world: World) -> None:
    server(world).server.fault(LOGIN, nth=0, answer=Answer(200, {}))


def endless(world: World) -> None:
    server(world).server.fault(LOGIN, nth=0, answer=Answer(200, b"x" * (ANSWER_LIMIT + 1)))


def not_bound(world: World) -> Result:
    """There is no room left when the ticket is to be written down."""

    def full(*_: object) -> dict[str, object]:
        raise OSError(28, "No space left on device")

    with world.patch.context() as patch:
        patch.setattr(origin, "set_origin_ticket", full)
        return world.run("mission from-ticket WEB-123 --yes")


def without_team(world: World) -> None:
    """The login names no team."""
    found = bound(world)
    login = found.world.stored()
    found.world.store.save(replace(login, account=replace(login.account, team_slug=None)))


def nothing_fits(world: World) -> None:
    tracker: Tracker = bound(world).tracker
    tracker.candidates = []


def items(world: World) -> None:
    bound(world)
    world.git.write("items.json", "{}")


def rejected(world: World) -> None:
    """The server rejects every move for good."""
    found = clone(world)
    found.batch.rejects = dict.fromkeys(sorted(found.moved()), "invalid lane")
    for _ in range(5):
        found.run("sync", "now")


def dropped(world: World) -> None:
    world.run("sync queue drop --all").ok()


def unknown_token(world: World) -> None:
    """The server does not take the token of this login."""
    found = clone(world).world
    found.auth.expire()
    found.auth.revoke()


def strange_token(world: World) -> None:
    """A token holds what cannot be sent."""
    found = clone(world).world
    found.store.save(replace(found.stored(), access="\u20ac"))


def with_a_ticket(world: World) -> None:
    """A mission that began with an issue is accepted, in a clone that was never bound to those issues."""
    programs(world.scratch / "tools", world.patch)
    found = approved(world)
    meta = found.mission.folder / "meta.json"
    ticket = {
        "provider": "github-cli",
        "resource_type": "repository",
        "resource_id": "ada/tea",
        "external_issue_id": "I_12",
        "external_issue_key": "GH-12",
        "external_issue_url": "https://github.example/ada/tea/issues/12",
        "title": "Tea gets cold",
    }
    meta.write_text(json.dumps({**json.loads(meta.read_text(encoding="utf-8")), "origin_ticket": ticket}), "utf-8")
    found.accept().ok()


def without_uuid(world: World) -> None:
    """The config names no project."""
    clone(world)
    config = world.path / ".kittify" / "config.yaml"
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if "uuid:" not in line), encoding="utf-8")


def listed(world: World) -> None:
    world.git.write("items.json", "[]")


def beads(world: World) -> None:
    programs(world.scratch / "tools", world.patch)
    world.run(BEADS).ok()


def mapped(world: World) -> None:
    beads(world)
    world.run(f"tracker map add --wp-id WP01 --external-id bd-1 --mission {TEA}").ok()


def unreadable_program(world: World) -> None:
    programs(world.scratch / "tools", world.patch)
    world.run(f'{BEADS} --credential "command=\'bd"').ok()


def failing_gh(world: World) -> None:
    programs(world.scratch / "tools", world.patch).breaks("list")
    world.run("tracker bind --provider github-cli --workspace ada/tea").ok()


SCENES = (
    Scene("NOT_LOGGED_IN", NOW, logged_out),
    Scene("NO_CONSENT", NOW, not_agreed),
    Scene("SERVER_MISMATCH", "auth status", of_another_server),
    Scene("CREDENTIALS_INVALID", "auth status", half_a_login),
    Scene("SESSION_EXPIRED", NOW, ended),
    Scene("LOGIN_REJECTED", lambda _: log_in("ada", "wrong"), server, Then.INSTEAD),
    Scene("ACCOUNT_SWITCH", lambda _: log_in("bob", PASSWORD), waiting),
    Scene("SERVER_ERROR", lambda _: log_in("ada", PASSWORD), failing, Then.INSTEAD),
    Scene("ANSWER_TOO_LARGE", lambda _: log_in("ada", PASSWORD), endless, Then.INSTEAD),
    Scene("ORIGIN_FAILED", not_bound, bound, Then.INSTEAD),
    Scene("ANSWER_INVALID", lambda _: log_in("ada", PASSWORD), pointless, Then.INSTEAD),
    Scene("SERVER_URL_INVALID", "sync server ftp://example.com", then=Then.INSTEAD),
    Scene("QUEUE_FULL", "sync doctor", full),
    Scene("DATABASE_BROKEN", "sync doctor", damaged),
    Scene("OLDER_QUEUE", "sync status", older_queue),
    Scene("DEAD_LETTER_NOT_FOUND", "sync queue show nothing", waiting, Then.INSTEAD),
    Scene("DEAD_LETTERS", "sync doctor", rejected, Then.SHOWS, after=dropped),
    Scene("SERVER_NOT_READY", "sync doctor", unknown_token),
    Scene("CONFIG_INVALID", NOW, without_uuid),
    Scene("HEADER_INVALID", NOW, strange_token),
    Scene("ISSUE_LEFT_OPEN", MERGE, with_a_ticket, Then.INSTEAD, stops=True),
    Scene("TEAM_MISSING", "tracker status", without_team),
    Scene("NO_CANDIDATES", "tracker bind --provider jira", nothing_fits, Then.INSTEAD),
    Scene("CHOICE_REQUIRED", "tracker bind --provider jira", bound, Then.INSTEAD),
    Scene("SELECT_OUT_OF_RANGE", "tracker bind --provider jira --select 9", bound, Then.INSTEAD),
    Scene("CREDENTIAL_NOT_HERE", "tracker bind --provider linear --credential key=x", bound, Then.INSTEAD),
    Scene("ITEMS_REQUIRED", "tracker sync push", items, Then.INSTEAD, before=listed),
    Scene("ITEMS_INVALID", "tracker sync push --items-json items.json", items, Then.SHOWS, after=listed),
    Scene("TICKET_NOT_FOUND", "mission from-ticket WEB-999 --yes", bound, Then.INSTEAD),
    Scene("TRACKER_UNSUPPORTED", "tracker sync publish", bound, Then.INSTEAD, before=listed),
    Scene("DOCTRINE_INVALID", f"{BEADS} --doctrine-mode wat", beads, Then.SHOWS, corrected=BEADS),
    Scene(
        "WORKSPACE_INVALID",
        "tracker bind --provider github-cli --workspace tea",
        beads,
        Then.INSTEAD,
        fill={"OWNER/NAME": "ada/tea"},
    ),
    Scene("ISSUE_MAPPED", f"tracker map add --wp-id WP02 --external-id bd-1 --mission {TEA}", mapped, Then.INSTEAD),
    Scene("PROGRAM_UNUSABLE", "tracker sync pull", unreadable_program),
    Scene("ORIGIN_PROVIDER", "mission from-ticket 12 --yes", beads, Then.INSTEAD),
    Scene("TRACKER_COMMAND_FAILED", "tracker sync pull", failing_gh, Then.INSTEAD, stops=True),
)
