"""Text from a repository never becomes a command: what cannot be a name is never used, and the rest is quoted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task

ATTACK = "$(touch${IFS}pwned)"
READERS = (
    ("status",),
    ("mission", "list"),
    ("doctor",),
    ("next",),
    ("agent", "tasks", "list-tasks"),
    ("agent", "status", "validate"),
    ("merge", "--dry-run"),
    ("accept", "--mode", "checklist"),
    ("agent", "context", "resolve", "--action", "implement", "--wp-id", "WP01"),
    ("why", "WP01"),
    ("mission", "info"),
)


def texts(value: object) -> Iterator[str]:
    """Every text in a JSON answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def commands(text: str) -> Iterator[str]:
    """What a reader of a text may take for a command: lines and quotations that begin like one."""
    for line in [*text.splitlines(), *re.findall(r"`([^`]+)`", text)]:
        found = re.search(r"(?:spec-kitty|git|cd|rm|mv) .*", line)
        if found and ATTACK[:7] in found[0]:
            yield found[0]


def hears(said: str, folder: Path) -> None:
    """Let a shell expand every command that is printed; it must have nothing to run."""
    for line in commands(said):
        words = re.sub(r"(&&|\||;|#.*$)", " ", line)
        subprocess.run(["bash", "-c", f"printf '' {words}"], cwd=folder, capture_output=True, check=False)
        assert not (folder / "pwned").exists(), line


@pytest.fixture
def apart(tmp_path: Path) -> Path:
    folder = tmp_path / "apart"
    folder.mkdir()
    return folder


def test_the_check_sees_what_is_not_quoted(apart: Path) -> None:
    hears(f"Fix: git switch 'main{ATTACK}'", apart)
    with pytest.raises(AssertionError):
        hears(f"Fix: git switch main{ATTACK}", apart)


def test_a_folder_that_is_no_slug_is_listed_and_never_used(project: Project, apart: Path) -> None:
    mission = finalized_mission(project, Task("WP01"))
    shutil.copytree(mission.folder, mission.folder.with_name(f"001-tea{ATTACK}"))
    told = project.run("status", "--json").ok().json()
    assert [each["mission_slug"] for each in told["missions"]] == [mission.slug]
    assert [each["error_code"] for each in told["broken"]] == ["MISSION_NAME_INVALID"]
    project.run("next", "--mission", f"001-tea{ATTACK}", "--json").failed("MISSION_NAME_INVALID", 1)
    for words in READERS:
        for form in ((), ("--json",)):
            said = project.run(*words, *form)
            hears(said.out + said.err, apart)
            hears("\n".join(texts(said.json())) if form else "", apart)


def test_a_branch_with_such_a_name_is_quoted_wherever_it_is_printed(project: Project, apart: Path) -> None:
    branch = f"main{ATTACK}"
    project.git("switch", "-q", "-c", branch)
    mission = finalized_mission(project, Task("WP01"), Task("WP02", mode="planning_artifact"))
    said = ask_all(mission, apart)
    step = project.run("next", "--agent", "claude", "--mission", mission.slug, "--json").ok().json()
    prompt = Path(step["prompt_file"]).read_text()
    hears(prompt, apart)
    project.git("switch", "-q", "main")
    said += ask_all(mission, apart)
    moved = project.run("agent", "mission", "finalize-tasks", "--mission", mission.slug)
    hears(moved.out + moved.err, apart)
    assert any(ATTACK in line for line in [*commands(said), *commands(moved.err)])


def ask_all(mission: Mission, apart: Path) -> str:
    said = ""
    for words in READERS:
        for form in ((), ("--json",)):
            found = mission.project.run(*words, *(() if words[0] == "doctor" else ("--mission", mission.slug)), *form)
            text = found.out + found.err + ("\n".join(texts(found.json())) if form else "")
            hears(text, apart)
            said += text
    return said


def test_a_head_that_is_no_commit_is_named_and_never_used(project: Project, apart: Path) -> None:
    mission = finalized_mission(project, Task("WP01"))
    mission.work("WP01", "src/wp01/a.py")
    log = mission.place.journal
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for each in lines:
        if each.get("workspace"):
            each["workspace"] |= {"head": ATTACK, "base": "--output=pwned", "branch": f"x {ATTACK}"}
    log.write_text("".join(json.dumps(each) + "\n" for each in lines))
    ask_all(mission, apart)
    found = project.run("agent", "status", "validate", "--mission", mission.slug, "--json").json()["findings"]
    named = " ".join(each["message"] for each in found if each["code"] == "INVALID_EVENT")
    assert all(f"workspace.{key}" in named for key in ("head", "base", "branch"))
    step = project.run("next", "--agent", "claude", "--mission", mission.slug, "--json").ok().json()
    hears(Path(step["prompt_file"]).read_text(), apart)
    assert not (project.path / "pwned").exists()
