"""Templates: the order in which they are looked for (seed 039, WP08), and filling them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core import project_resolver as resolver
from specify_cli.core.project_resolver import COMMAND_TEMPLATES, TEMPLATES, resolve_template_path
from specify_cli.core.templates import command_template, fill, shipped_commands, template
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    folder = tmp_path / "project"
    (folder / ".kittify").mkdir(parents=True)
    return Repository(folder, None, None, None)


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("kind", [TEMPLATES, COMMAND_TEMPLATES])
def test_the_nearest_tier_counts(repo: Repository, kind: str) -> None:
    project = repo.checkout / ".kittify"
    user = resolver.user_folder()
    assert user is not None
    order = [
        ("user", user / kind),
        ("user", user / "missions/software-dev" / kind),
        ("project", project / kind),
        ("project", project / "missions/software-dev" / kind),
        ("override", project / "overrides" / kind),
        ("override", project / "overrides/missions/software-dev" / kind),
    ]
    assert resolve_template_path(repo, "software-dev", "plan.md", kind).tier == "package"
    for tier, folder in order:
        path = put(folder / "plan.md", str(folder))
        found = resolve_template_path(repo, "software-dev", "plan.md", kind)
        assert (found.path, found.tier) == (path, tier)


def test_a_file_of_the_project_replaces_the_scaffold(repo: Repository) -> None:
    put(repo.checkout / ".kittify/templates/plan.md", "# Ours\r\n")

    assert template(repo, "software-dev", "plan.md") == "# Ours\n"
    assert template(repo, "software-dev", "spec.md").startswith("# Specification")


def test_home_of_the_user_moves_with_its_variable(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEC_KITTY_HOME", str(tmp_path / "elsewhere"))
    put(tmp_path / "elsewhere/templates/plan.md", "# Moved\n")
    assert template(repo, "software-dev", "plan.md") == "# Moved\n"

    monkeypatch.delenv("SPEC_KITTY_HOME")
    put(Path.home() / ".kittify/templates/plan.md", "# Home\n")
    assert template(repo, "software-dev", "plan.md") == "# Home\n"


def test_a_type_without_a_template_borrows_it(repo: Repository) -> None:
    put(repo.checkout / ".kittify/missions/tea/mission.yaml", "key: tea\n")

    assert command_template(repo, "tea", "implement") == command_template(repo, "software-dev", "implement")


@pytest.mark.parametrize(
    ("mission_type", "name"),
    [
        ("software-dev", "nope.md"),
        ("software-dev", "../mission.yaml"),
        ("software-dev", "/etc/passwd"),
        ("software-dev", ""),
        ("software-dev", "..\\mission.yaml"),
        ("../software-dev", "plan.md"),
    ],
)
def test_what_is_not_there_or_outside_is_not_found(repo: Repository, mission_type: str, name: str) -> None:
    with pytest.raises(NotFound) as caught:
        template(repo, mission_type, name)

    assert caught.value.code == "TEMPLATE_NOT_FOUND"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("---\ndescription: Tea.\n---\n# Tea\n\nRun {{mision}}.\n", 6, "TEMPLATE_INVALID"),
        ("---\ndescription: Tea.\n---\n{{ agent }}\n", 4, "TEMPLATE_INVALID"),
        ("---\ndescription: [Tea\n---\n# Tea\n", 4, "MALFORMED_YAML"),
        ("---\ndescription: Tea\n", 1, "HEADER_UNCLOSED"),
    ],
)
def test_a_mistake_in_a_command_is_told_with_file_and_line(repo: Repository, text: str, line: int, code: str) -> None:
    path = put(repo.checkout / ".kittify/overrides/command-templates/plan.md", text)

    with pytest.raises(Refused) as caught:
        command_template(repo, "software-dev", "plan")

    assert caught.value.code == code
    assert str(path) in caught.value.message
    assert caught.value.details["path"] == str(path)
    assert abs(int(str(caught.value.details["line"])) - line) <= 1


def test_what_was_tried_is_told(repo: Repository) -> None:
    with pytest.raises(NotFound) as caught:
        template(repo, "software-dev", "nope.md")

    tried = caught.value.details["tried"]
    assert isinstance(tried, list)
    assert tried[0] == str(repo.checkout / ".kittify/overrides/missions/software-dev/templates/nope.md")
    assert len(tried) == 8


def test_a_link_out_of_the_project_is_refused(repo: Repository, tmp_path: Path) -> None:
    secret = put(tmp_path / "secret", "token")
    (repo.checkout / ".kittify/templates").mkdir()
    (repo.checkout / ".kittify/templates/plan.md").symlink_to(secret)

    with pytest.raises(Refused) as caught:
        template(repo, "software-dev", "plan.md")

    assert caught.value.code == "SYMLINK_REFUSED"


def test_a_link_inside_the_project_is_followed(repo: Repository) -> None:
    ours = put(repo.checkout / "docs/plan.md", "# Docs\n")
    (repo.checkout / ".kittify/templates").mkdir()
    (repo.checkout / ".kittify/templates/plan.md").symlink_to(ours)

    assert template(repo, "software-dev", "plan.md") == "# Docs\n"


def test_shipped_commands_are_listed() -> None:
    assert "tasks-outline" in shipped_commands("software-dev")
    assert list(shipped_commands("software-dev")) == sorted(shipped_commands("software-dev"))
    assert {*shipped_commands("nope"), "challenge"} == {*shipped_commands("plan")}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a {{x}} b", "a 1 b"),
        ("{{x}}{{y}}", "1{{x}}"),
        ("{{other}} {{x", "{{other}} {{x"),
        ("{{{x}}}", "{{{x}}}"),
        ("}} {{x}} {{", "}} 1 {{"),
    ],
)
def test_names_are_filled_in_once(text: str, filled: str) -> None:
    assert fill(text, {"x": "1", "y": "{{x}}"}) == filled


@given(st.text(alphabet="{}xy a", max_size=60))
def test_without_values_nothing_changes(text: str) -> None:
    assert fill(text, {}) == text
