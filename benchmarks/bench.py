"""Measure every command against its bar: `make bench`; `python -m benchmarks.bench next` measures one.

Bars are ratios to what Python itself needs in the same run, so that they mean the same on any machine.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from timeit import timeit
from typing import TypeVar

import pytest

from benchmarks import sync
from benchmarks.measure import PYTHON, RUNS, SCRIPT, Row, cost, median
from specify_cli.context.missions import place_of
from specify_cli.core.contract_gate import validate_outbound_payload
from specify_cli.kernel.paths import discover
from tests.support.environment import isolate
from tests.support.git import make_repo
from tests.support.measuring import peak_memory
from tests.support.orchestrator import POLICY
from tests.support.project import Project, Task, make_project
from tests.support.source import ROOT
from tests.support.status import write_long

WORK_PACKAGES = 20
MANY_WORK_PACKAGES = 30
MANY_MISSIONS = 200
FEW = 5
T = TypeVar("T")
SMALL, LARGE = 5, 200  # work packages of missions that are compared
VAST = 1000  # work packages of a plan that another tool made
_EXAMPLES = ROOT / "docs" / "reference" / "contracts" / "fixtures" / "events.json"
MEMORY = 40.0  # MiB that a command which agents run all the time may hold

_FOLD = """
import sys, time
from specify_cli.status.models import StatusEvent
from specify_cli.status.reducer import reduce
lanes = ["planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done"]
events = []
for number in range(int(sys.argv[1])):
    step, package = number % 6, number // 6
    second = 0 if sys.argv[2] == "at once" else number
    events.append(StatusEvent.from_dict({
        "event_id": f"{number:026d}", "mission_slug": "001-x", "mission_id": "01K", "wp_id": f"WP{package:05d}",
        "from_lane": lanes[step], "to_lane": lanes[step + 1], "actor": "claude", "force": True, "reason": "bench",
        "at": f"2026-11-20T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000000+00:00",
        "execution_mode": "worktree",
    }))
before = time.process_time()
reduce(events)
print(time.process_time() - before)
"""


class Bench:
    """The scratch projects and the two floors everything is compared with.

    Args:
        folder: scratch space.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = median(lambda _: [PYTHON, "-c", "pass"], lambda _: folder)
        self.typer = median(lambda _: [PYTHON, "-c", "import typer"], lambda _: folder)
        self.project = make_project(folder / "project")
        self.slug = self.project.finalized(*_tasks(WORK_PACKAGES))

    def ratio(self, work: str, bar: float, *words: str, floor: float | None = None) -> Row:
        """A command that can be repeated, against a floor (`import typer` unless another is given)."""
        return self.alternating(work, bar, [words], floor=floor)

    def alternating(self, work: str, bar: float, lines: list[tuple[str, ...]], *, floor: float | None = None) -> Row:
        """Commands that undo each other, against a floor."""
        floor = floor or self.typer
        taken = median(lambda run: [SCRIPT, *lines[run % len(lines)]], lambda _: self.project.path)
        return Row(work, taken / floor, bar, "x", f"{taken * 1000:.0f} ms of {floor * 1000:.0f}")

    def fresh(self, work: str, bar: float, make: Callable[[Path], Path], *words: str) -> Row:
        """A command that can be run once in a place, each time in a new one."""
        places = [make(self.folder / f"{work.replace(' ', '-')}-{run}") for run in range(FEW + 1)]
        taken = median(lambda _: [SCRIPT, *words], lambda run: places[run], FEW)
        return Row(work, taken, bar, "s")

    def memory(self, work: str, *lines: tuple[str, ...], cwd: Path | None = None) -> Row:
        """The most that commands hold, which undo each other where they are several."""
        place = cwd or self.project.path
        taken = [peak_memory([SCRIPT, *words], cwd=place) for _ in range(FEW) for words in lines]
        if any(code for code, _ in taken):
            raise RuntimeError(f"{work} failed")
        return Row(f"memory of {work}", max(most for _, most in taken), MEMORY, "MiB")


def rows(bench: Bench) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Every row by its name, measured when called."""
    mission = ("--mission", bench.slug)
    move = ("agent", "tasks", "move-task", "WP01", *mission, "--agent", "claude", "--note", "bench", "--json", "--to")
    emit = ("agent", "status", "emit", "WP04", *mission, "--actor", "claude", "--json", "--to")
    group = ("agent", "tasks", "--help")
    yield "--version", lambda: bench.ratio("--version", 2.0, "--version", floor=bench.bare)
    yield "--help", lambda: bench.ratio("--help", 2.0, "--help")
    yield "agent tasks --help", lambda: bench.ratio("agent tasks --help", 2.0, *group)
    yield "next", lambda: bench.ratio("next", 2.0, "next", *mission, "--json")
    yield "status", lambda: bench.ratio("status", 2.0, "status", *mission, "--json")
    yield "agent tasks status", lambda: bench.ratio("agent tasks status", 2.0, *group[:2], "status", *mission, "--json")
    yield "move-task", lambda: bench.alternating("move-task", 2.5, [(*move, "blocked"), (*move, "in_progress")])
    yield "status emit", lambda: bench.alternating("status emit", 2.5, [(*emit, "blocked"), (*emit, "in_progress")])
    api = ("orchestrator-api",)
    change = (*api, "transition", *mission, "--wp", "WP07", "--actor", "bench", "--policy", json.dumps(POLICY), "--to")
    for name in ("mission-state", "list-ready"):
        yield name, partial(bench.ratio, name, 2.0, *api, name, *mission)
    yield "transition", lambda: bench.alternating("transition", 2.5, [(*change, "blocked"), (*change, "in_progress")])
    for name in ("mission-state", "list-ready"):
        yield f"{name} of {LARGE}", partial(_large, bench, name)
    yield "init", lambda: bench.fresh("init", 1.0, _empty, "init", "--ai", "claude", "--json")
    yield "create", lambda: bench.fresh("create", 1.0, _project, "agent", "mission", "create", "tea", "--json")
    yield "finalize-tasks", lambda: _finalize(bench)
    yield "status among 200", lambda: _among_many(bench)
    yield f"status of {VAST:,}", lambda: _vast(bench)
    yield "reduce 10,000", lambda: _fold(bench, 10_000, 0.15)
    yield "reduce 100,000", lambda: _fold(bench, 100_000, 2.0)
    yield "reduce 10,000 at once", lambda: _fold(bench, 10_000, 0.15, "at once")
    yield "reduce 100,000 at once", lambda: _fold(bench, 100_000, 2.0, "at once")
    yield "contract gate", _gate
    yield "memory of status", lambda: bench.memory("status", ("status", *mission, "--json"))
    yield "memory of next", lambda: bench.memory("next", ("next", *mission, "--json"))
    yield "memory of move-task", lambda: bench.memory("move-task", (*move, "blocked"), (*move, "in_progress"))
    yield "memory, long log", lambda: _with_long_log(bench, ("status", *mission), (*move, "blocked", "--force"))
    yield from sync.rows(bench.folder)


def _tasks(count: int) -> list[Task]:
    """Chains of three, so that there are lanes and dependencies."""
    names = [f"WP{number:02d}" for number in range(1, count + 1)]
    return [Task(name, needs=() if number % 3 == 0 else (names[number - 1],)) for number, name in enumerate(names)]


def _gate() -> Row:
    """One event through the contract gate."""
    event = json.loads(_EXAMPLES.read_text(encoding="utf-8"))["MissionCreated"]["flat"]
    taken = timeit(lambda: validate_outbound_payload(event, "envelope"), number=1000)
    return Row("contract gate", taken, 1.0, "ms", f"{taken * 1000:.0f} µs a payload")


def _empty(folder: Path) -> Path:
    return make_repo(folder).path


def _project(folder: Path) -> Path:
    return make_project(folder).path


def _finalize(bench: Bench) -> Row:
    model = make_project(bench.folder / "to-finalize")
    slug = model.planned(*_tasks(MANY_WORK_PACKAGES))

    def copied(folder: Path) -> Path:
        shutil.copytree(model.path, folder, symlinks=True)
        return folder

    words = ("agent", "mission", "finalize-tasks", "--mission", slug, "--json")
    return bench.fresh("finalize-tasks", 1.0, copied, *words)


def _among_many(bench: Bench) -> Row:
    """Status of one mission among 200, against the same one alone."""
    words = ("status", "--mission", bench.slug, "--json")
    alone = bench.project
    crowd = bench.folder / "crowd"
    shutil.copytree(alone.path, crowd, symlinks=True)
    _fill(Project(crowd, alone.git), bench.slug)
    few = median(lambda _: [SCRIPT, *words], lambda _: alone.path)
    many = median(lambda _: [SCRIPT, *words], lambda _: crowd)
    return Row("status among 200", many / few, 1.15, "x", f"{many * 1000:.0f} ms of {few * 1000:.0f}")


def _large(bench: Bench, command: str) -> Row:
    """A question of an orchestrator about a mission of many work packages, against one of few."""
    taken = []
    for count in (SMALL, LARGE):
        folder = bench.folder / f"with-{count}"
        if not folder.exists():
            make_project(folder).finalized(*_tasks(count))
        words = [SCRIPT, "orchestrator-api", command, "--mission", "1"]
        taken.append(median(partial(_always, words), partial(_always, folder)))
    few, many = taken
    return Row(f"{command} of {LARGE}", many / few, 2.0, "x", f"{many * 1000:.0f} ms of {few * 1000:.0f}")


def _vast(bench: Bench) -> Row:
    """Status of a mission of far more work packages than people plan by hand."""
    project = make_project(bench.folder / "vast")
    words = [SCRIPT, "status", "--mission", project.finalized(*_tasks(VAST)), "--json"]
    taken = median(partial(_always, words), partial(_always, project.path))
    return Row(f"status of {VAST:,}", taken, 0.3, "s", f"{taken / bench.typer:.1f} x import typer")


def _always(value: T, _run: int) -> T:
    return value


def _fill(project: Project, slug: str) -> None:
    source = project.folder(slug)
    journals = project.path / ".git" / "spec-kitty" / "journal"
    own = json.loads((source / "meta.json").read_text(encoding="utf-8"))["mission_id"]
    for number in range(2, MANY_MISSIONS + 1):
        name = f"{number:03d}-mission-{number}"
        target = project.folder(name)
        shutil.copytree(source, target)
        meta = json.loads((target / "meta.json").read_text(encoding="utf-8"))
        meta |= {"mission_slug": name, "mission_number": f"{number:03d}", "slug": f"mission-{number}"}
        meta["mission_id"] = f"{meta['mission_id'][:-4]}{number:04d}"
        (target / "meta.json").write_text(json.dumps(meta, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (target / "status.events.jsonl").unlink(missing_ok=True)
        for end in (".jsonl", ".mission.jsonl"):
            written = (journals / f"{own}{end}").read_text(encoding="utf-8")
            renamed = written.replace(own, meta["mission_id"]).replace(slug, name)
            (journals / f"{meta['mission_id']}{end}").write_text(renamed, encoding="utf-8")


def _with_long_log(bench: Bench, *lines: tuple[str, ...]) -> Row:
    """The same with 10,000 events in the log."""
    copied = bench.folder / "long"
    shutil.copytree(bench.project.path, copied, symlinks=True)
    place = place_of(discover(copied), bench.slug)
    if place is None:
        raise RuntimeError("the mission was not copied")
    write_long(place, 10_000, [f"WP{number:02d}" for number in range(1, WORK_PACKAGES + 1)])
    return bench.memory("a long log", *lines, cwd=copied)


def _fold(bench: Bench, count: int, bar: float, when: str = "") -> Row:
    """A log folded; with `at once` all its events have one timestamp."""
    program = bench.folder / "fold.py"
    program.write_text(_FOLD, encoding="utf-8")
    taken = []
    memory = 0.0
    for _ in range(FEW):
        out = bench.folder / "fold.txt"
        used = cost(["sh", "-c", f"'{PYTHON}' '{program}' {count} '{when}' > '{out}'"], bench.folder)
        taken.append(float(out.read_text(encoding="utf-8")))
        memory = max(memory, used.memory)
    return Row(f"reduce {count:,} {when}".strip(), sorted(taken)[FEW // 2], bar, "s", f"{memory:.0f} MiB (bar 200)")


def report(row: Row) -> str:
    """A row as a line of the table."""
    verdict = "pass" if row.passed else "FAIL"
    return f"{row.work:<22} {row.value:>8.2f} {row.unit:<2} {row.bar:>7.2f} {row.unit:<2} {verdict:<5} {row.note}"


def main(words: list[str]) -> int:
    """Measure, print as it goes, and give 1 where a bar is not held."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="spec-kitty-bench-") as name, pytest.MonkeyPatch.context() as patch:
        isolate(Path(name) / "home", patch)
        bench = Bench(Path(name))
        print(f"python -c pass {bench.bare * 1000:.1f} ms, import typer {bench.typer * 1000:.1f} ms, median of {RUNS}")
        print(f"{'work':<22} {'measure':>11} {'bar':>10}")
        for work, measure in rows(bench):
            if words and not any(word in work for word in words):
                continue
            try:
                row = measure()
            except RuntimeError as error:
                print(f"{work:<22} could not be measured: {error}")
                failed += 1
                continue
            print(report(row), flush=True)
            failed += not row.passed
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
