"""A project, a home folder and a model for a coding agent's own program, and the program in it, with a time limit."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.agents.programs import Place, Program, find, search_path
from tests.agents.terminal import terminal_of
from tests.support import today
from tests.support.cli import SCRIPT
from tests.support.project import Project, make_project

SECONDS = 240.0  # until a program that hangs is ended; the slowest mission takes 95 on a machine that is busy
SECONDS_AT_A_TERMINAL = 40.0
_IDENTITY = "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has come to its end.

    Args:
        code: its exit code.
        said: what it printed.
    """

    code: int
    said: str

    def ok(self) -> str:
        """What it printed, after making sure that it ended well."""
        assert self.code == 0, f"exit code {self.code}: {self.said}"
        return self.said


@dataclass(frozen=True, slots=True)
class Bench:
    """A program, and where it runs."""

    program: Program
    project: Project
    home: Path

    def run(self, url: str, typed: str) -> Ended:
        """Run the program with what a person types, and end whatever it leaves behind, and itself where it hangs."""
        env = self._configured(url)
        argv = [_file(self.program), *self.program.argv(typed), *self.program.permissions]
        out = self.home.parent / f"{self.home.name}.txt"
        with out.open("wb") as sink, _ending(self.home):
            process = subprocess.Popen(
                argv, cwd=self.project.path, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                start_new_session=True,
            )  # fmt: skip
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS)
            code = process.poll()
        process.wait()
        said = out.read_text(encoding="utf-8", errors="replace")
        if code is None:
            name = f"{self.program.name} {version(self.program)}"
            pytest.fail(f"{name} had not ended after {SECONDS:.0f} s; its last words: {said[-200:]!r}", pytrace=False)
        return Ended(code, said)

    def type(self, url: str, typed: str, until: Callable[[], bool]) -> str:
        """Type a line into the program at a terminal, and wait for what is to come of it; what was shown."""
        typing = self.program.typing
        assert typing is not None, f"{self.program.name} needs no terminal"
        env = self._configured(url)
        argv = [_file(self.program), *typing.argv]
        with _ending(self.home), terminal_of(argv, self.project.path, env) as terminal:
            for question in typing.questions:
                terminal.type("", at=question)
            terminal.type(typed, at=typing.ready)
            terminal.wait(until, SECONDS_AT_A_TERMINAL)
        return terminal.shown

    def _configured(self, url: str) -> dict[str, str]:
        """Write the program's settings; its environment."""
        place = Place(self.home, self.project.path, url)
        if self.program.configure is not None:
            self.program.configure(place)
        return environment(self.home) | self.program.variables(place)

    def beside(self, number: int) -> Bench:
        """The same project, with a home folder of its own."""
        return replace(self, home=make_home(self.home.with_name(f"{self.home.name}-{number}")))


def make_bench(folder: Path, program: Program, layout: str) -> Bench:
    """A project with the commands of one agent, as a person who has just run `init` and committed it has."""
    project = make_project(folder / "project", agents=program.key)
    if layout == "skills":
        project.run("agent", "config", "add", program.key, "--skills").ok()
    for name, content in {"tea/__init__.py": "", ".gitignore": "__pycache__\n"}.items():
        project.git.write(name, content)
    project.git.commit("begin")
    return Bench(program, project, make_home(folder / "agent-home"))


def make_home(folder: Path) -> Path:
    """A home folder of somebody whom git knows, and whose shells find the installed command."""
    folder.mkdir(parents=True)
    (folder / ".gitconfig").write_text(_IDENTITY, encoding="utf-8")
    for name in (".profile", ".bash_profile"):
        (folder / name).write_text(f'export PATH="{SCRIPT.parent}:$PATH"\n', encoding="utf-8")
    return folder


def environment(home: Path) -> dict[str, str]:
    """What a person's terminal gives a program, and nothing of who runs the tests; its proxy leads nowhere."""
    nobody = "http://127.0.0.1:9"
    proxies = {name: nobody for proxy in ("http_proxy", "https_proxy") for name in (proxy, proxy.upper())}
    return {
        **{name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ},
        "PATH": os.pathsep.join([str(SCRIPT.parent), search_path()]),
        "HOME": str(home),
        "TERM": "xterm-256color",
        **proxies,
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        **today.variables(),
    }


def _file(program: Program) -> str:
    file = find(program)
    assert file is not None, f"{program.name} is not installed"
    return file


def version(program: Program) -> str | None:
    """The version of an installed program: of its npm package, else what it tells; None where it tells none in time."""
    return _version(_file(program))


@cache
def _version(file: str) -> str | None:
    package = next((path / "package.json" for path in Path(file).resolve().parents if _is_package(path)), None)
    if package is not None:
        return str(json.loads(package.read_text(encoding="utf-8"))["version"])
    with TemporaryDirectory() as home, suppress(OSError, subprocess.TimeoutExpired):
        argv = [file, "--version"]
        done = subprocess.run(
            argv, env=environment(Path(home)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
            check=False,
        )  # fmt: skip
        return next(iter(re.findall(r"\d+\.\d+\.\d+", done.stdout)), None)
    return None


def _is_package(folder: Path) -> bool:
    return "node_modules" in {folder.parent.name, folder.parent.parent.name} and (folder / "package.json").is_file()


@contextmanager
def _ending(home: Path) -> Iterator[None]:
    """After the block end every process that still has this home folder, and remove it: Codex leaves daemons behind."""
    try:
        yield
    finally:
        end = time.monotonic() + 5
        while (left := processes_of(home)) and time.monotonic() < end:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        shutil.rmtree(home, ignore_errors=True)  # some unpack themselves into it
        assert not left, f"processes that cannot be ended: {left}"


def processes_of(home: Path) -> list[int]:
    """The processes whose home folder this is; none where the system does not tell."""
    mark = f"HOME={home}".encode()
    pids = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                pids.append(int(path.parent.name))
    return pids
