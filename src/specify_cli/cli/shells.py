"""Completion in bash, zsh, fish and PowerShell: the script for each, where it goes, and the answer to a TAB."""

from __future__ import annotations

import os
from pathlib import Path

from typer.core import TyperGroup

from specify_cli.cli.output import Reply
from specify_cli.kernel import files, process
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.lazy import load
from specify_cli.kernel.values import frozen

PROGRAM = "spec-kitty"
SHELLS = ("bash", "zsh", "fish", "pwsh", "powershell")


@frozen
class Plan:
    """Where completion of one shell goes.

    Args:
        script: the file that holds the completion script.
        start: a file the shell reads when it starts, and the line in it that loads the script; None where the shell
            finds the script by itself.
    """

    script: Path
    start: tuple[Path, str] | None = None


def complete(group: TyperGroup, variable: str) -> None:
    """Answer a shell that asks for completions, and exit.

    Args:
        group: all commands.
        variable: the environment variable that holds the shell's question.
    """
    load("typer.completion:completion_init")()
    group.main(args=[], prog_name=PROGRAM, complete_var=variable)


def show(shell: str | None = None) -> Reply:
    """The completion script of a shell; of this one, where none is named."""
    shell = shell or detect()
    script = script_of(shell)
    return Reply({"shell": shell, "script": script}, script)


def install(shell: str | None = None) -> Reply:
    """Install the completion script of a shell (this one, where none is named) for this user.

    Done again it changes nothing.
    """
    shell = shell or detect()
    plan = plan_of(shell, Path.home())
    written = _write(plan.script, script_of(shell) + "\n")
    if plan.start is not None:
        rc_file, line = plan.start
        before = files.read_text(rc_file) or ""
        if line not in before.splitlines():
            written |= _write(rc_file, before + ("" if not before or before.endswith("\n") else "\n") + line + "\n")
    paths = [str(plan.script), *([str(plan.start[0])] if plan.start else [])]
    said = "Installed. Open a new terminal to use it." if written else "Already installed; nothing changed."
    return Reply({"shell": shell, "files": paths, "changed": written}, "\n".join([said, *paths]))


def script_of(shell: str) -> str:
    """The completion script of a shell."""
    make = load("typer._completion_shared:get_completion_script")
    script: str = make(prog_name=PROGRAM, complete_var="_SPEC_KITTY_COMPLETE", shell=shell)
    return script


def detect() -> str:
    """The shell one works in: the process above us, else `SHELL`.

    Raises:
        Refused: none of those we know (`SHELL_UNKNOWN`).
    """
    named = Path(os.environ.get("SHELL", "")).name
    detector = load("shellingham:detect_shell")
    try:
        found: str = detector()[0]
    except load("shellingham:ShellDetectionFailure"):
        found = named
    shell = next((one for one in (found, named) if one in SHELLS), None)
    if shell is None:
        raise Refused(
            f"completion knows {', '.join(SHELLS)}; this shell is {found or 'not known'}",
            "SHELL_UNKNOWN",
            hint=command("env", "SHELL=/bin/bash", PROGRAM, "--show-completion"),
        )
    return shell


def plan_of(shell: str, home: Path) -> Plan:
    """Where completion of a shell goes.

    Args:
        shell: one of `SHELLS`.
        home: the user's home folder.
    """
    if shell == "bash":
        script = home / ".bash_completions" / f"{PROGRAM}.sh"
        return Plan(script, (home / ".bashrc", f"source '{script}'"))
    if shell == "zsh":
        start = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"
        return Plan(home / ".zfunc" / f"_{PROGRAM}", (home / ".zshrc", start))
    if shell == "fish":
        return Plan(home / ".config" / "fish" / "completions" / f"{PROGRAM}.fish")
    profile = _powershell_profile(shell)
    script = profile.parent / f"{PROGRAM}-completion.ps1"
    return Plan(script, (profile, f". '{script}'"))


def _powershell_profile(shell: str) -> Path:
    asked = process.run([shell, "-NoProfile", "-Command", "$PROFILE"])
    said = asked.out.strip()
    if asked.code != 0 or not said:
        raise NotFound(f"{shell} does not say where its profile is: {asked.said}", "PROFILE_UNKNOWN")
    return Path(said)


def _write(path: Path, content: str) -> bool:
    if files.read_text(path) == content:
        return False
    files.atomic_write(path, content, mkdir=True)
    return True
