"""GitHub issues through `gh`, for who has no server: found, told of their mission, closed when it is merged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Conflict, NotFound, Refused, Unavailable
from specify_cli.tracker.origin_models import OriginCandidate, SearchOriginResult
from specify_cli.tracker.providers.command import Issue, Program

GH = Program(("gh",))
RESOURCE = "github_repository"
_REPOSITORY = re.compile(r"(?:[\w.\-]+/)?[A-Za-z0-9][\w.\-]*/[A-Za-z0-9_.][\w.\-]*")
_NUMBER = re.compile(r"(?:#|GH-)?([1-9][0-9]{0,9})", re.IGNORECASE)
_FIELDS = "id,number,title,state,url"


def repository_here(folder: Path) -> str:
    """`owner/name` of the repository that `gh` sees from a folder; raises as `Program.json`."""
    words = ["repo", "view", "--json=nameWithOwner"]
    found = Program(GH.command, folder).json(words)
    name = found.get("nameWithOwner") if isinstance(found, dict) else None
    if not isinstance(name, str):
        raise GH.unreadable(words)
    return repository_named(name)


def repository_named(text: str) -> str:
    """A repository as `gh` takes it: `owner/name`, or `host/owner/name`.

    Raises:
        Refused: `WORKSPACE_INVALID`.
    """
    if not _REPOSITORY.fullmatch(text.strip()):
        hint = spec_kitty("tracker bind", "--provider", "github-cli", "--workspace", "OWNER/NAME")
        raise Refused(f"{text!r} is no repository: OWNER/NAME is expected", "WORKSPACE_INVALID", hint=hint)
    return text.strip()


class GitHubIssues:
    """The issues of one repository.

    Args:
        repository: `owner/name`.
    """

    def __init__(self, repository: str) -> None:
        self.repository = repository_named(repository)

    def search(self, *, query_text: str | None, query_key: str | None, limit: int) -> SearchOriginResult:
        """Find issues by number (`12`, `#12`, `GH-12`), by words, or all open ones."""
        key = _NUMBER.fullmatch(query_key.strip()) if query_key else None
        if key:
            found = self._numbered(key[1])
        else:
            words = self._words("list", "--state=open", f"--limit={limit}", f"--json={_FIELDS}")
            text = query_key or query_text
            rows = GH.rows([*words, *([f"--search={text}"] if text else [])])
            found = [self._candidate(row, "text") for row in rows[:limit]]
        return SearchOriginResult(found, "github-cli", RESOURCE, self.repository, query_key or query_text or "")

    def _numbered(self, number: str) -> list[OriginCandidate]:
        """The issue of a number, or none."""
        try:
            return [self._candidate(self._view(number, _FIELDS), "exact")]
        except Unavailable as error:
            if "Could not resolve to an issue" not in error.message:
                raise
            return []

    def bind(self, candidate: OriginCandidate, meta: Mapping[str, object], feature_dir: Path) -> None:
        """Tell an issue of its mission in a comment, once.

        Raises:
            Conflict: `ORIGIN_CONFLICT`, the mission has another ticket.
        """
        other = meta.get("origin_ticket")
        if isinstance(other, Mapping) and other.get("external_issue_id") != candidate.external_issue_id:
            raise Conflict(
                f"{feature_dir.name} is bound to {other.get('external_issue_key')}; a mission has one ticket",
                "ORIGIN_CONFLICT",
                hint=spec_kitty("mission info", "--mission", feature_dir.name),
            )
        number = number_of(candidate.external_issue_key)
        mark = f"<!-- spec-kitty mission {meta.get('mission_id') or feature_dir.name} -->"
        comments = self._view(number, "comments").get("comments")
        said = [each.get("body") for each in comments if isinstance(each, dict)] if isinstance(comments, list) else []
        if any(isinstance(text, str) and mark in text for text in said):
            return
        base, branch = candidate.url.rpartition("/issues/")[0], quote(str(meta.get("target_branch") or "main"))
        link = f"{base}/tree/{branch}/kitty-specs/{feature_dir.name}"
        text = f"Mission [`{feature_dir.name}`]({link}) works on this issue.\n\n{mark}\n"
        GH.run(self._words("comment", number, "--body-file=-"), input=text)

    def close(self, key: str, comment: str) -> bool:
        """Close an issue; False where it was closed already."""
        number = number_of(key)
        if str(self._view(number, "state").get("state")).upper() == "CLOSED":
            return False
        GH.run(self._words("close", number, "--reason=completed", f"--comment={comment}"))
        return True

    def issues(self, limit: int) -> list[Issue]:
        """The issues there are, open and closed."""
        rows = GH.rows(
            self._words("list", "--state=all", f"--limit={limit}", "--json=number,title,state,url,updatedAt,body")
        )
        return [
            Issue(
                f"GH-{row.get('number')}",
                str(row.get("title") or ""),
                "done" if str(row.get("state")).upper() == "CLOSED" else "todo",
                str(row.get("updatedAt") or ""),
                {"body": row.get("body"), "url": row.get("url")},
            )
            for row in rows
        ]

    def set_status(self, issue_id: str, status: str) -> None:
        """Not done here: an issue is closed by the merge of its mission, by nothing else."""
        raise Refused(
            f"{issue_id} is closed by the merge of its mission; {status} is not written to GitHub",
            "TRACKER_UNSUPPORTED",
            hint=spec_kitty("merge"),
        )

    def _words(self, verb: str, *words: str) -> list[str]:
        return ["issue", verb, f"--repo={self.repository}", *words]

    def _view(self, number: str, fields: str) -> dict[str, Any]:
        words = self._words("view", number, f"--json={fields}")
        found = GH.json(words)
        if not isinstance(found, dict):
            raise GH.unreadable(words)
        return found

    def _candidate(self, row: dict[str, Any], match: str) -> OriginCandidate:
        texts = [row.get(name) for name in ("id", "title", "state", "url")]
        number = row.get("number")
        if type(number) is not int or not all(isinstance(text, str) and text for text in texts):
            raise GH.unreadable(["issue", "view"])
        node, title, state, url = map(str, texts)
        return OriginCandidate(node, f"GH-{number}", title, state.lower(), url, match)


def number_of(key: str) -> str:
    """The number of an issue's key.

    Raises:
        NotFound: `TICKET_NOT_FOUND`.
    """
    found = _NUMBER.fullmatch(key.strip())
    if found is None:
        raise NotFound(f"{key!r} names no issue", "TICKET_NOT_FOUND", hint=command("gh", "issue", "list"))
    return found[1]
