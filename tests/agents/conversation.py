"""What a coding agent tells its model, and what the model answers, whatever the wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# JSON as the wires carry it.
Json = dict[str, Any]

# What agents call their tool that runs a command line.
_SHELLS = ("Bash", "bash", "exec_command", "shell_command", "shell", "run_shell_command", "run_commands", "Shell")
# What they call their tool that writes a file, with the names of its path and its content.
_WRITERS = {
    "Write": ("file_path", "path"),
    "write": ("filePath", "path"),
    "write_file": ("file_path", "path"),
    "create": ("path",),
}
_READERS = {"Read": ("file_path", "path"), "read": ("filePath", "path"), "read_file": ("file_path", "absolute_path")}
_LOADERS = ("activate_skill", "skills", "skill", "Skill")
_TEXTS = ("content", "file_text")
_YIELD_MILLISECONDS = 30_000


@dataclass(slots=True)
class Call:
    """A call of a tool that stands in the conversation; `output` is None until the agent has made it."""

    tool: str
    input: Json
    output: str | None = None


@dataclass(slots=True)
class Turn:
    """One request to the model.

    Args:
        model: the model that was asked for.
        system: the system prompt.
        texts: what the user's side said, in order.
        tools: the JSON schema of the input of each tool that the model may call.
        calls: the calls that were made so far.
        schema: the JSON schema that the answer must have, where the agent asks a question of its own.
    """

    model: str = ""
    system: str = ""
    texts: list[str] = field(default_factory=list)
    tools: dict[str, Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    schema: Json | None = None

    @property
    def text(self) -> str:
        """Everything that the user's side said."""
        return "\n".join(self.texts)


@dataclass(frozen=True, slots=True)
class Say:
    """End the turn with a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Use:
    """Call a tool."""

    tool: str
    input: Json


Reply = Say | Use


@dataclass(frozen=True, slots=True)
class Run:
    """Run a command line, with whatever tool the agent has for it."""

    line: str

    def reply(self, turn: Turn) -> Reply:
        """The call of the agent's own tool."""
        name = next((name for name in _SHELLS if name in turn.tools), None)
        if name is None:
            return Say(f"none of the tools runs a command line: {sorted(turn.tools)}")
        schema = turn.tools[name]
        required = schema.get("required") or ()
        arguments = {key: self._argument(key, kind, key in required) for key, kind in _properties(schema).items()}
        return Use(name, {key: value for key, value in arguments.items() if value is not None})

    def _argument(self, key: str, kind: Mapping[str, Any], is_required: bool) -> object:
        if key in {"command", "cmd", "script"}:
            return ["bash", "-lc", self.line] if _is_a(kind, "array") else self.line
        if key == "commands":
            return [self.line]
        if key == "yield_time_ms":
            return _YIELD_MILLISECONDS
        return smallest(kind) if is_required else None


@dataclass(frozen=True, slots=True)
class Write:
    """Write a file, with the agent's own tool where it has one."""

    path: str
    text: str

    def reply(self, turn: Turn) -> Reply:
        """The call of the agent's own tool."""
        for name, paths in _WRITERS.items():
            if name in turn.tools:
                known = _properties(turn.tools[name])
                arguments = {key: self.path for key in paths if key in known}
                arguments |= {key: self.text for key in _TEXTS if key in known}
                return Use(name, arguments)
        end = "END_OF_FILE"
        return Run(f"mkdir -p {self.path.rpartition('/')[0]}\ncat > {self.path} <<'{end}'\n{self.text}{end}").reply(
            turn
        )


@dataclass(frozen=True, slots=True)
class Read:
    """Read a file, with the agent's own tool where it has one."""

    path: str

    def reply(self, turn: Turn) -> Reply:
        """The call of the agent's own tool."""
        for name, paths in _READERS.items():
            if name in turn.tools:
                known = _properties(turn.tools[name])
                return Use(name, {key: self.path for key in paths if key in known})
        return Run(f"cat {self.path}").reply(turn)


@dataclass(frozen=True, slots=True)
class Load:
    """Load a skill, with the tool that the agent offers for that."""

    skill: str

    def reply(self, turn: Turn) -> Reply:
        """The call of the agent's own tool."""
        name = next((name for name in _LOADERS if name in turn.tools), None)
        if name is None:
            return Say(f"none of the tools loads a skill: {sorted(turn.tools)}")
        return Use(name, {key: self.skill for key in _properties(turn.tools[name]) if key in {"name", "skill"}})


Action = Run | Write | Read | Load


def smallest(schema: Mapping[str, Any]) -> object:
    """The smallest value that a JSON schema allows."""
    if schema.get("enum"):
        return schema["enum"][0]
    if _is_a(schema, "object"):
        return {key: smallest(kind) for key, kind in _properties(schema).items()}
    if _is_a(schema, "array"):
        return []
    if _is_a(schema, "bool"):
        return False
    return 0 if _is_a(schema, "int") or _is_a(schema, "number") else "scripted"


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return schema.get("properties") or {}


def _is_a(schema: Mapping[str, Any], kind: str) -> bool:
    """Whether a schema's type is of a kind; Gemini writes types in capitals, some agents lists of them."""
    return kind in str(schema.get("type")).lower()
