from __future__ import annotations

import pytest

from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import Refused

FULL = """\
vcs: {type: git}
agents:
  available: [claude, codex]
  auto_commit: false
status: {publish: always}
project:
  uuid: 8a4a0a10-0000-4000-8000-000000000000
  slug: tea
  repo_slug: null
merge: {strategy: rebase, auto: true}
protected: [main, release]
review: {by: other, self: true}
leases: {quiet_minutes: 0.5}
worktree: {copy: [.env]}
accept: {tests: [[make, test], [pytest, -n, "2"]]}
tracker: {provider: linear}
"""


ARGUMENT_LISTS = 'a list of argument lists, all texts, such as [[pytest, -n, "2"]]'


def test_a_full_config() -> None:
    config = parse_config(FULL)
    assert config == Config(
        agents=("claude", "codex"),
        auto_commit=False,
        publish="always",
        project_uuid="8a4a0a10-0000-4000-8000-000000000000",
        project_slug="tea",
        repo_slug=None,
        merge_strategy="rebase",
        merge_auto=True,
        protected=("main", "release"),
        review_by="other",
        review_self=True,
        quiet_minutes=0.5,
        worktree_copy=(".env",),
        accept_tests=(("make", "test"), ("pytest", "-n", "2")),
        raw=config.raw,
    )
    assert config.raw["tracker"] == {"provider": "linear"}


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "agents:\nmerge:\nprotected:\n", "unknown: [1]\n"])
def test_what_is_not_said_has_its_default(text: str | None) -> None:
    config = parse_config(text)
    assert (config.agents, config.auto_commit, config.publish, config.merge_strategy) == (
        (),
        True,
        "milestone",
        "squash",
    )
    assert (config.review_by, config.review_self, config.quiet_minutes, config.protected) == ("any", False, 15.0, ())


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("agents: [claude]\n", "agents", "a mapping"),
        ("agents: {available: claude}\n", "agents.available", "a list of texts"),
        ("agents: {available: [1]}\n", "agents.available", "a list of texts"),
        ("agents: {auto_commit: yes}\n", "agents.auto_commit", "true or false"),
        ("status: {publish: never}\n", "status.publish", "one of milestone, always"),
        ("merge: {strategy: octopus}\n", "merge.strategy", "one of merge, squash, rebase"),
        ("merge: {strategy: [squash]}\n", "merge.strategy", "one of merge, squash, rebase"),
        ("merge: {auto: 1}\n", "merge.auto", "true or false"),
        ("protected: main\n", "protected", "a list of texts"),
        ("leases: {quiet_minutes: -1}\n", "leases.quiet_minutes", "a number of minutes"),
        ("leases: {quiet_minutes: true}\n", "leases.quiet_minutes", "a number of minutes"),
        ("leases: {quiet_minutes: .nan}\n", "leases.quiet_minutes", "a number of minutes"),
        ("leases: {quiet_minutes: soon}\n", "leases.quiet_minutes", "a number of minutes"),
        ("project: 7\n", "project", "a mapping"),
        ("worktree: {copy: .env}\n", "worktree.copy", "a list of texts"),
        ("accept: {tests: make test}\n", "accept.tests", ARGUMENT_LISTS),
        ("accept: {tests: [make test]}\n", "accept.tests", ARGUMENT_LISTS),
        ("accept: {tests: [[]]}\n", "accept.tests", ARGUMENT_LISTS),
        ("accept: {tests: [[pytest, -n, 2]]}\n", "accept.tests", ARGUMENT_LISTS),
        ('accept: {tests: [["", x]]}\n', "accept.tests", ARGUMENT_LISTS),
    ],
)
def test_what_makes_no_sense_is_told_with_its_key(text: str, key: str, expected: str) -> None:
    with pytest.raises(Refused, match=key) as told:
        parse_config(text, "/p/.kittify/config.yaml")
    assert told.value.code == "CONFIG_INVALID"
    assert told.value.message.endswith(f"expected {expected}")
    path = "/p/.kittify/config.yaml"
    assert told.value.details == {"path": path, "key": key, "expected": expected, "edit": path}
    assert told.value.hint is None


def test_a_config_that_is_no_yaml_is_told_with_line_and_column() -> None:
    with pytest.raises(Refused, match="line 2, column 2") as told:
        parse_config("agents: [x\nb: 1\n")
    assert told.value.code == "MALFORMED_YAML"
