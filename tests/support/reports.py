"""Small inputs that once failed (tests/fixtures/reports/), as projects to try a command on."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.git import Repo, make_repo

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "reports"


def report(number: str) -> Path:
    """The folder of a report."""
    return FIXTURES / number


def report_in(number: str, folder: Path) -> None:
    """Put a report's files into a folder."""
    shutil.copytree(report(number), folder, dirs_exist_ok=True)


def older_project(number: str, path: Path) -> Repo:
    """A project of 3.1.1 with the missions of a report, committed."""
    git = make_repo(path, commit=False)
    report_in(number, path)
    (path / ".kittify").mkdir()
    shutil.copy(report("12") / "metadata.yaml", path / ".kittify" / "metadata.yaml")
    (path / "metadata.yaml").unlink(missing_ok=True)
    git.commit("as it was left")
    return git
