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
        typing: how our commands are typed, where it does not take them from its arguments.
        lists: whether it puts its skills into a list for the model, which loads one when somebody names it.
    """

    key: str
    argv: Callable[[str], list[str]]
    configure: Callable[[Place], None] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    typing: Typing | None = None
    lists: bool = False

    @property
    def name(self) -> str:
        """What it is called at a shell."""
        return AGENTS[self.key].program or self.key

    @property
    def layouts(self) -> dict[str, Agent]:
        """The layouts of its row in our table: what `init` writes, and skills where that is something else."""
        row = AGENTS[self.key]
        return {"default": row} | ({"skills": row.as_skills()} if row.skills else {})

    def variables(self, place: Place) -> dict[str, str]:
        """What its environment holds of its own."""
        return {name: value.format(url=place.url) for name, value in self.env.items()}


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
    settings = {"autoupdate": False, "share": "disabled", "snapshot": False, "model": model, "small_model": model}
    for name in (".config/opencode/opencode.json", ".config/kilo/kilo.json", ".config/kilo/opencode.json"):
        place.write(name, settings | {"provider": {"fake": fake}})


_OPEN = {
    f"{tool}_DISABLE_{name}": "1"
    for tool in ("OPENCODE", "KILO")
    for name in ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SESSION_INGEST")
}


def _commanded(*options: str) -> Callable[[str], list[str]]:
    """opencode and its kin take a command's name apart from its words."""

    def argv(typed: str) -> list[str]:
        name, _, words = typed.removeprefix("/").partition(" ")
        return ["run", *options, "--command", name, words]

    return argv


def _gemini(place: Place) -> None:
    place.write(".gemini/settings.json", _google("gemini-api-key"))


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


def _cline(place: Place) -> None:
    provider = "openai-compatible"
    settings = {"provider": provider, "apiKey": "dummy", "model": MODEL, "baseUrl": f"{place.url}/v1"}
    entry = {"settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}
    content = {"version": 1, "lastUsedProvider": provider, "modes": {}, "providers": {provider: entry}}
    place.write(".cline/data/settings/providers.json", content)


_GEMINI = {"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": "{url}", "GEMINI_CLI_TRUST_WORKSPACE": "true"}
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

_PI = ("--offline", "--provider", "fake", "--model", MODEL, "-a")
PROGRAMS = (
    Program("claude", lambda typed: ["-p", typed], env=_CLAUDE, permissions=("--permission-mode", "acceptEdits")),
    Program("codex", lambda typed: ["exec", typed], _codex, {"FAKE_KEY": "dummy"}),
    Program("opencode", _commanded(), _opencode, _OPEN),
    Program(
        "gemini", lambda typed: ["-m", "gemini-2.5-flash", "-p", typed], _gemini, _GEMINI, permissions=("--yolo",),
        lists=True,
    ),
    Program("qwen", lambda typed: ["-p", typed], _qwen, _OPENAI, permissions=("--yolo",)),
    Program("pi", lambda typed: [*_PI, "-p", typed], _pi),
    Program(
        "copilot", lambda typed: ["--no-auto-update", "-p", typed], env=_COPILOT,
        typing=Typing(("--no-auto-update", "--allow-all-tools"), ready="/ commands"),
    ),
    Program("kilocode", _commanded("--model", f"fake/{MODEL}"), _opencode, _OPEN),
    Program(
        "kimi", lambda typed: ["-p", typed], env=_KIMI,
        typing=Typing(("-y",), ready="Welcome to Kimi Code", questions=("Trust",)),
    ),
    Program("cline", lambda typed: [typed], _cline, lists=True),
)  # fmt: skip
