"""The plugin for Claude Code says what `init` writes, and is built whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scripts import plugin
from specify_cli.version import VERSION
from tests.support.project import Project


def test_the_plugin_holds_the_commands_and_the_hook_that_a_project_gets(project: Project, tmp_path: Path) -> None:
    project.run("agent", "config", "integrate", "claude-hook").ok()
    plugin.main(tmp_path)
    root = tmp_path / "spec-kitty"
    names = {path.stem: path.read_text(encoding="utf-8") for path in (root / "commands").iterdir()}
    installed = {
        path.stem.removeprefix("spec-kitty."): path.read_text(encoding="utf-8")
        for path in (project.path / ".claude/commands").iterdir()
    }
    typed = {name: re.sub(r"/spec-kitty\.(?=[a-z])", "/spec-kitty:", text) for name, text in installed.items()}
    assert names == typed
    settings = json.loads((project.path / ".claude/settings.json").read_text())
    assert json.loads((root / "hooks/hooks.json").read_text()) == settings


def test_the_marketplace_offers_the_plugin_of_this_version(tmp_path: Path) -> None:
    plugin.main(tmp_path)
    market = json.loads((tmp_path / ".claude-plugin/marketplace.json").read_text())
    (offer,) = market["plugins"]
    manifest = json.loads((tmp_path / offer["source"] / ".claude-plugin/plugin.json").read_text())
    assert (offer["name"], offer["version"]) == (manifest["name"], manifest["version"]) == ("spec-kitty", VERSION)
    assert len((tmp_path / offer["source"] / "README.md").read_text().split()) >= 40, "as the plugin directory demands"
