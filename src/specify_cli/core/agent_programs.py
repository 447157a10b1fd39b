"""The coding agents' own programs as a command that one of them runs sees them: what they set, and their processes.

Seen with the versions of November 2026. A further program is a further row.
"""

from __future__ import annotations

import os

from specify_cli.kernel import ancestors, system
from specify_cli.kernel.ancestors import Process
from specify_cli.kernel.text import digest
from specify_cli.kernel.values import frozen

# `off`: nobody is taken for an agent's program; tests run below one, and so do its users' own scripts.
PROCESS_VARIABLE = "SPEC_KITTY_AGENT_PROCESS"


@frozen
class Program:
    """A coding agent's program.

    Args:
        agent: the agent's key, as `--agent` gives it.
        names: what its process is called.
        variable: where its shell finds the id of the session; None for a program that sets none.
        is_number: the variable holds the number of the program's process.
    """

    agent: str
    names: tuple[str, ...]
    variable: str | None = None
    is_number: bool = False


# The order counts where one program runs another: Kilo is made from opencode, and sets what that sets.
PROGRAMS = (
    Program("claude", ("claude",), "CLAUDE_CODE_SESSION_ID"),
    Program("codex", ("codex",), "CODEX_THREAD_ID"),
    Program("qwen", ("qwen",), "QWEN_CODE_SESSION_ID"),
    Program("copilot", ("copilot",), "COPILOT_AGENT_SESSION_ID"),
    Program("pi", ("pi",), "PI_SESSION_ID"),
    Program("kilocode", ("kilo", "kilocode"), "KILO_RUN_ID"),
    Program("opencode", ("opencode",), "OPENCODE_SESSION_ID"),  # our plugin sets it, one for each session
    Program("opencode", ("opencode",), "OPENCODE_PID", is_number=True),
    Program("gemini", ("gemini",)),
    Program("kimi", ("kimi", "kimi-code")),
    Program("cline", ("cline",)),
)


def own_session(agent: str | None = None) -> tuple[Program, str] | None:
    """The program that runs this command, and the id of its session; None where neither is known.

    What a program sets, programs that it starts find too. So the one that is meant counts first; processes are looked
    at only for a program that sets nothing.

    Args:
        agent: who acts, where that is known.
    """
    meant = [program for program in PROGRAMS if program.agent == agent]
    for program in meant:
        if program.variable is None and (above := program_above(program)):
            return program, _name_of(program, above[1])
    for program in (*meant, *PROGRAMS):
        if found := _session_of(program):
            return program, found
    nearest = program_above()
    return (nearest[0], _name_of(*nearest)) if nearest else None


def program_above(only: Program | None = None) -> tuple[Program, Process] | None:
    """The nearest process above this one that is a coding agent's, or None.

    Of a program that starts itself once more the outer one counts, which stays.

    Args:
        only: look for this program alone.
    """
    if os.environ.get(PROCESS_VARIABLE) == "off":
        return None
    found: tuple[Program, int] | None = None
    for pid, name in ancestors.ancestors():
        program = next((each for each in ((only,) if only else PROGRAMS) if name in each.names), None)
        if found is not None and program is not found[0]:
            break
        if program is not None:
            found = program, pid
    process = ancestors.process_of(found[1]) if found else None
    return (found[0], process) if found and process else None


def process_of_agent(agent: str) -> Process | None:
    """The process of an agent's own program that runs this command; None where there is none, or none is known."""
    meant = [program for program in PROGRAMS if program.agent == agent]
    above = program_above(meant[0]) if meant else None
    return above[1] if above else next(filter(None, map(_numbered, meant)), None)


def _numbered(program: Program) -> Process | None:
    """The process whose number a program sets, where it does."""
    value = os.environ.get(program.variable, "").strip() if program.variable and program.is_number else ""
    return ancestors.process_of(int(value)) if value.isdecimal() and len(value) <= 9 else None


def _session_of(program: Program) -> str | None:
    value = os.environ.get(program.variable, "").strip() if program.variable else ""
    if not program.is_number or not value:
        return value or None
    if not value.isdecimal() or len(value) > 9:
        return None
    process = _numbered(program)
    return _name_of(program, process) if process else f"{program.agent}-{value}-{digest(system.host())}"


def _name_of(program: Program, process: Process) -> str:
    """The id of a session that is known by its process."""
    where = f"{process.boot_id} {process.pid_namespace} {process.start_time}"
    return f"{program.agent}-{process.pid}-{digest(where)}"
