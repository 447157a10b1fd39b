"""What we put into the settings of agents, and our plugin, are read by their own programs."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import plugin
from specify_cli.core.integrations import AGENTS_MD
from tests.agents.bench import Bench, environment, make_bench
from tests.agents.conversation import Run
from tests.agents.installed import require
from tests.agents.model import Model, Script, listening
from tests.agents.programs import MODEL, PROGRAMS, find
from tests.support.project import Task

pytestmark = pytest.mark.agents
LOOP, NOT_LOOP = "spec-kitty status --json", "spec-kitty hooks trust --yes"
# How words that are no command of ours are handed to these.
_WORDS = {"opencode": ["run"], "kilocode": ["run", "--model", f"fake/{MODEL}"]}
HEAD = "State of the missions of this project"


def bench_of(key: str, folder: Path, *integrations: str) -> Bench:
    """The bench of an agent that a person gave no permissions, in a folder that it trusts."""
    program = next(replace(program, permissions=()) for program in PROGRAMS if program.key == key)
    if key in _WORDS:
        program = replace(program, argv=lambda typed: [*_WORDS[key], typed])
    require(program)
    bench = make_bench(folder, program, "default")
    if integrations:
        bench.project.run("agent", "config", "integrate", ",".join(integrations)).ok()
        bench.project.git.commit("integrate")
    trusted = {"projects": {str(bench.project.path): {"hasTrustDialogAccepted": True}}}
    (bench.home / ".claude.json").write_text(json.dumps(trusted), encoding="utf-8")
    return bench


def run(bench: Bench, *lines: str, typed: str = "Begin.") -> tuple[Model, list[str]]:
    """The model that had some lines run, and what came of them."""
    outputs: list[str] = []

    def script() -> Script:
        outputs.clear()
        for line in lines:
            output = yield Run(line)
            outputs.append(output)
        return "done"

    with listening(script) as model:
        ended = bench.run(model.url, typed)
    assert model.turns, ended
    return model, outputs


def heard(model: Model) -> str:
    """What the model was told first."""
    return f"{model.turns[0].system}\n{model.turns[0].text}"


# Gemini CLI reads AGENTS.md only where its settings name it.
@pytest.mark.parametrize("key", ["claude", "codex", "opencode", "qwen", "copilot", "pi", "kilocode", "kimi"])
def test_the_note_in_agents_md_reaches_the_model(key: str, tmp_path: Path) -> None:
    bench = bench_of(key, tmp_path)
    (bench.project.path / "AGENTS.md").write_text("# Tea\n", encoding="utf-8")
    bench.project.run("agent", "config", "integrate", AGENTS_MD).ok()
    model, _ = run(bench)
    assert any("plans and builds with spec-kitty" in turn.system + turn.text for turn in model.turns)


def test_a_session_of_claude_begins_with_the_state_of_the_missions(tmp_path: Path) -> None:
    bench = bench_of("claude", tmp_path, "claude-hook", "claude-permissions")
    slug = bench.project.finalized(Task("WP01"))
    model, outputs = run(bench, f"spec-kitty next --agent claude --mission {slug} --json")
    assert HEAD in heard(model)
    assert slug in heard(model)
    assert json.loads(outputs[0])["wp_id"] == "WP01"


@pytest.mark.parametrize(("key", "integration"), [("claude", "claude-permissions"), ("gemini", "gemini-tools")])
def test_permissions_allow_the_loop_and_nothing_else(key: str, integration: str, tmp_path: Path) -> None:
    _, without = run(bench_of(key, tmp_path / "without"), LOOP)
    assert not any('"missions"' in output for output in without), without
    bench = bench_of(key, tmp_path / "with", integration)
    _, outputs = run(bench, LOOP, NOT_LOOP, f"{LOOP} && touch made", f"{LOOP}; touch made", f"{LOOP} $(touch made)")
    assert '"missions"' in outputs[0]
    assert not any('"missions"' in output for output in outputs[1:]), outputs
    assert not (bench.project.path / "made").exists()


def test_the_plugin_gives_each_session_of_opencode_its_id(tmp_path: Path) -> None:
    bench = bench_of("opencode", tmp_path, "opencode-plugin")
    _, outputs = run(bench, "echo id=$OPENCODE_SESSION_ID.")
    assert re.search(r"id=ses_\w+\.", outputs[0]), outputs


def test_the_plugin_of_claude_code_brings_the_commands_and_the_hook(tmp_path: Path) -> None:
    bench = bench_of("claude", tmp_path)
    slug = bench.project.finalized(Task("WP01"))
    for path in (bench.project.path / ".claude/commands").iterdir():
        path.unlink()
    market = tmp_path / "market"
    plugin.main(market)
    file = find(bench.program)
    assert file is not None
    for words in (["marketplace", "add", str(market)], ["install", "spec-kitty@spec-kitty"]):
        subprocess.run([file, "plugin", *words], env=environment(bench.home), check=True, capture_output=True)
    model, _ = run(bench, typed=f"/spec-kitty:next {slug}")
    assert HEAD in heard(model)
    template = next(market.rglob("commands/next.md")).read_text(encoding="utf-8")
    assert template.splitlines()[-1] in heard(model)
    assert "$ARGUMENTS" not in heard(model)
