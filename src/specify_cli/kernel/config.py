"""`.kittify/config.yaml` as a value (formats.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from specify_cli.kernel import yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.fields import (
    AMOUNT,
    FLAG,
    TEXT,
    Broken,
    Fields,
    Kind,
    Schema,
    listing,
    one_of,
    sift,
)  # fmt: skip
from specify_cli.kernel.values import frozen

STRATEGIES = ("merge", "squash", "rebase")
PUBLISH = ("milestone", "always")
ENFORCE = "enforce"
OWNERSHIP = ("warn", ENFORCE)
REVIEW_BY = ("any", "other")


def _is_argument_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(TEXT.fits, value)) and bool(value[0])


def _is_tests(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_argument_list, value))


_SCALAR = Kind("a text", lambda value: TEXT.fits(value) or isinstance(value, int))
# A list counts as a whole: of what is protected, copied or run, nothing is left out unseen.
_WORDS = Kind("a list of texts", lambda value: isinstance(value, list) and all(map(TEXT.fits, value)))
_TESTS = Kind('a list of argument lists, all texts, such as [[pytest, -n, "2"]]', _is_tests)
FIELDS: Schema = {
    "agents": Fields({"available": _WORDS, "skills": _WORDS, "integrations": _WORDS, "auto_commit": FLAG}),
    "status": Fields({"publish": one_of(*PUBLISH)}),
    "project": Fields({"uuid": _SCALAR, "slug": _SCALAR, "repo_slug": _SCALAR}),
    "merge": Fields({"strategy": one_of(*STRATEGIES), "auto": FLAG}),
    "protected": _WORDS,
    "review": Fields({"by": one_of(*REVIEW_BY), "self": FLAG}),
    "leases": Fields({"quiet_minutes": Kind("a number of minutes", AMOUNT.fits)}),
    "worktree": Fields({"copy": _WORDS}),
    "ownership": one_of(*OWNERSHIP),
    "missions": Fields({"start_branch": FLAG}),
    "accept": Fields({"tests": _TESTS}),
}


@frozen
class Config:
    """What a project has decided. Missing keys hold the defaults, and so do broken ones.

    Args:
        problem: why some of it cannot be read; whoever changes something must not go on without it.
    """

    agents: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    auto_commit: bool = True
    publish: str = "milestone"
    project_uuid: str | None = None
    project_slug: str | None = None
    repo_slug: str | None = None
    merge_strategy: str = "squash"
    merge_auto: bool = False
    protected: tuple[str, ...] = ()
    review_by: str = "any"
    review_self: bool = False
    quiet_minutes: float = 15.0
    worktree_copy: tuple[str, ...] = ()
    start_branch: bool = False
    accept_tests: tuple[tuple[str, ...], ...] = ()
    ownership: str = "warn"
    raw: Mapping[str, object] = field(default_factory=dict)
    problem: Refused | None = None

    def require_sound(self) -> None:
        """Make sure that all of it could be read.

        Raises:
            Refused: `MALFORMED_YAML`, or `CONFIG_INVALID` naming the key, what it holds and what is expected.
        """
        if self.problem is not None:
            raise self.problem


def parse_config(text: str | None, where: str = ".kittify/config.yaml") -> Config:
    """The config that a text holds; None or an empty text gives the defaults.

    Raises:
        Refused: as `Config.require_sound`.
    """
    config = read_config(text, where)
    config.require_sound()
    return config


def read_config(text: str | None, where: str = ".kittify/config.yaml") -> Config:
    """As `parse_config`, for those who only look: what is broken holds the default, and is told by `problem`."""
    if text is None:
        return Config()
    try:
        raw = yaml.mapping(text, where)
    except Refused as error:
        return Config(problem=error)
    data, broken = sift(raw, FIELDS)

    def value(section: str, key: str, default: Any = None) -> Any:
        part = data.get(section)
        found = part.get(key) if isinstance(part, dict) else None
        return default if found is None else found

    return Config(
        agents=tuple(value("agents", "available", ())),
        skills=tuple(value("agents", "skills", ())),
        integrations=tuple(value("agents", "integrations", ())),
        auto_commit=value("agents", "auto_commit", True),
        publish=value("status", "publish", PUBLISH[0]),
        project_uuid=_text(value("project", "uuid")),
        project_slug=_text(value("project", "slug")),
        repo_slug=_text(value("project", "repo_slug")),
        merge_strategy=value("merge", "strategy", "squash"),
        merge_auto=value("merge", "auto", False),
        protected=_texts(data.get("protected")),
        review_by=value("review", "by", REVIEW_BY[0]),
        review_self=value("review", "self", False),
        quiet_minutes=float(value("leases", "quiet_minutes", 15.0)),
        worktree_copy=tuple(value("worktree", "copy", ())),
        ownership=str(data.get("ownership") or OWNERSHIP[0]),
        start_branch=value("missions", "start_branch", False),
        accept_tests=tuple(tuple(words) for words in value("accept", "tests", ())),
        raw=raw,
        problem=_invalid(where, broken) if broken else None,
    )


def _invalid(where: str, broken: Sequence[Broken]) -> Refused:
    details: dict[str, object] = {"path": where, "key": broken[0].key, "expected": broken[0].expected, "edit": where}
    return Refused(f"{where}: {listing(broken)}", "CONFIG_INVALID", details=details)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
