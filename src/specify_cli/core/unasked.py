"""What an agent may run unasked: the one table that rules, permissions and `allowed-tools` are written from.

A row allows every command line that begins with its words, so what runs a command of somebody's choice is in none of
them: an agent that may run all of `spec-kitty` unasked has no sandbox any more (it trusts a hook, then claims).
"""

from __future__ import annotations

from specify_cli.core.agent_programs import PROGRAMS
from specify_cli.kernel.commands import PROGRAM
from specify_cli.kernel.values import frozen


@frozen
class Unasked:
    """The beginning of command lines that need no question.

    Args:
        words: of the command, without the program's name; the last may be an option that rules others out.
        told_apart: it is for an agent whose program leaves its session's id in the environment; nobody else is held
            to the order of options that this row counts on.
    """

    words: tuple[str, ...]
    told_apart: bool = False

    @property
    def prefix(self) -> str:
        """The beginning as it is typed."""
        return " ".join((PROGRAM, *self.words))


UNASKED: tuple[Unasked, ...] = (
    *(
        Unasked(tuple(words.split()))
        for words in (
            "next",
            "status",
            "why",
            "agent action",
            "agent tasks",
            "agent status",
            "agent context resolve",
            "agent config list",
            "agent config status",
            "agent mission create",
            "agent mission branch-context",
            "agent mission check-prerequisites",
            "agent mission setup-plan",
            "agent mission finalize-tasks",
            "analyze",
            "research",
            "mission list",
            "mission info",
            "mission types",
            "context list",
            "context info",
            "charter show",
            "charter context",
            "hooks list",
        )
    ),
    # In a session of an agent whose program can be told, `--test` comes first: such a line does not begin so.
    Unasked(("accept", "--mission"), told_apart=True),
    Unasked(("accept", "--untested")),
)
# Skills that only a person starts.
ASKED_FOR = frozenset({"accept", "merge"})


def unasked_for(agent: str) -> tuple[Unasked, ...]:
    """The rows that count for an agent, or for those who share its files."""
    told_apart = any(program.agent == agent and program.variable for program in PROGRAMS)
    return tuple(row for row in UNASKED if told_apart or not row.told_apart)


def bash_rules(agent: str) -> tuple[str, ...]:
    """The table as Claude Code spells it, in settings and in the header of skills."""
    return tuple(f"Bash({row.prefix}:*)" for row in unasked_for(agent))


def codex_rules() -> str:
    """The table as a file of rules for Codex, which runs what they allow outside of its sandbox."""
    head = (
        "# Made by spec-kitty: what Codex may run unasked, outside of its sandbox, in which .git is read-only.\n"
        "# Nothing here runs a program that the agent chooses; merge, hooks trust and the like always ask.\n"
    )
    rules = (", ".join(f'"{word}"' for word in (PROGRAM, *row.words)) for row in unasked_for("codex"))
    return head + "".join(f'prefix_rule(pattern=[{rule}], decision="allow")\n' for rule in rules)
