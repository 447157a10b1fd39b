"""The part of the server that knows trackers: bindings, issues, operations, and the origins of missions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.serving import Answer, Handler, Request, Server

API = "/api/v1/tracker/"
SEARCH, ORIGIN = f"{API}issue-search/", f"{API}mission-origin/bind/"
RESOLVE, CONFIRM, VALIDATE = (f"{API}bind-{verb}/" for verb in ("resolve", "confirm", "validate"))
STATUS, MAPPINGS, PULL, PUSH, RUN = (f"{API}{call}/" for call in ("status", "mappings", "pull", "push", "run"))
RESOURCES, OPERATIONS = f"{API}resources/", f"{API}operations/*"
IDENTITY = {"uuid", "slug", "node_id", "repo_slug", "build_id"}


def issue(key: str, title: str, **more: Any) -> dict[str, Any]:
    """A ticket as a search lists it."""
    return {
        "external_issue_id": f"id-{key}",
        "external_issue_key": key,
        "title": title,
        "status": "Todo",
        "url": f"https://tracker.example/{key}",
        **more,
    }


def envelope(code: str, message: str = "no", *, action: bool = False, **more: Any) -> dict[str, Any]:
    """An error as the server tells it («PRI-12»)."""
    said = {"category": "x", "retryable": False, "source": "saas", "retry_after_seconds": None}
    return {"error_code": code, "message": message, "user_action_required": action, **said, **more}


@dataclass
class Tracker:
    """One team's trackers.

    Args:
        bindings: reference -> the provider and the project's slug.
        candidates: what `bind-resolve` offers.
        issues: the tickets there are.
        origins: slug of a mission -> id of its ticket.
        keys: idempotency key -> what was answered.
        waits: how often an operation is still running when it is asked about.
    """

    server: Server
    bindings: dict[str, tuple[str, str]] = field(default_factory=dict)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Answer] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    waits: int | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.candidates = [
            {"candidate_token": f"token-{name}", "display_label": f"Team {name}", "confidence": confidence,
             "match_reason": "name", "sort_position": place}
            for place, (name, confidence) in enumerate([("Web", "high"), ("Ops", "low")])
        ]  # fmt: skip
        self.issues = [issue("WEB-123", "Fix the login"), issue("WEB-124", "Log out everywhere")]
        routed = {STATUS: self.status, MAPPINGS: self.mappings}
        posted = {PULL: self.pull, PUSH: self.push, RUN: self.push, SEARCH: self.search}
        for path, handler in routed.items():
            self.server.route("GET", path, self.guarded(self.routed(handler)))
        for path, handler in posted.items():
            self.server.route("POST", path, self.guarded(self.routed(handler)))
        self.server.route("GET", RESOURCES, self.guarded(self.resources))
        self.server.route("GET", OPERATIONS, self.guarded(self.operation))
        self.server.route("POST", RESOLVE, self.guarded(self.resolve))
        self.server.route("POST", CONFIRM, self.guarded(self.confirm))
        self.server.route("POST", VALIDATE, self.guarded(self.validate))
        self.server.route("POST", ORIGIN, self.guarded(self.routed(self.bind_origin)))

    def guarded(self, handler: Handler) -> Handler:
        """For members of a team; an answer to a key that was seen is given again."""

        def checked(request: Request) -> Answer:
            if request.headers.get("x-team-slug") != "acme":
                return Answer(403, envelope("wrong_team"))
            key = request.headers.get("idempotency-key")
            if key is None:
                return handler(request)
            if key not in self.keys:
                answer = handler(request)
                if answer.status >= 300:
                    return answer
                self.keys[key] = answer
            return self.keys[key]

        return self.server.bearer(checked)

    def routed(self, handler: Handler) -> Handler:
        """For a binding that exists: the reference counts, then the project's slug."""

        def checked(request: Request) -> Answer:
            asked = request.json() if request.body else {name: each[0] for name, each in request.query.items()}
            ref, slug = asked.get("binding_ref"), asked.get("project_slug")
            if ref is not None and ref not in self.bindings:
                return Answer(404, envelope("binding_not_found"))
            if ref is None and slug is not None and slug not in {known for _, known in self.bindings.values()}:
                return Answer(404, envelope("mapping_not_found"))
            return handler(request)

        return checked

    def bound(self, slug: str = "project", ref: str = "ref-1", provider: str = "linear") -> str:
        """Let a binding exist."""
        self.bindings[ref] = (provider, slug)
        return ref

    def status(self, request: Request) -> Answer:
        """How a binding stands, or all of them."""
        if not {"binding_ref", "project_slug"} & request.query.keys():
            return Answer(200, {"connected": True, "bindings": sorted(self.bindings), "resource_count": 2})
        path = {"type": "installation", "provider": request.query["provider"][0]}
        return Answer(200, {"configured": True, "sync_state": "idle", "identity_path": path})

    def mappings(self, _: Request) -> Answer:
        """One mapping."""
        return Answer(200, {"mappings": [{"wp_id": "WP01", "system": "linear", "external_key": "WEB-123"}]})

    def pull(self, request: Request) -> Answer:
        """All issues."""
        count = min(len(self.issues), request.json()["limit"])
        totals = {"total": count, "succeeded": count, "failed": 0, "skipped": 0}
        return Answer(200, {"status": "ok", "summary": totals, "items": [], "has_more": False, "next_cursor": None})

    def push(self, request: Request) -> Answer:
        """Do it at once, or later."""
        if self.waits is not None:
            name = f"op-{next(self.numbers)}"
            self.operations[name] = self.waits
            return Answer(202, {"operation_id": name})
        return Answer(200, self.pushed(len(request.json().get("items", []))))

    def pushed(self, count: int = 1) -> dict[str, Any]:
        """The outcome of a push."""
        return {"status": "ok", "summary": {"total": count, "succeeded": count, "failed": 0, "skipped": 0}}

    def operation(self, request: Request) -> Answer:
        """How an operation stands."""
        name = request.path.rstrip("/").rpartition("/")[2]
        self.operations[name] -= 1
        if self.operations[name] >= 0:
            return Answer(200, {"operation_id": name, "status": "running"})
        return Answer(200, {"operation_id": name, "status": "completed", "result": self.pushed()})

    def resources(self, request: Request) -> Answer:
        """What can be bound to."""
        provider = request.query["provider"][0]
        listed = [
            {"candidate_token": each["candidate_token"], "display_label": each["display_label"], "provider": provider,
             "provider_context": {"workspace_name": "Acme"}, "binding_ref": None}
            for each in self.candidates
        ]  # fmt: skip
        return Answer(200, {"resources": listed, "installation_id": "1", "provider": provider})

    def resolve(self, request: Request) -> Answer:
        """What fits a project."""
        if set(request.json()["project_identity"]) != IDENTITY:
            return Answer(400, envelope("invalid_identity"))
        kind = "candidates" if self.candidates else "none"
        return Answer(200, {"match_type": kind, "candidates": self.candidates})

    def confirm(self, request: Request) -> Answer:
        """Bind."""
        asked = request.json()
        for each in self.candidates:
            if each["candidate_token"] == asked["candidate_token"]:
                ref = self.bound(asked["project_identity"]["slug"], f"ref-{each['candidate_token']}", asked["provider"])
                context = {"workspace_name": "Acme"}
                label = each["display_label"]
                return Answer(200, {"binding_ref": ref, "display_label": label, "provider_context": context})
        return Answer(400, envelope("invalid_candidate_token"))

    def validate(self, request: Request) -> Answer:
        """Whether a binding is good."""
        ref = request.json()["binding_ref"]
        if ref in self.bindings:
            return Answer(200, {"valid": True, "binding_ref": ref, "display_label": "Team Web"})
        return Answer(200, {"valid": False, "binding_ref": ref, "reason": "mapping_deleted", "guidance": "bind anew"})

    def search(self, request: Request) -> Answer:
        """Find tickets; a key counts before words."""
        asked = request.json()
        key, text = asked.get("query_key"), (asked.get("query_text") or "").lower()
        if key:
            found = [{**each, "match_type": "exact"} for each in self.issues if each["external_issue_key"] == key]
        else:
            found = [{**each, "match_type": "text"} for each in self.issues if text in each["title"].lower()]
        place = {"resource_type": "linear_team", "resource_id": "team-1"}
        return Answer(200, {"candidates": found[: asked["limit"]], **place})

    def bind_origin(self, request: Request) -> Answer:
        """One ticket for each mission."""
        asked = request.json()
        mission, ticket = asked["mission_id"], asked["external_issue_id"]
        if self.origins.setdefault(mission, ticket) != ticket:
            return Answer(409, envelope("origin_conflict", "the mission has another ticket"))
        return Answer(200, {"origin_link_id": f"link-{mission}", "bound_at": "2026-11-21T12:00:00Z"})
