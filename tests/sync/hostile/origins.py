"""Hostile cases of missions that begin with a ticket: what the server has, and what is on disk afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from specify_cli.kernel.values import replace
from specify_cli.tracker import origin
from specify_cli.tracker.origin import (
    OriginBindingError,
    bind_mission_origin,
    search_origin_candidates,
    slug_of,
    start_mission_from_ticket,
)
from tests.support.server_tracker import ORIGIN, SEARCH, envelope, issue
from tests.support.serving import Answer
from tests.support.syncing import World
from tests.support.ticketing import PLACE, WEB, Bound
from tests.sync.hostile.row import Row

Check = Callable[[World], None]
_COMMAND = ("mission", "from-ticket", "WEB-123", "--yes", "--json")


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(OriginBindingError) as caught:
        act()
    assert caught.value.__cause__ is not None
    assert caught.value.hint
    return caught.value.code


def _unbound(world: World) -> None:
    bound = Bound(world)
    bound.bind()
    assert _code(lambda: search_origin_candidates(bound.root)) == "TRACKER_NOT_BOUND"
    assert world.server.sent_to(SEARCH) == []


def _reference_only(world: World) -> None:
    bound = Bound(world)
    assert bound.config.project_slug is None
    bound.run(*_COMMAND).ok()
    for path in (SEARCH, ORIGIN):
        (request,) = world.server.sent_to(path)
        assert (request.json()["binding_ref"], request.json()["project_slug"]) == ("ref-1", "project")


def _github(world: World) -> None:
    bound = Bound(world)
    bound.bind("github", binding_ref="ref-1")
    with pytest.raises(OriginBindingError, match="this project has github"):
        search_origin_candidates(bound.root)
    assert _code(lambda: bind_mission_origin(bound.root / "kitty-specs" / "x", WEB, *PLACE)) == "MISSION_META_MISSING"
    slug = world.project.create()
    assert _code(lambda: bind_mission_origin(world.project.folder(slug), WEB, *PLACE)) == "ORIGIN_PROVIDER"


def _nothing_found(world: World) -> None:
    bound = Bound(world)
    bound.tracker.issues = []
    assert search_origin_candidates(bound.root, "anything").candidates == []
    bound.run("mission", "from-ticket", "anything", "--json").failed("TICKET_NOT_FOUND")


def _incomplete(row: object, code: str | None) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        world.server.fault(SEARCH, nth=0, answer=Answer(200, {"candidates": [row]}))
        if code is not None:
            assert _code(lambda: search_origin_candidates(bound.root)) == code
            return
        found = search_origin_candidates(bound.root)
        assert (found.resource_type, found.resource_id) == ("", "")
        assert found.candidates[0].match_type == "text"

    return check


def _refused(path: str, status: int, body: object, code: str, **fault: Any) -> Check:
    """A refusal at a step: the mission that was made stays, nothing says that it is bound, and a retry binds it."""

    def check(world: World) -> None:
        bound = Bound(world)
        disturbance = fault or {"answer": Answer(status, body)}
        world.server.fault(path, nth=0, **disturbance)
        bound.run(*_COMMAND).failed(code, 1)
        made = bound.missions()
        assert len(made) == (1 if path == ORIGIN else 0)
        assert [bound.ticket_of(folder) for folder in made] == [None] * len(made)
        assert bound.tracker.origins == {}
        world.server.faults.clear()
        bound.world.log_in()
        told = bound.run(*_COMMAND).ok().json()
        assert told["created"] is (path == SEARCH)
        (folder,) = bound.missions()
        assert bound.ticket_of(folder) == told["origin_ticket"]
        assert bound.tracker.origins == {folder.name: "id-WEB-123"}
        assert bound.events(folder) == 1

    return check


def _other_origin(world: World) -> None:
    bound = Bound(world)
    told = bound.run(*_COMMAND).ok().json()
    folder = world.project.folder(told["mission_slug"])
    other = replace(WEB, external_issue_id="id-WEB-124", external_issue_key="WEB-124")
    assert _code(lambda: bind_mission_origin(folder, other, *PLACE)) == "TRACKER_CONFLICT"
    assert bound.ticket_of(folder) == told["origin_ticket"]


def _meta(content: str | None, code: str) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        folder = world.project.folder(world.project.create())
        (folder / "meta.json").unlink()
        if content is not None:
            (folder / "meta.json").write_text(content, encoding="utf-8")
        assert _code(lambda: bind_mission_origin(folder, WEB, *PLACE)) == code
        assert bound.tracker.origins == {}

    return check


def _not_written(world: World) -> None:
    bound = Bound(world)

    def full(*_: object) -> dict[str, object]:
        raise OSError(28, "No space left on device")

    with world.patch.context() as patch:
        patch.setattr(origin, "set_origin_ticket", full)
        bound.run(*_COMMAND).failed("ORIGIN_FAILED")
    (folder,) = bound.missions()
    assert bound.ticket_of(folder) is None
    assert bound.tracker.origins == {folder.name: "id-WEB-123"}
    told = bound.run(*_COMMAND).ok().json()
    assert (told["created"], bound.ticket_of(folder)) == (False, told["origin_ticket"])
    assert bound.missions() == [folder]


def _not_told(world: World) -> None:
    """The log cannot be written: the mission is bound all the same, and a retry tells it."""
    bound = Bound(world)
    folder = world.project.folder(world.project.create())
    (journal,) = (bound.root / ".git" / "spec-kitty" / "journal").glob("*.mission.jsonl")
    content = journal.read_bytes()
    journal.unlink()
    journal.mkdir()
    meta, told = bind_mission_origin(folder, WEB, *PLACE)
    assert (told, meta["origin_ticket"]) == (False, bound.ticket_of(folder))
    journal.rmdir()
    journal.write_bytes(content)
    assert bind_mission_origin(folder, WEB, *PLACE)[1] is True
    assert bind_mission_origin(folder, WEB, *PLACE)[1] is True
    assert journal.read_text(encoding="utf-8").count('"origin_bound"') == 1


def _slug(key: str, title: str, wanted: str) -> Check:
    def check(world: World) -> None:
        assert slug_of(replace(WEB, external_issue_key=key, title=title)) == wanted

    return check


def _no_second(world: World) -> None:
    bound = Bound(world)
    world.server.fault(ORIGIN, nth=0, answer=Answer(500, {}))
    for _ in range(3):
        with pytest.raises(OriginBindingError):
            start_mission_from_ticket(bound.root, WEB, *PLACE)
    world.server.faults.clear()
    done = start_mission_from_ticket(bound.root, replace(WEB, title="Renamed meanwhile"), *PLACE)
    assert [done.feature_dir] == bound.missions()
    assert len({request.headers["idempotency-key"] for request in world.server.sent_to(ORIGIN)}) == 1


_META = "meta.json missing/malformed/without mission_slug"
_SLUGS = "slug derivations (7.6)"
_LINK = envelope("user_link_missing", "link your account", action=True)
_ACTION = "TRACKER_ACTION_REQUIRED"
_GONE = envelope("binding_not_found")
_STAYS = "the mission stays; a retry binds it"
_LACKS = "candidate missing fields"

ROWS: tuple[Row, ...] = (
    Row("no binding", "none", "bind first", _unbound),
    Row("binding_ref only", "reference", "found and bound", _reference_only),
    Row("provider github", "github", "named", _github),
    Row("zero candidates", "none", "an empty result; the command says so", _nothing_found),
    Row(_LACKS, "no id", "refused", _incomplete({"external_issue_key": "A-1", "title": "x"}, "ANSWER_INVALID")),
    Row(_LACKS, "neither key nor title", "refused", _incomplete({"external_issue_id": "1"}, "ANSWER_INVALID")),
    Row(_LACKS, "no object", "refused", _incomplete("WEB-123", "ANSWER_INVALID")),
    Row(_LACKS, "odd match", "counts as text", _incomplete(issue("A-1", "x", match_type="wat"), None)),
    Row(_LACKS, "a number as id", "taken", _incomplete(issue("A-1", "x", external_issue_id=7), None)),
    Row("401/403 user action", "401 at search", "the dashboard is named", _refused(SEARCH, 401, _LINK, _ACTION)),
    Row("401/403 user action", "403 at search", "the dashboard is named", _refused(SEARCH, 403, _LINK, _ACTION)),
    Row("401/403 user action", "403 at bind", _STAYS, _refused(ORIGIN, 403, _LINK, _ACTION)),
    Row("401/403 user action", "401 at bind", _STAYS, _refused(ORIGIN, 401, {}, "SESSION_EXPIRED")),
    Row("404", "at search", "named", _refused(SEARCH, 404, envelope("mapping_not_found"), "TRACKER_NOT_FOUND")),
    Row("404", "at bind", _STAYS, _refused(ORIGIN, 404, envelope("x"), "TRACKER_NOT_FOUND")),
    Row("404", "stale at search", "bind anew", _refused(SEARCH, 404, _GONE, "TRACKER_BINDING_STALE")),
    Row("409", "at bind", _STAYS, _refused(ORIGIN, 409, envelope("origin_conflict"), "TRACKER_CONFLICT")),
    Row("409", "another ticket", "the first one stays", _other_origin),
    Row("422", "at search", "named", _refused(SEARCH, 422, envelope("bad_query"), "TRACKER_REQUEST_REFUSED")),
    Row("422", "at bind", _STAYS, _refused(ORIGIN, 422, envelope("x"), "TRACKER_REQUEST_REFUSED")),
    Row("422", "429 at search", "rate limited", _refused(SEARCH, 429, {}, "RATE_LIMITED")),
    Row("422", "429 at bind", _STAYS, _refused(ORIGIN, 429, {}, "RATE_LIMITED")),
    Row("422", "500 at search", "named", _refused(SEARCH, 500, {}, "SERVER_ERROR")),
    Row("422", "503 at bind", _STAYS, _refused(ORIGIN, 503, "<html>", "SERVER_ERROR")),
    Row("422", "reset at search", "named", _refused(SEARCH, 0, "", "SERVER_RESET", reset="before")),
    Row("422", "reset at bind", _STAYS, _refused(ORIGIN, 0, "", "SERVER_RESET", reset="before", answer=Answer(500))),
    Row("422", "HTML at search", "refused", _refused(SEARCH, 200, "<html>", "ANSWER_INVALID")),
    Row("422", "no list at search", "refused", _refused(SEARCH, 200, {"candidates": {}}, "ANSWER_INVALID")),
    Row("422", "HTML at bind", _STAYS, _refused(ORIGIN, 200, "<html>", "ANSWER_INVALID")),
    Row("422", "no link at bind", _STAYS, _refused(ORIGIN, 200, {}, "ANSWER_INVALID")),
    Row(_META, "missing", "nothing is sent", _meta(None, "MISSION_META_MISSING")),
    Row(_META, "malformed", "nothing is sent", _meta("{", "MALFORMED_JSON")),
    Row(_META, "without slug", "nothing is sent", _meta("{}", "MISSION_META_MISSING")),
    Row("write failure after server success (retry heals)", "full disk", "a retry heals", _not_written),
    Row("event failure", "log", "bound; told later", _not_told),
    Row(_SLUGS, "key", "web-123", _slug("WEB-123", "x", "web-123")),
    Row(_SLUGS, "odd key", "web-1-2", _slug("web_1/2", "x", "web-1-2")),
    Row(_SLUGS, "no key", "five words", _slug("###", "One, two: three four five six", "one-two-three-four-five")),
    Row(_SLUGS, "nothing latin", "untitled", _slug("###", "日本語", "untitled")),
    Row("retry must not create a second mission", "three failures", "one mission, one key", _no_second),
)  # fmt: skip
