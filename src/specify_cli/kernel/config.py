"""`.kittify/config.yaml` as a value (formats.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specify_cli.kernel import yaml
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen

STRATEGIES = ("merge", "squash", "rebase")
PUBLISH = ("milestone", "always")
ENFORCE = "enforce"
OWNERSHIP = ("warn", ENFORCE)
REVIEW_BY = ("any", "other")


@frozen
class Config:
    """What a project has decided. Missing keys hold the defaults."""

    agents: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
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


def parse_config(text: str | None, where: str = ".kittify/config.yaml") -> Config:
    """The config that a text holds; None or an empty text gives the defaults.

    Raises:
        Refused: `MALFORMED_YAML`, or `CONFIG_INVALID` naming the key, what it holds and what is expected.
    """
    if text is None:
        return Config()
    raw = yaml.mapping(text, where)
    read = _Reader(raw, where)
    project = read.section("project")
    return Config(
        agents=read.words("agents", "available"),
        skills=read.words("agents", "skills"),
        auto_commit=read.flag("agents", "auto_commit", default=True),
        publish=read.choice("status", "publish", PUBLISH),
        project_uuid=_text(project.get("uuid")),
        project_slug=_text(project.get("slug")),
        repo_slug=_text(project.get("repo_slug")),
        merge_strategy=read.choice("merge", "strategy", STRATEGIES, default="squash"),
        merge_auto=read.flag("merge", "auto", default=False),
        protected=read.words("protected"),
        review_by=read.choice("review", "by", REVIEW_BY),
        review_self=read.flag("review", "self", default=False),
        quiet_minutes=read.number("leases", "quiet_minutes", default=15.0),
        worktree_copy=read.words("worktree", "copy"),
        ownership=read.choice("ownership", None, OWNERSHIP),
        start_branch=read.flag("missions", "start_branch", default=False),
        accept_tests=read.programs("accept", "tests"),
        raw=raw,
    )


@frozen
class _Reader:
    raw: Mapping[str, object]
    where: str

    def section(self, name: str) -> Mapping[str, object]:
        value = self.raw.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.invalid(name, value, "a mapping")
        return value

    def value(self, path: tuple[str, ...]) -> object:
        return self.raw.get(path[0]) if len(path) == 1 else self.section(path[0]).get(path[1])

    def words(self, *path: str) -> tuple[str, ...]:
        value = self.value(path)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.invalid(".".join(path), value, "a list of texts")
        return tuple(str(item) for item in value)

    def programs(self, *path: str) -> tuple[tuple[str, ...], ...]:
        """Argument lists, each of a program that is run without a shell."""
        value = self.value(path)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(_is_argument_list(each) for each in value):
            expected = 'a list of argument lists, all texts, such as [[pytest, -n, "2"]]'
            raise self.invalid(".".join(path), value, expected)
        return tuple(tuple(each) for each in value)

    def flag(self, *path: str, default: bool) -> bool:
        value = self.value(path)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.invalid(".".join(path), value, "true or false")
        return value

    def number(self, *path: str, default: float) -> float:
        value = self.value(path)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise self.invalid(".".join(path), value, "a number of minutes")
        return float(value)

    def choice(self, section: str, name: str | None, allowed: tuple[str, ...], default: str | None = None) -> str:
        path = (section,) if name is None else (section, name)
        value = self.value(path)
        if value is None:
            return default or allowed[0]
        if value not in allowed:
            raise self.invalid(".".join(path), value, "one of " + ", ".join(allowed))
        return str(value)

    def invalid(self, key: str, value: object, expected: str) -> Refused:
        return Refused(
            f"{self.where}: {key} is {value!r}, expected {expected}",
            "CONFIG_INVALID",
            details={"path": self.where, "key": key, "expected": expected, "edit": self.where},
        )


def _is_argument_list(value: object) -> bool:
    words = value if isinstance(value, list) else []
    return bool(words) and all(isinstance(word, str) and "\0" not in word for word in words) and bool(words[0])


def _text(value: object) -> str | None:
    return None if value is None else str(value)
