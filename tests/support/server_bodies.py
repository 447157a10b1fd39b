"""The part of the server that takes bodies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tests.support.serving import Answer, Request, Server

BODIES = "/api/dossier/push-content/"
NAMESPACE = ("project_uuid", "mission_slug", "target_branch", "mission_type", "manifest_version")
KEYS = (*NAMESPACE, "artifact_path", "content_hash", "hash_algorithm", "content_body")


@dataclass
class Bodies:
    """Stores each version of a document once.

    Args:
        stored: namespace, path and hash -> text.
        late: how often a document is not known yet before it is taken.
    """

    server: Server
    stored: dict[tuple[str, ...], str] = field(default_factory=dict)
    late: int = 0

    def __post_init__(self) -> None:
        self.server.route("POST", BODIES, self.server.bearer(self.push))

    def push(self, request: Request) -> Answer:
        """Take one body, or say what is wrong with it."""
        asked = request.json()
        wrong = [name for name in KEYS if not isinstance(asked.get(name), str)] + sorted(set(asked) - set(KEYS))
        if wrong:
            return Answer(400, {"error": f"wrong fields: {', '.join(wrong)}"})
        if hashlib.sha256(asked["content_body"].encode()).hexdigest() != asked["content_hash"]:
            return Answer(400, {"error": "content_hash is not that of content_body"})
        if self.late > 0:
            self.late -= 1
            return Answer(404, {"error": "index_entry_not_found"})
        key = tuple(asked[name] for name in KEYS[:-2])
        known = key in self.stored
        self.stored[key] = asked["content_body"]
        return Answer(200, {"status": "already_exists"}) if known else Answer(201, {"status": "stored"})

    def texts(self) -> dict[str, list[str]]:
        """Path -> the versions of its text, in the order in which they came."""
        found: dict[str, list[str]] = {}
        for (*_, path, _hash), text in self.stored.items():
            found.setdefault(path, []).append(text)
        return found
