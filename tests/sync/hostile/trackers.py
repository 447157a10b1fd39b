"""Hostile answers of the tracker's server, and hostile programs of local trackers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specify_cli.tracker import saas_client
from specify_cli.tracker.config import TrackerProjectConfig, provider_named
from specify_cli.tracker.providers import command
from specify_cli.tracker.saas_errors import SaaSTrackerClientError
from specify_cli.tracker.saas_service import SaaSTrackerService, StaleBindingError
from tests.support.server import REFRESH
from tests.support.server_tracker import CONFIRM, OPERATIONS, PUSH, RESOLVE, STATUS, VALIDATE, envelope
from tests.support.serving import Answer
from tests.support.syncing import World, code_of
from tests.support.ticketing import Bound
from tests.sync.hostile.row import Row

Check = Callable[[World], None]


def _status(bound: Bound) -> dict[str, Any]:
    service = SaaSTrackerService(bound.root)
    return service.routed(service.client.status)


def _failure(act: Callable[[], object]) -> SaaSTrackerClientError:
    try:
        act()
    except SaaSTrackerClientError as error:
        return error
    raise AssertionError("it did not fail")


def _refreshed(world: World) -> None:
    bound = Bound(world)
    world.auth.expire()
    assert _status(bound)["sync_state"] == "idle"
    assert len(world.server.sent_to(STATUS)) == 2
    assert len(world.server.sent_to(REFRESH)) == 1


def _not_refreshed(world: World) -> None:
    bound = Bound(world)
    world.auth.expire()
    world.auth.revoke()
    error = _failure(lambda: _status(bound))
    assert (error.error_code, error.status_code, error.user_action_required) == ("session_expired", 401, True)
    assert (error.code, error.hint) == ("SESSION_EXPIRED", "spec-kitty auth login")
    assert len(world.server.sent_to(REFRESH)) == 1


def _refused_again(world: World) -> None:
    bound = Bound(world)
    world.server.fault(STATUS, nth=0, answer=Answer(401, {}))
    assert _failure(lambda: _status(bound)).error_code == "session_expired"
    assert len(world.server.sent_to(STATUS)) == 2


def _busy(body: object, pause: float, headers: Mapping[str, str] | None = None) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        world.server.fault(STATUS, answer=Answer(429, body, headers or {}))
        assert _status(bound)["sync_state"] == "idle"
        assert bound.slept == [pause]

    return check


def _always_busy(world: World) -> None:
    bound = Bound(world)
    world.server.fault(PUSH, nth=0, answer=Answer(429, {"retry_after_seconds": 1}))
    error = _failure(lambda: bound.client.push("linear", binding_ref="ref-1", items=[]))
    assert (error.error_code, error.code) == ("rate_limited", "RATE_LIMITED")
    first, second = world.server.sent_to(PUSH)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def _pushed(bound: Bound) -> dict[str, Any]:
    return bound.client.push("linear", binding_ref="ref-1", items=[{"ref": {"id": "1"}, "action": "update"}])


def _accepted(body: object, code: str) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        world.server.fault(PUSH, answer=Answer(202, body))
        assert code_of(lambda: _pushed(bound)) == code

    return check


def _operation(body: Mapping[str, object], code: str, said: str = "") -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        bound.tracker.waits = 0
        world.patch.setattr(saas_client, "OPERATION_LIMIT", 0.3)
        world.server.fault(OPERATIONS, nth=0, answer=Answer(200, body))
        error = _failure(lambda: _pushed(bound))
        assert error.code == code
        assert said in error.message
        assert all(pause < 36.1 for pause in bound.slept)

    return check


def _completed_without_result(world: World) -> None:
    bound = Bound(world)
    bound.tracker.waits = 0
    world.server.fault(OPERATIONS, answer=Answer(200, {"status": "completed", "more": 1}))
    assert _pushed(bound) == {"status": "completed", "more": 1}


def _slow_operation(world: World) -> None:
    bound = Bound(world)
    bound.tracker.waits = 7
    assert _pushed(bound)["status"] == "ok"
    wanted = [1, 2, 4, 8, 16, 30, 30]
    assert all(0.79 * each < pause < 1.21 * each for each, pause in zip(wanted, bound.slept, strict=True))


def _envelope(status: int, body: object, code: str, server_code: str | None, *, action: bool = False) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        world.server.fault(STATUS, nth=0, answer=Answer(status, body))
        error = _failure(lambda: _status(bound))
        assert (error.code, error.error_code, error.user_action_required) == (code, server_code, action)
        assert error.hint
        assert bound.run("tracker", "status", "--json").failed(code).code == 1
        if action:
            assert world.server.url in error.message

    return check


def _malformed(body: object) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        before = bound.config
        world.server.fault("/api/v1/tracker/*", nth=0, answer=Answer(200, body))
        for words in ("status", "map list", "sync pull", "sync run", "discover --provider linear"):
            assert bound.run("tracker", *words.split(), "--json").json()["error_code"] == "ANSWER_INVALID"
        assert bound.config == before

    return check


def _resolved(answer: Mapping[str, object], code: str) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        before = bound.config
        world.server.fault(RESOLVE, nth=0, answer=Answer(200, dict(answer)))
        bound.run("tracker", "bind", "--provider", "linear", "--json").failed(code)
        assert bound.config == before

    return check


def _numbers(places: list[object], numbers: list[int], labels: str) -> Check:
    """Candidates at these positions get these numbers, in this order."""

    def check(world: World) -> None:
        bound = Bound(world)
        names = "ABC"[: len(places)]
        rows = [
            {"candidate_token": f"token-{name}", "display_label": name, "sort_position": place}
            for name, place in zip(names, places, strict=True)
        ]
        bound.tracker.candidates = [*rows]
        told = bound.run("tracker", "bind", "--provider", "linear", "--json").failed("CHOICE_REQUIRED").json()
        shown = told["details"]["candidates"]
        assert [each["number"] for each in shown] == numbers
        assert "".join(each["display_label"] for each in shown) == labels
        bound.run("tracker", "bind", "--provider", "linear", "--select", str(numbers[-1]), "--json").ok()
        assert bound.config.display_label == labels[-1]

    return check


def _select(number: str) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        before = bound.config
        told = bound.run("tracker", "bind", "--provider", "linear", "--select", number, "--json")
        assert told.failed(exit_code=2).json()["result"] == "error"
        assert bound.config == before

    return check


def _token_ended(world: World) -> None:
    bound = Bound(world)
    world.server.fault(CONFIRM, answer=Answer(400, envelope("invalid_candidate_token")))
    bound.run("tracker", "bind", "--provider", "linear", "--select", "2", "--json").ok()
    assert bound.config.binding_ref == "ref-token-Ops"
    assert len(world.server.sent_to(RESOLVE)) == 2


def _confirm_fails(status: int, server_code: str, code: str, tries: int) -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        before = bound.config
        world.server.fault(CONFIRM, nth=0, answer=Answer(status, envelope(server_code)))
        bound.run("tracker", "bind", "--provider", "linear", "--select", "1", "--json").failed(code)
        assert bound.config == before
        assert len(world.server.sent_to(CONFIRM)) == tries

    return check


def _other_echoed(world: World) -> None:
    bound = Bound(world)
    world.server.fault(VALIDATE, answer=Answer(200, {"valid": True, "binding_ref": "ref-9"}))
    bound.run("tracker", "bind", "--provider", "linear", "--bind-ref", "ref-1", "--json").failed("ANSWER_INVALID")
    assert bound.config.binding_ref == "ref-1"


def _toggling(world: World) -> None:
    bound = Bound(world)
    for ref in ("ref-2", "ref-1", "ref-2"):
        bound.tracker.bound(ref=ref)
        world.server.faults.clear()
        world.server.fault(STATUS, nth=0, answer=Answer(200, {"binding_ref": ref, "display_label": ref}))
        bound.run("tracker", "status", "--json").ok()
        assert (bound.config.binding_ref, bound.config.display_label) == (ref, ref)


def _stale(code: str) -> Check:
    """By reference it is a stale binding; by slug an ordinary refusal. Nothing else is tried."""

    def check(world: World) -> None:
        bound = Bound(world)
        world.server.fault(STATUS, nth=0, answer=Answer(404, envelope(code)))
        error = _failure(lambda: _status(bound))
        assert isinstance(error, StaleBindingError)
        assert (error.binding_ref, error.error_code) == ("ref-1", code)
        bound.bind(project_slug="project")
        assert not isinstance(_failure(lambda: _status(bound)), StaleBindingError)
        first, second = world.server.sent_to(STATUS)
        assert "project_slug" not in first.query
        assert second.query["project_slug"] == ["project"]

    return check


def _cased(world: World) -> None:
    bound = Bound(world)
    assert provider_named("  LINEAR ") == "linear"
    assert TrackerProjectConfig.from_dict({"provider": " Linear ", "binding_ref": "r"}).is_configured
    bound.run("tracker", "bind", "--provider", " Linear ", "--select", "1", "--json").ok()
    assert bound.config.provider == "linear"


def _aliases(world: World) -> None:
    bound = Bound(world)
    for name in ("azure", "azure-devops", "azure_devops", "trello", ""):
        bound.run("tracker", "bind", "--provider", name, "--json").failed("UNKNOWN_PROVIDER")
    assert bound.config.provider == "linear"


def _items(content: str | None, code: str, input: str = "") -> Check:
    def check(world: World) -> None:
        bound = Bound(world)
        path = world.path / "items.json"
        if content is not None:
            path.write_text(content, encoding="utf-8")
        given = "-" if content is None and code == "ITEMS_INVALID" else str(path)
        bound.run("tracker", "sync", "push", "--items-json", given, "--json", input=input).failed(code)
        assert world.server.sent_to(PUSH) == []

    return check


def _no_terminal(world: World) -> None:
    bound = Bound(world)
    told = bound.run("tracker", "bind", "--provider", "linear")
    assert told.code == 1
    assert "Team Web" in told.out
    assert "--select 1" in told.err
    assert world.server.sent_to(CONFIRM) == []


def _no_team(world: World) -> None:
    bound = Bound(world)
    world.auth.users["eve"] = ("secret", None)
    world.log_in("eve")
    bound.run("tracker", "status", "--json").failed("TEAM_MISSING")
    assert world.server.sent_to("/api/v1/tracker/*") == []


def _local(body: str, code: str | None) -> Check:
    """A `bd` with this body; None: it is not there."""

    def check(world: World) -> None:
        bound = Bound(world)
        script = world.path / "bd"
        script.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
        script.chmod(0o755)
        program = f"command={script if body else world.path / 'absent'}"
        bound.run("tracker", "bind", "--provider", "beads", "--workspace", "w", "--credential", program, "--json").ok()
        world.patch.setattr(command, "TIMEOUT", 1.0)
        told = bound.run("tracker", "sync", "pull", "--json")
        if code is not None:
            told.failed(code)
            return
        assert told.ok().json()["stats"]["pulled_created"] == 1
        assert not Path(world.path / "harm").exists()
        assert "\x1b" not in bound.run("tracker", "sync", "pull").out

    return check


_REFRESH = "401->refresh ok/failed"
_BUSY = "429 variants"
_OPERATION = "operation never finishes / unknown status / failed with string error / completed without result"
_ENVELOPE = "error envelope as list, missing fields, code vs error_code"
_PLACES = "candidates with gaps/duplicate/unsorted sort_position"
_SELECT = "select 0, -1, N+1"
_STALE = "stale codes when routed by project_slug (must not be StaleBindingError)"
_ITEMS = "items file absent, invalid, object instead of array, stdin empty"
_LOCAL = "local command missing, hanging > 30 s, non-JSON output, shell metacharacters in title"
_KEPT = "refused; the config is as it was"
_METACHARACTERS = """import json
print(json.dumps([{'id': 'bd-1', 'title': '$(touch harm); `touch harm` \\x1b[31m', 'status': 'open'}]))"""
_BLANK = {"operation_id": " "}
_LISTED = [{"error_code": "x"}]

ROWS: tuple[Row, ...] = (
    Row(_REFRESH, "ok", "asked again with a new token", _refreshed),
    Row(_REFRESH, "failed", "session expired", _not_refreshed),
    Row(_REFRESH, "a second 401", "session expired after one refresh", _refused_again),
    Row(_BUSY, "a number", "waits so long, once", _busy({"retry_after_seconds": 2}, 2)),
    Row(_BUSY, "none", "waits 5 s", _busy({}, 5)),
    Row(_BUSY, "a text", "waits 5 s", _busy({"retry_after_seconds": "soon"}, 5)),
    Row(_BUSY, "negative", "does not wait", _busy({"retry_after_seconds": -3}, 0)),
    Row(_BUSY, "huge", "waits 30 s", _busy({"retry_after_seconds": 1e9}, 30)),
    Row(_BUSY, "NaN", "waits 5 s", _busy('{"retry_after_seconds": NaN}', 5)),
    Row(_BUSY, "a list as body", "waits 5 s", _busy([1], 5)),
    Row(_BUSY, "the header", "waits so long", _busy({}, 3, {"Retry-After": "3"})),
    Row(_BUSY, "twice", "rate limited; one key for both", _always_busy),
    Row("202 without operation_id", "none", "the answer is refused", _accepted({}, "ANSWER_INVALID")),
    Row("202 without operation_id", "blank", "the answer is refused", _accepted(_BLANK, "ANSWER_INVALID")),
    Row("202 without operation_id", "no JSON", "the answer is refused", _accepted("<html>", "ANSWER_INVALID")),
    Row(_OPERATION, "never", "gives up", _operation({"status": "running"}, "TRACKER_OPERATION_TIMEOUT")),
    Row(_OPERATION, "unknown status", "gives up", _operation({"status": "wat"}, "TRACKER_OPERATION_TIMEOUT")),
    Row(
        _OPERATION, "failed with a text", "its words",
        _operation({"status": "failed", "error": "disk full"}, "TRACKER_OPERATION_FAILED", "disk full"),
    ),
    Row(
        _OPERATION, "failed with an envelope", "its words",
        _operation({"status": "failed", "error": envelope("x", "gone")}, "TRACKER_OPERATION_FAILED", "gone"),
    ),
    Row(_OPERATION, "completed without result", "the whole answer", _completed_without_result),
    Row(_OPERATION, "slow", "asked at growing intervals", _slow_operation),
    Row(_ENVELOPE, "a list", "refused by status", _envelope(422, _LISTED, "TRACKER_REQUEST_REFUSED", None)),
    Row(_ENVELOPE, "nothing in it", "refused by status", _envelope(403, {}, "TRACKER_FORBIDDEN", None)),
    Row(_ENVELOPE, "code", "read as error_code", _envelope(409, {"code": "x"}, "TRACKER_CONFLICT", "x")),
    Row(_ENVELOPE, "HTML", "a failure of the server", _envelope(502, "<html>", "SERVER_ERROR", None)),
    Row(_ENVELOPE, "404", "not found", _envelope(404, envelope("mapping"), "TRACKER_NOT_FOUND", "mapping")),
    Row(
        _ENVELOPE, "action required", "the dashboard is named",
        _envelope(403, envelope("no_link", action=True), "TRACKER_ACTION_REQUIRED", "no_link", action=True),
    ),
    Row(_ENVELOPE, "redirect", "not followed", _envelope(302, "", "SERVER_ERROR", None)),
    Row("match_type unknown", "wat", _KEPT, _resolved({"match_type": "wat"}, "ANSWER_INVALID")),
    Row("match_type unknown", "no JSON object", "refused everywhere", _malformed("[]")),
    Row("match_type unknown", "HTML", "refused everywhere", _malformed("<html>")),
    Row("match_type unknown", "none", _KEPT, _resolved({"match_type": "none"}, "NO_CANDIDATES")),
    Row("exact without token and without ref", "exact", _KEPT, _resolved({"match_type": "exact"}, "ANSWER_INVALID")),
    Row(_PLACES, "gaps", "numbered by position", _numbers([0, 4], [1, 5], "AB")),
    Row(_PLACES, "duplicate", "numbered as they come", _numbers([1, 1, 0], [1, 2, 3], "ABC")),
    Row(_PLACES, "unsorted", "sorted", _numbers([2, 0, 1], [1, 2, 3], "BCA")),
    Row(_PLACES, "texts", "numbered as they come", _numbers(["b", None], [1, 2], "AB")),
    Row(_SELECT, "0", _KEPT, _select("0")),
    Row(_SELECT, "-1", _KEPT, _select("-1")),
    Row(_SELECT, "N+1", _KEPT, _select("3")),
    Row("token expired once/twice", "once", "looked up again, bound to the same", _token_ended),
    Row(
        "token expired once/twice", "twice", _KEPT,
        _confirm_fails(400, "invalid_candidate_token", "TRACKER_REQUEST_REFUSED", 2),
    ),
    Row("409 already_bound", "409", _KEPT, _confirm_fails(409, "already_bound", "TRACKER_CONFLICT", 1)),
    Row("validate valid=true but other ref echoed", "other", _KEPT, _other_echoed),
    Row("binding_ref in responses toggling", "toggling", "the last one is kept", _toggling),
    Row(_STALE, "binding_not_found", "an ordinary refusal", _stale("binding_not_found")),
    Row(_STALE, "mapping_disabled", "an ordinary refusal", _stale("mapping_disabled")),
    Row(_STALE, "project_mismatch", "an ordinary refusal", _stale("project_mismatch")),
    Row("provider case/aliases", "case", "one spelling", _cased),
    Row("provider case/aliases", "aliases", "unknown", _aliases),
    Row(_ITEMS, "absent", "nothing is sent", _items(None, "FILE_NOT_FOUND")),
    Row(_ITEMS, "invalid", "nothing is sent", _items("{", "ITEMS_INVALID")),
    Row(_ITEMS, "object", "nothing is sent", _items("{}", "ITEMS_INVALID")),
    Row(_ITEMS, "stdin empty", "nothing is sent", _items(None, "ITEMS_INVALID")),
    Row("no TTY", "several candidates", "shown, and the option that chooses", _no_terminal),
    Row("no team slug", "none", "nothing is sent", _no_team),
    Row(_LOCAL, "missing", "named", _local("", "PROGRAM_MISSING")),
    Row(_LOCAL, "hanging", "given up", _local("import time; time.sleep(60)", "TIMEOUT")),
    Row(_LOCAL, "non-JSON", "refused", _local("print('hello')", "TRACKER_OUTPUT_INVALID")),
    Row(_LOCAL, "an object", "refused", _local("print('{}')", "TRACKER_OUTPUT_INVALID")),
    Row(_LOCAL, "fails", "its words", _local("import sys; sys.exit('no database')", "TRACKER_COMMAND_FAILED")),
    Row(_LOCAL, "metacharacters", "only text", _local(_METACHARACTERS, None)),
)  # fmt: skip
