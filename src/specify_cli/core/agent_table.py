"""The coding agents, one row each: where their command files live and how they are written.

All folders are inside the project; nothing is ever written into a home folder. A further agent is a further row.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from specify_cli.kernel.values import frozen, replace


class Format(StrEnum):
    """How a command file is written."""

    MARKDOWN = "markdown"
    TOML = "toml"
    SKILL = "skill"


SHARED_SKILLS = ".agents/skills"
FROM_DOCUMENTATION = "from documentation"
# Few agents put a person's words into a skill; all of them hand those words over beside it.
_WORDS_BESIDE = "(the words the person wrote beside the name of this skill)"
_SEEN = "2026-11-30"


@frozen
class Agent:
    """One coding agent, with one layout of its command files.

    Args:
        key: what `--ai` and `--agent` call it.
        name: its name for people.
        folder: where its commands live, relative to the project, POSIX.
        pattern: file name, with `{command}` for the command's name.
        format: how the file is written.
        arguments: what the agent replaces by the words a person typed behind the command.
        call: what a person types for a command, with `{command}`.
        program: the program that shows it is installed; None for editors and their extensions.
        hint: what a person should know.
        skills: where its skills live, if it reads them besides commands.
        skill_call: what a person types for a skill.
        permits: whether the header of its Markdown commands may say which tools they need not ask for.
        rules: its file of commands that it may run unasked, if it reads one.
        former: where older versions of ours put its commands, with `{command}`.
        verified: the version that was seen to read this layout, and when; else `from documentation`.
    """

    key: str
    name: str
    folder: str
    pattern: str = "spec-kitty.{command}.md"
    format: Format = Format.MARKDOWN
    arguments: str = "$ARGUMENTS"
    call: str = "/spec-kitty.{command}"
    program: str | None = None
    hint: str | None = None
    skills: str | None = None
    skill_call: str = "/spec-kitty-{command}"
    permits: bool = False
    rules: str | None = None
    former: tuple[str, ...] = ()
    verified: str = FROM_DOCUMENTATION

    @property
    def is_shared(self) -> bool:
        """Whether other agents read the same files, so that they can name none of them, and `init` writes none."""
        return self.folder == SHARED_SKILLS

    @property
    def places(self) -> tuple[str, ...]:
        """The folders and files in which something is installed for it."""
        return (self.folder, *([self.rules] if self.rules else []))

    def holds(self, path: str) -> bool:
        """Whether a file of ours at that path is installed for it."""
        return any(path == place or path.startswith(f"{place}/") for place in self.places)

    def path(self, command: str) -> str:
        """The file of a command, relative to the project, POSIX."""
        return f"{self.folder}/{self.pattern.format(command=command)}"

    def typed(self, command: str) -> str:
        """What a person types for a command."""
        return self.call.format(command=command)

    def as_skills(self) -> Agent:
        """The same agent with the layout of skills; itself where it has no other."""
        if self.skills is None:
            return self
        return replace(
            _skills(self.key, self.name, self.skills, self.program, self.skill_call),
            rules=self.rules,
            former=self.former,
            verified=self.verified,
        )


def _skills(key: str, name: str, folder: str, program: str | None = None, call: str = "/spec-kitty-{command}") -> Agent:
    """An agent that reads skills: a folder for each, named like the skill, with a SKILL.md."""
    pattern = "spec-kitty-{command}/SKILL.md"
    return Agent(key, name, folder, pattern, Format.SKILL, _WORDS_BESIDE, call, program)


def _toml(key: str, name: str, folder: str, program: str | None, skills: str | None) -> Agent:
    pattern = "spec-kitty.{command}.toml"
    return Agent(key, name, folder, pattern, Format.TOML, "{{args}}", program=program, skills=skills)


_CODEX = "Codex reads the skills and rules of a project that you trust: start codex there once and say so."
_ROO = "Roo Code was shut down in May 2026; its files are written for those who still run it."
_Q = "Amazon Q Developer CLI goes on as Kiro CLI, whose key is kiro."
_WINDSURF = "Windsurf is called Devin Desktop since June 2026; its files are in .devin."
_DOTTED = "spec-kitty.{command}.md"

_ROWS = (
    Agent(
        "claude", "Claude Code", ".claude/commands", program="claude", skills=".claude/skills", permits=True,
        verified=f"2.1.332, {_SEEN}",
    ),
    replace(
        _skills("codex", "Codex CLI", ".codex/skills", "codex", "$spec-kitty-{command}"), hint=_CODEX,
        rules=".codex/rules/spec-kitty.rules", former=(f".codex/prompts/{_DOTTED}",), verified=f"0.171.0, {_SEEN}",
    ),
    Agent(
        "opencode", "opencode", ".opencode/commands", program="opencode", skills=".opencode/skills",
        former=(f".opencode/command/{_DOTTED}",), verified=f"1.18.33, {_SEEN}",
    ),
    replace(
        _toml("gemini", "Gemini CLI", ".gemini/commands", "gemini", ".gemini/skills"),
        skill_call="Use the spec-kitty-{command} skill:", verified=f"0.61.0, {_SEEN}",
    ),
    replace(
        _skills("copilot", "GitHub Copilot", ".github/skills", "copilot"),
        former=(".github/prompts/spec-kitty.{command}.prompt.md",), verified=f"1.0.102, {_SEEN}",
    ),
    replace(_skills("cursor", "Cursor", ".cursor/skills"), former=(f".cursor/commands/{_DOTTED}",)),
    Agent(
        "qwen", "Qwen Code", ".qwen/commands", arguments="{{args}}", program="qwen", skills=".qwen/skills",
        former=(".qwen/commands/spec-kitty.{command}.toml",), verified=f"0.24.4, {_SEEN}",
    ),
    Agent(
        "windsurf", "Devin Desktop (Windsurf)", ".devin/workflows", hint=_WINDSURF, skills=".devin/skills",
        former=(f".windsurf/workflows/{_DOTTED}",),
    ),
    Agent(
        "kilocode", "Kilo Code", ".kilo/commands", program="kilo", skills=".kilo/skills",
        former=(f".kilocode/workflows/{_DOTTED}",), verified=f"7.7.7, {_SEEN}",
    ),
    Agent("auggie", "Auggie CLI", ".augment/commands", program="auggie", skills=".augment/skills"),
    Agent("roo", "Roo Code", ".roo/commands", hint=_ROO, skills=".roo/skills"),
    Agent("q", "Amazon Q Developer", ".amazonq/prompts", call="@spec-kitty.{command}", program="q", hint=_Q),
    replace(
        _skills("antigravity", "Google Antigravity", SHARED_SKILLS), former=(f".agent/workflows/{_DOTTED}",)
    ),
    Agent(
        "kiro", "Kiro CLI", ".kiro/prompts", arguments="(the words the person wrote beside the name of this prompt)",
        call="@spec-kitty.{command}", program="kiro-cli", skills=".kiro/skills",
    ),
    _skills("vibe", "Mistral Vibe", ".vibe/skills", "vibe"),
    Agent(
        "pi", "Pi", ".pi/prompts", program="pi", skills=".pi/skills", skill_call="/skill:spec-kitty-{command}",
        verified=f"1.6.0, {_SEEN}",
    ),
    _skills("letta", "Letta Code", SHARED_SKILLS, "letta"),
    Agent("amp", "Amp", ".agents/commands", program="amp", skills=SHARED_SKILLS),
    Agent(
        "cline", "Cline", ".clinerules/workflows", "spec-kitty-{command}.md",
        arguments="(the words the person wrote beside the name of this workflow)", call="/spec-kitty-{command}",
        program="cline", skills=SHARED_SKILLS, verified=f"3.0.65, {_SEEN}",
    ),
    Agent("codebuddy", "CodeBuddy", ".codebuddy/commands", program="codebuddy"),
    _skills("devin", "Devin for Terminal", ".devin/skills", "devin"),
    _skills("droid", "Factory Droid", ".factory/skills", "droid"),
    _skills("goose", "Goose", SHARED_SKILLS, "goose", "Use the spec-kitty-{command} skill:"),
    _skills("grok", "Grok Build", ".grok/skills", "grok"),
    Agent("junie", "Junie", ".junie/commands", "spec-kitty-{command}.md", call="/spec-kitty-{command}"),
    replace(
        _skills("kimi", "Kimi Code", ".kimi-code/skills", "kimi", "/skill:spec-kitty-{command}"),
        verified=f"2.1.0, {_SEEN}",
    ),
    Agent("omp", "Oh My Pi", ".omp/commands", program="omp"),
    _skills("qoder", "Qoder CLI", ".qoder/skills", "qodercli"),
    _skills("rovodev", "Rovo Dev", ".rovodev/skills", "acli"),
    Agent("shai", "SHAI", ".shai/commands", program="shai"),
    _toml("tabnine", "Tabnine CLI", ".tabnine/agent/commands", "tabnine", None),
    _skills("trae", "Trae", ".trae/skills"),
    _skills("zed", "Zed", SHARED_SKILLS, "zed"),
    _skills("agents", "any agent that reads .agents/skills", SHARED_SKILLS, call="Use the spec-kitty-{command} skill:"),
)  # fmt: skip
AGENTS: Mapping[str, Agent] = {row.key: row for row in _ROWS}
DEFAULT_AGENT = "claude"
