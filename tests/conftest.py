"""Fixtures for every test: a scratch home, real git, the command line."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import elsewhere, today
from tests.support.cli import Result, run_here, run_script
from tests.support.environment import isolate
from tests.support.git import Repo, make_repo
from tests.support.project import Project, make_project
from tests.support.server import running
from tests.support.serving import Server

# A shell starts what runs in the background with Ctrl-C ignored, and commands under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests run on another day and in another place."""
    group = parser.getgroup("spec-kitty")
    group.addoption("--today", metavar="DATE", help="the moment at which each test begins: 2028-02-29, or with a time")
    group.addoption("--zone", metavar="TZ", default="UTC", help="the time zone of the machine, such as Asia/Tokyo")
    group.addoption("--without-posix", action="store_true", help="hide from the program what Windows lacks")


def pytest_configure(config: pytest.Config) -> None:
    """Set the clock before anything is collected."""
    elsewhere.configure(lacking=config.getoption("--without-posix"))
    try:
        today.configure(config.getoption("--today"), config.getoption("--zone"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header() -> str | None:
    """Say which day it is."""
    return today.header()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin each test at the same moment."""
    today.begin()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
    """Make what several tests share before the first of them began."""
    if fixturedef.scope == "function":
        return (yield)
    with today.earlier():
        return (yield)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or touches the home folder, the settings, the sessions or the repository of who runs it."""
    isolate(tmp_path / "home", monkeypatch)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def git(tmp_path: Path) -> Repo:
    """A real repository on `main` with one commit, and nothing of ours in it."""
    return make_repo(tmp_path / "repo")


@pytest.fixture(scope="session")
def _made_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `project` is a copy of: making one takes several times as long."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        return make_project(folder / "project").path


@pytest.fixture
def project(tmp_path: Path, _made_project: Path) -> Project:
    """A real repository that is a spec-kitty project, committed."""
    path = tmp_path / "project"
    shutil.copytree(_made_project, path, symlinks=True)
    git = Repo(path)
    git("update-index", "-q", "--refresh")
    return Project(path, git)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command in this process; see `tests.support.cli.run_here`."""
    return run_here


@pytest.fixture
def run_installed() -> Callable[..., Result]:
    """Run a command through the installed script; see `tests.support.cli.run_script`."""
    return run_script


@pytest.fixture
def server() -> Iterator[Server]:
    """The server that sync talks to, for real, on loopback; see `tests.support.server`."""
    with running() as made:
        yield made
