"""The coding agents that can be run here: how each is called without a person, and told where its model is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.agents import FOLDER
from specify_cli.core.agent_table import AGENTS, Agent

MODEL = "fake-model"
_WINDOW, _OUTPUT = 200_000, 8_000
_FOUND_BEFORE = os.environ.get("PATH", "")  # tests have another environment than the person who runs them


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs.

    Args:
        home: stands in for the home folder.
        project: a spec-kitty project.
        url: of the model.
    """

    home: Path
    project: Path
    url: str

    def write(self, path: str, content: object) -> None:
        """Write a settings file in the home folder: text, or anything else as JSON."""
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Typing:
    """How a program that expands nothing without a terminal is used at one.

    Args:
        argv: its arguments there.
        ready: what it shows when it waits for a line.
        questions: what it shows when it asks something first; Enter agrees.
    """

    argv: tuple[str, ...]
    ready: str
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A coding agent's own program.

    Args:
        key: of the agent in our table.
        argv: its arguments for what a person types.
        configure: writes its settings.
        env: its variables besides those of the environment; `{url}` is where the model is.
        permissions: options by which a person lets it work unasked, for the loop.
        extra: files of the project that we do not write yet and the loop needs.
        layouts: which of its layouts the program reads: `default` is what `init` writes; loops are played with the
            first.
        program: what it is called at a shell, where the table does not say it.
        typing: how our commands are typed, where it does not take them from its arguments.
        apart: whether two of its sessions can be told apart.
    """

    key: str
    argv: Callable[[str], list[str]]
    configure: Callable[[Place], None] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    layouts: tuple[str, ...] = ("default", "skills")
    program: str = ""
    typing: Typing | None = None
    apart: bool = True

    @property
    def name(self) -> str:
        """What it is called at a shell."""
        return self.program or AGENTS[self.key].program or self.key

    def variables(self, place: Place) -> dict[str, str]:
        """What its environment holds of its own."""
        return {name: value.format(url=place.url) for name, value in self.env.items()}

    def agent(self, layout: str) -> Agent:
        """The row of our table, with one of its layouts."""
        row = AGENTS[self.key]
        return row.as_skills() if layout == "skills" else row

    def typed(self, layout: str, command: str, words: str) -> str:
        """What a person types for one of our commands."""
        return f"{self.agent(layout).call.format(command=command)} {words}"


def search_path() -> str:
    """Where programs are looked for: what `make agents` installed, then PATH."""
    patterns = ("node_modules/.bin", "*/node_modules/.bin", "*/node_modules/node-*/bin")
    folders = [str(path) for pattern in patterns for path in sorted(FOLDER.glob(pattern))]
    return os.pathsep.join([*folders, _FOUND_BEFORE])


def find(program: Program) -> str | None:
    """The file of an installed program."""
    return shutil.which(program.name, path=search_path())


# -- settings ------------------------------------------------------------------------------------------------------


_CLAUDE = {
    "ANTHROPIC_BASE_URL": "{url}", "ANTHROPIC_API_KEY": "dummy", "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}  # fmt: skip


def _codex(place: Place) -> None:
    text = f"""model = "{MODEL}"
model_provider = "fake"
check_for_update_on_startup = false
[model_providers.fake]
name = "fake"
base_url = "{place.url}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
[analytics]
enabled = false
[projects."{place.project}"]
trust_level = "trusted"
"""
    place.write(".codex/config.toml", text)


def _opencode(place: Place) -> None:
    options = {"baseURL": f"{place.url}/v1", "apiKey": "dummy"}
    models = {MODEL: {"name": "fake", "limit": {"context": _WINDOW, "output": _OUTPUT}}}
    fake = {"npm": "@ai-sdk/openai-compatible", "name": "fake", "options": options, "models": models}
    model = f"fake/{MODEL}"
    settings = {"autoupdate": False, "share": "disabled", "model": model, "small_model": model}
    for name in (".config/opencode/opencode.json", ".config/kilo/kilo.json", ".config/kilo/opencode.json"):
        place.write(name, settings | {"provider": {"fake": fake}})


_OPEN = {
    f"{tool}_DISABLE_{name}": "1"
    for tool in ("OPENCODE", "KILO")
    for name in ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD")
}


def _commanded(*options: str) -> Callable[[str], list[str]]:
    """opencode and its kin take a command's name apart from its words."""

    def argv(typed: str) -> list[str]:
        name, _, words = typed.removeprefix("/").partition(" ")
        return ["run", *options, "--command", name, words]

    return argv


def _qwen(place: Place) -> None:
    place.write(".qwen/settings.json", _google("openai"))


def _google(auth: str) -> Mapping[str, object]:
    return {
        "security": {"auth": {"selectedType": auth}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }


def _pi(place: Place) -> None:
    cost = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}
    model = {
        "id": MODEL, "name": "fake", "reasoning": False, "input": ["text"], "contextWindow": _WINDOW,
        "maxTokens": _OUTPUT, "cost": cost,
    }  # fmt: skip
    fake = {"baseUrl": f"{place.url}/v1", "api": "openai-completions", "apiKey": "dummy", "models": [model]}
    place.write(".pi/agent/models.json", {"providers": {"fake": fake}})


_OPENAI = {"OPENAI_API_KEY": "dummy", "OPENAI_BASE_URL": "{url}/v1", "OPENAI_MODEL": MODEL}
_COPILOT = {
    "COPILOT_ALLOW_ALL": "true",  # the folder is trusted, too
    "COPILOT_OFFLINE": "true",
    "COPILOT_AUTO_UPDATE": "false",
    "COPILOT_MODEL": "gpt-4",
    "COPILOT_PROVIDER_BASE_URL": "{url}/v1",
    "COPILOT_PROVIDER_API_KEY": "dummy",
}
_KIMI = {
    "KIMI_CODE_NO_AUTO_UPDATE": "1",
    "KIMI_MODEL_NAME": MODEL,
    "KIMI_MODEL_PROVIDER_TYPE": "openai",
    "KIMI_MODEL_BASE_URL": "{url}/v1",
    "KIMI_MODEL_API_KEY": "dummy",
}


# -- the table -----------------------------------------------------------------------------------------------------

_CODEX_RULES = {".codex/rules/spec-kitty.rules": 'prefix_rule(pattern=["spec-kitty"], decision="allow")\n'}
_PI = ("--offline", "--provider", "fake", "--model", MODEL, "-a")
PROGRAMS = (
    Program(
        "claude", lambda typed: ["-p", typed], env=_CLAUDE,
        permissions=("--permission-mode", "acceptEdits", "--allowedTools", "Bash(spec-kitty:*)"),
    ),
    Program(
        "codex", lambda typed: ["exec", typed], _codex, {"FAKE_KEY": "dummy"}, extra=_CODEX_RULES,
        layouts=("skills",),
    ),
    Program("opencode", _commanded(), _opencode, _OPEN, apart=False),
    Program("qwen", lambda typed: ["-p", typed], _qwen, _OPENAI, permissions=("--yolo",), apart=False),
    Program("pi", lambda typed: [*_PI, "-p", typed], _pi, apart=False),
    Program(
        "copilot", lambda typed: ["--no-auto-update", "-p", typed], env=_COPILOT,
        layouts=("skills",), program="copilot", apart=False,
        typing=Typing(("--no-auto-update", "--allow-all-tools"), ready="/ commands"),
    ),
    Program(
        "kimi", lambda typed: ["-p", typed], env=_KIMI, layouts=("default",), apart=False,
        typing=Typing(("-y",), ready="Welcome to Kimi Code", questions=("Trust",)),
    ),
)  # fmt: skip
