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
# Few agents put a person's words into a skill; all of them hand those words over beside it.
_WORDS_BESIDE = "(the words the person wrote beside the name of this skill)"


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
        hint: what a person should know; `{project}` is the project's folder.
        skills: where its skills live, if it reads them besides commands.
        skill_call: what a person types for a skill.
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

    @property
    def is_shared(self) -> bool:
        """Whether other agents read the same files, so that they can name none of them."""
        return self.folder == SHARED_SKILLS

    def path(self, command: str) -> str:
        """The file of a command, relative to the project, POSIX."""
        return f"{self.folder}/{self.pattern.format(command=command)}"

    def as_skills(self) -> Agent:
        """The same agent with the layout of skills; itself where it has no other."""
        if self.skills is None:
            return self
        return replace(_skills(self.key, self.name, self.skills, self.program), call=self.skill_call)


def _skills(key: str, name: str, folder: str, program: str | None = None, call: str = "/spec-kitty-{command}") -> Agent:
    """An agent that reads skills: a folder for each, named like the skill, with a SKILL.md."""
    pattern = "spec-kitty-{command}/SKILL.md"
    return Agent(key, name, folder, pattern, Format.SKILL, _WORDS_BESIDE, call, program)


def _toml(key: str, name: str, folder: str, program: str | None, skills: str | None) -> Agent:
    pattern = "spec-kitty.{command}.toml"
    return Agent(key, name, folder, pattern, Format.TOML, "{{args}}", program=program, skills=skills)


_CODEX = (
    "Codex reads its prompts from CODEX_HOME: export CODEX_HOME={project}/.codex before you start it. "
    "Codex then keeps its login there too (auth.json): do not commit that file. "
    "A Codex that reads no prompts any more takes skills: spec-kitty agent config add codex --skills"
)
_ROO = "Roo Code was shut down in May 2026; its files are written for those who still run it."
_Q = "Amazon Q Developer CLI goes on as Kiro CLI, whose key is kiro."

_ROWS = (
    Agent("claude", "Claude Code", ".claude/commands", program="claude", skills=".claude/skills"),
    Agent(
        "codex", "Codex CLI", ".codex/prompts", call="/prompts:spec-kitty.{command}", program="codex", hint=_CODEX,
        skills=SHARED_SKILLS, skill_call="$spec-kitty-{command}",
    ),
    Agent("opencode", "opencode", ".opencode/command", program="opencode", skills=SHARED_SKILLS),
    _toml("gemini", "Gemini CLI", ".gemini/commands", "gemini", SHARED_SKILLS),
    Agent(
        "copilot", "GitHub Copilot", ".github/prompts", "spec-kitty.{command}.prompt.md", skills=SHARED_SKILLS
    ),
    Agent("cursor", "Cursor", ".cursor/commands", skills=SHARED_SKILLS),
    _toml("qwen", "Qwen Code", ".qwen/commands", "qwen", ".qwen/skills"),
    Agent("windsurf", "Windsurf", ".windsurf/workflows", skills=SHARED_SKILLS),
    Agent("kilocode", "Kilo Code", ".kilocode/workflows", call="/spec-kitty.{command}.md", skills=".kilocode/skills"),
    Agent("auggie", "Auggie CLI", ".augment/commands", program="auggie", skills=SHARED_SKILLS),
    Agent("roo", "Roo Code", ".roo/commands", hint=_ROO, skills=SHARED_SKILLS),
    Agent("q", "Amazon Q Developer", ".amazonq/prompts", call="@spec-kitty.{command}", program="q", hint=_Q),
    Agent("antigravity", "Google Antigravity", ".agent/workflows", skills=SHARED_SKILLS),
    Agent(
        "kiro", "Kiro CLI", ".kiro/prompts", arguments="(the words the person wrote beside the name of this prompt)",
        call="@spec-kitty.{command}", program="kiro-cli", skills=SHARED_SKILLS,
    ),
    _skills("vibe", "Mistral Vibe", ".vibe/skills", "vibe"),
    Agent(
        "pi", "Pi", ".pi/prompts", program="pi", skills=SHARED_SKILLS, skill_call="/skill:spec-kitty-{command}"
    ),
    _skills("letta", "Letta Code", SHARED_SKILLS, "letta"),
    Agent("amp", "Amp", ".agents/commands", program="amp", skills=SHARED_SKILLS),
    Agent("cline", "Cline", ".clinerules/workflows", "spec-kitty-{command}.md", call="/spec-kitty-{command}.md"),
    Agent("codebuddy", "CodeBuddy", ".codebuddy/commands", program="codebuddy"),
    _skills("devin", "Devin for Terminal", ".devin/skills", "devin"),
    _skills("droid", "Factory Droid", ".factory/skills", "droid"),
    _skills("grok", "Grok Build", ".grok/skills", "grok"),
    Agent("junie", "Junie", ".junie/commands", "spec-kitty-{command}.md", call="/spec-kitty-{command}"),
    _skills("kimi", "Kimi Code", ".kimi-code/skills", "kimi", "/skill:spec-kitty-{command}"),
    Agent("omp", "Oh My Pi", ".omp/commands", program="omp"),
    _skills("qoder", "Qoder CLI", ".qoder/skills", "qodercli"),
    _skills("rovodev", "Rovo Dev", ".rovodev/skills", "acli"),
    Agent("shai", "SHAI", ".shai/commands", program="shai"),
    _toml("tabnine", "Tabnine CLI", ".tabnine/agent/commands", "tabnine", None),
    _skills("trae", "Trae", ".trae/skills"),
    _skills("zed", "Zed", SHARED_SKILLS, "zed"),
)  # fmt: skip
AGENTS: Mapping[str, Agent] = {row.key: row for row in _ROWS}
DEFAULT_AGENT = "claude"
