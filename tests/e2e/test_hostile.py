"""Any command on any file of a megabyte ends: within two seconds of computing and 200 MiB, and never as a bug."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.measuring import cost
from tests.support.project import Project, Task
from tests.support.soak import FULL

SIZE = 1_000_000
SECONDS, MEMORY = 2.0, 200.0


def fill(piece: str, size: int = SIZE) -> str:
    """A text of that size that says one thing over and over."""
    return piece * (size // len(piece.encode()))


ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 9)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{at}: &a{at} {{<<: [{', '.join([f'*a{at - 1}'] * 9)}]}}\n" for at in range(1, 9)
)

MARKDOWN = {
    "comments that are not closed": fill("<!--\n"),
    "comments for nobody": fill("<!-- for:"),
    "brackets": fill("["),
    "links that are not closed": fill("[a]("),
    "questions that are not closed": fill("[NEEDS CLARIFICATION: "),
    "placeholders that are not closed": fill("[FILL: "),
    "runs of backticks": " ".join("`" * length for length in range(1, 1400)),
    "one backtick a line": fill("`a\n"),
    "fences": fill("```\n~~~\n"),
    "blank lines": fill("\n"),
    "a title full of blanks": "# a" + fill(" ") + "b",
    "headings": fill("## h\n"),
    "work packages": "".join(f"## WP{at:05d} x\n" for at in range(3, 60_000)),
    "boxes": "".join(f"- [ ] T{at:05d} do\n" for at in range(50_000)),
    "dependencies on one line": fill("depends on "),
    "dependencies in a list": "## Dependencies\n" + fill("- WP01\n"),
    "requirements": "".join(f"- **FR-{at:05d}**: x\n" for at in range(45_000)),
    "long ids": "\n".join(f"## WP{'1' * 5000}\n- [ ] T{'9' * 5000} x\n- **FR-{'9' * 5000}**: x\n" for _ in range(60)),
    "a path without end": "`" + fill("a/"),
    "what is no text": fill("\u200d\u202e\x00\x1b"),
}  # fmt: skip
YAML = {
    "aliases": ALIASES,
    "merges": MERGES,
    "nesting": "a: " + fill("["),
    "a list": "a:\n" + fill("- b\n"),
    "quoted": "a:\n" + fill('- "b\\n"\n'),
    "a flow": "a: [" + fill("b, ") + "b]\n",
    "a number": "a: " + fill("1") + "\n",
    "keys": "".join(f"k{at}: v\n" for at in range(90_000)),
    "no yaml": fill("\x00:"),
}
JSON = {
    "nesting": fill("["),
    "a number": '{"a": ' + "1" * 5000 + "}",
    "keys": "{" + ", ".join(f'"k{at}": 1' for at in range(70_000)) + "}",
    "no json": fill("{"),
}

READERS = ("status", "next", "why", "doctor")
# File of the mission -> what stands before the hostile part, the texts it is given, the commands that read it.
PLACES: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "spec.md": ("# Spec\n\n- **FR-001**: x\n\n", MARKDOWN, ("next", "analyze", "validate-encoding")),
    "tasks.md": ("## WP01 x\n\n- [ ] T001 x\n\n", MARKDOWN, ("why", "agent mission finalize-tasks --validate-only")),
    "tasks/WP01-work.md": (
        "",
        {name: f"---\n{text}\n---\n\n# WP01\n" for name, text in YAML.items()},
        ("status", "why"),
    ),
    "wps.yaml": ("", YAML, ("agent mission finalize-tasks --validate-only",)),
    "meta.json": ("", JSON, ("status",)),
    "lanes.json": ("", JSON, ("status", "why")),
    "status.events.jsonl": (
        "",
        {name: f"{text}\n" for name, text in JSON.items()},
        ("status", "agent status validate"),
    ),
}
CONFIG = ".kittify/config.yaml"
CHARTER = ".kittify/charter/charter.md"


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory, _made_project: Path) -> Iterator[tuple[Project, str]]:
    """A finalized mission; whoever changes a file of it puts the file back."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        shutil.copytree(_made_project, folder / "project", symlinks=True)
        made = Project(folder / "project", Repo(folder / "project"))
        yield made, made.finalized(Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",)))


def ends(words: str, project: Project, slug: str = "") -> str:
    """Run a command; what was wrong with how it ended, or nothing."""
    argv = [str(SCRIPT), *words.split(), "--json", *(["--mission", slug] if slug else [])]
    try:
        code, memory, seconds = cost(argv, cwd=project.path, timeout=30)
    except subprocess.TimeoutExpired:
        return "never"
    if code in (0, 1) and memory < MEMORY and seconds < SECONDS:
        return ""
    return f"with {code}, after {seconds:.1f} s, with {memory:.0f} MiB"


def judge(
    project: Project, path: Path, texts: Mapping[str, str], commands: Sequence[str], slug: str = "", head: str = ""
) -> None:
    """Give a file each of the texts and run the commands; all of them have to end as they should."""
    kept = path.read_bytes() if path.exists() else None
    found = []
    try:
        for name, text in texts.items():
            path.write_text(head + text, encoding="utf-8", errors="surrogatepass")
            found += [
                f"{path.name}, {name}: {each} ended {how}" for each in commands if (how := ends(each, project, slug))
            ]
    finally:
        path.unlink() if kept is None else path.write_bytes(kept)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", PLACES)
def test_a_hostile_file_of_a_mission_costs_little(mission: tuple[Project, str], name: str) -> None:
    project, slug = mission
    head, texts, commands = PLACES[name]
    judge(project, project.folder(slug) / name, texts, commands if FULL else commands[:1], slug, head)


@pytest.mark.parametrize(
    ("name", "texts", "command"),
    [
        (CONFIG, YAML, "status"),
        (".kittify/metadata.yaml", YAML, "status"),
        (CHARTER, MARKDOWN, "charter context --action implement"),
    ],
)
def test_a_hostile_file_of_a_project_costs_little(
    mission: tuple[Project, str], name: str, texts: dict[str, str], command: str
) -> None:
    project, _ = mission
    path = project.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    judge(project, path, texts, (command,))


@pytest.mark.parametrize("name", [*PLACES, CONFIG, CHARTER])
def test_a_pipe_in_place_of_a_file_is_never_waited_for(mission: tuple[Project, str], name: str) -> None:
    project, slug = mission
    path = project.path / name if name.startswith(".") else project.folder(slug) / name
    kept = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    commands = READERS if FULL else READERS[:2]
    try:
        found = [f"{words} ended {how}" for words in commands if (how := ends(words, project, slug))]
    finally:
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/tty", "/proc/self/fd"])
def test_a_device_is_no_note(mission: tuple[Project, str], device: str) -> None:
    project, slug = mission
    words = ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--note", f"@{device}", "--mission", slug)
    assert device in project.run(*words, "--json").failed("FILE_UNUSABLE", 1).json()["error"]
