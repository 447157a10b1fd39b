"""What a command may import and how many git processes it may start: the cause of every slow command.

Milliseconds are measured by `make bench`; here they are held by what costs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.probe import Seen, watch
from tests.support.project import Project, Task

# Each of these costs a tenth of a command's time or more.
SLOW = (
    "rich", "ruamel", "pydantic", "httpx", "sqlite3", "asyncio", "packaging", "http",
    "ssl", "concurrent", "multiprocessing", "xml", "unittest", "pkg_resources",
)  # fmt: skip
# What only a writer needs: locks and identifiers, with what they load themselves.
WRITERS_ONLY = ("filelock", "ulid", "socket", "logging", "email", "importlib.metadata")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a command may spend.

    Args:
        line: the words after `spec-kitty`; `{slug}` is the mission.
        git: how many git processes it may start.
        writes: whether it may load what only writers need.
        code: the exit code it must give.
    """

    line: str
    git: int
    writes: bool = False
    code: int = 0

    def words(self, slug: str) -> list[str]:
        """The words with the mission in its place."""
        return [word.format(slug=slug) for word in self.line.split()]


# The lead's table: a number goes up only with a reason beside it.
BUDGETS = [
    Budget("--help", git=0),
    Budget("agent --help", git=0),
    Budget("agent tasks move-task --help", git=0, writes=True),
    Budget("next --mission {slug} --json", git=0),
    Budget("status --json", git=0),
    Budget("status --mission {slug} --json", git=0),
    Budget("agent tasks status --mission {slug} --json", git=0),
    Budget("agent tasks list-tasks --mission {slug} --json", git=0),
    Budget(
        "agent context resolve --action implement --wp-id WP01 --mission {slug} --json", git=1
    ),  # asks git for the name of who acts
    Budget("agent tasks move-task WP01 --to blocked --agent claude --mission {slug} --json", git=0, writes=True),
    Budget("agent status emit WP01 --to blocked --actor claude --mission {slug} --json", git=0, writes=True),
    Budget("agent tasks add-history WP01 --note x --agent claude --mission {slug} --json", git=0, writes=True),
    Budget("orchestrator-api contract-version", git=0),
    Budget("orchestrator-api mission-state --mission {slug}", git=0),
    Budget("orchestrator-api list-ready --mission {slug}", git=0),
    Budget("orchestrator-api resolve-workspace --mission {slug} --wp WP01", git=0),
    Budget("orchestrator-api transition --mission {slug} --wp WP01 --to blocked --actor orch", git=0, writes=True),
    Budget("orchestrator-api append-history --mission {slug} --wp WP01 --actor orch --note x", git=0, writes=True),
]


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: budget.line)
def test_a_command_keeps_within_its_budget(budget: Budget, project: Project, tmp_path: Path) -> None:
    slug = project.finalized(Task("WP01"), Task("WP02", needs=("WP01",)))
    seen = watch(*budget.words(slug), cwd=project.path, scratch=tmp_path)
    assert seen.code == budget.code, seen.said
    assert not seen.loaded(*SLOW, *(() if budget.writes else WRITERS_ONLY))
    assert len(seen.git) <= budget.git, "\n".join(seen.git)


# What looks at documents, history and conflicts: for the moves that ask for it.
LOOKS = (
    "specify_cli.conditions.accept_rules",
    "specify_cli.conditions.review_facts",
    "specify_cli.conditions.verdict_facts",
    "specify_cli.status.approvals",
    "specify_cli.workspaces.astray",
    "specify_cli.workspaces.coverage",
    "specify_cli.workspaces.coverage_models",
    "specify_cli.workspaces.forecast_models",
    "specify_cli.workspaces.markers",
    "specify_cli.workspaces.planned_coverage",
    "specify_cli.workspaces.trees",
    "specify_cli.workspaces.untangling",
)


@pytest.mark.parametrize(
    "line",
    [each.line for each in BUDGETS if "--to blocked" in each.line],
)
def test_a_move_that_asks_nothing_of_git_loads_nothing_that_looks_there(
    line: str, project: Project, tmp_path: Path
) -> None:
    slug = project.finalized(Task("WP01"))
    seen = watch(*line.format(slug=slug).split(), cwd=project.path, scratch=tmp_path)
    assert not seen.modules & set(LOOKS)


def test_the_version_is_told_with_nothing_loaded(tmp_path: Path) -> None:
    seen = watch("--version", cwd=tmp_path, scratch=tmp_path)
    ours = {name for name in seen.modules if name.startswith("specify_cli")}
    assert ours == {
        "specify_cli",
        "specify_cli.__main__",
        "specify_cli.kernel",
        "specify_cli.kernel.lazy",
        "specify_cli.version",
    }
    assert not seen.loaded("typer", "typing", "dataclasses", "inspect", "pathlib", "argparse")
    assert seen.git == ()


@pytest.mark.parametrize(
    ("line", "most"),
    [
        ("agent mission create tea-cup --json", 6),
        ("init --ai claude --json", 0),
    ],
)
def test_a_command_that_begins_something_keeps_within_its_processes(
    line: str, most: int, project: Project, tmp_path: Path
) -> None:
    seen = watch(*line.split(), cwd=project.path, scratch=tmp_path)
    assert seen.code == 0, seen.said
    assert len(seen.git) <= most, "\n".join(seen.git)


def test_finalizing_thirty_work_packages_takes_six_processes(project: Project, tmp_path: Path) -> None:
    names = [f"WP{number:02d}" for number in range(1, 31)]
    slug = project.planned(*(Task(name) for name in names))
    seen = watch("agent", "mission", "finalize-tasks", "--mission", slug, "--json", cwd=project.path, scratch=tmp_path)
    assert seen.code == 0, seen.said
    assert len(seen.git) <= 6, "\n".join(seen.git)


def test_a_command_loads_no_other_command(project: Project, tmp_path: Path) -> None:
    def commands(seen: Seen) -> set[str]:
        prefix = "specify_cli.cli.commands."
        return {name.removeprefix(prefix) for name in seen.modules if name.startswith(prefix)}

    slug = project.finalized(Task("WP01"))
    assert commands(watch("--help", cwd=project.path, scratch=tmp_path)) == set()
    assert commands(watch("next", "--mission", slug, cwd=project.path, scratch=tmp_path)) == {"next"}


def test_reading_writes_nothing(project: Project, tmp_path: Path) -> None:
    slug = project.finalized(Task("WP01"))

    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}

    before = files()
    for budget in BUDGETS:
        if not budget.writes:
            watch(*budget.words(slug), cwd=project.path, scratch=tmp_path)
    assert files() == before
