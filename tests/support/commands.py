"""Commands that only tests know: each shows one thing the command-line machinery must do."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from specify_cli.cli.commands import Branch, Entry, Leaf
from specify_cli.cli.options import MissionFlag, NoteFlag, WorkPackage
from specify_cli.cli.output import Reply, painter, progress, say
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.notices import Notice


@dataclass(frozen=True, slots=True)
class Greeting:
    """What `greet` answers."""

    name: str
    warnings: tuple[Notice, ...] = ()


def greet(
    name: Annotated[str, typer.Argument(help="Whom to greet.")],
    tone: Annotated[Literal["warm", "cold"], typer.Option("--tone", help="How.")] = "warm",
    times: Annotated[int, typer.Option("--times", min=1)] = 1,
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> Reply:
    """Greet somebody.

    More about greeting.

    Args:
        name: not shown in the help.
    """
    said = " ".join([f"{tone} hello {name}"] * times)
    return Reply(Greeting(name), said.upper() if loud else said)


def warned() -> Reply:
    """Succeed with warnings."""
    notices = (Notice("COMMIT_FAILED", "a hook said \x1b[31mno", command("git", "commit")),)
    return Reply({"result": "success", "warnings": [*notices, "and a plain one"]}, "done")


def drawn() -> Reply:
    """Answer with a rich table."""
    table = Table("name")
    table.add_row("[bold]x[/bold] :cat: \x1b[2J")
    return Reply({"rows": 1}, table)


def spoken() -> Reply:
    """Answer with a callable."""

    def speak(console: Console) -> None:
        console.print("one", "\x1b[2J")
        console.print("two")

    return Reply({}, speak)


def talking() -> Reply:
    """Say something while at work."""
    progress("working")
    say("half way")
    with painter() as board:
        board.draw(["a board"])
        board.say("WP01 done")
    return Reply({"result": "success"}, "", exit_code=1)


def refused() -> Reply:
    """Refuse."""
    raise Refused(
        "WP01 is in review", "WP_ALREADY_CLAIMED", hint=command("spec-kitty", "status"), details={"where": Path("/x")}
    )


def noted(wp: WorkPackage, mission: MissionFlag = None, note: NoteFlag = None) -> Reply:
    """Take a long text."""
    return Reply({"wp": wp, "mission": mission, "note": note}, str(note))


def broken() -> Reply:
    """Fail in a way nobody foresaw."""
    raise ZeroDivisionError("by \x1b nought")


def endless() -> Reply:
    """Recurse for ever."""
    return endless()


def stopped() -> Reply:
    """Be interrupted."""
    raise KeyboardInterrupt


def asking() -> Reply:
    """Ask where nobody answers."""
    raise typer.Abort


def full_disk() -> Reply:
    """Meet a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device", "/data/log")


def read_only() -> Reply:
    """Meet a read-only place."""
    raise OSError(errno.EROFS, "Read-only file system", "/data/log")


def lost() -> Reply:
    """Meet a file-system failure that is a bug."""
    raise OSError(errno.ENOTEMPTY, "Directory not empty", "/data")


def wordless() -> None:
    """Return nothing, which no command may."""


def _leaf(function: Callable[..., object]) -> Leaf:
    summary = (function.__doc__ or "").splitlines()[0]
    return Leaf(f"tests.support.commands:{function.__name__}", summary)


TABLE: dict[str, Entry] = {
    function.__name__.replace("_", "-"): _leaf(function)
    for function in (
        greet, warned, drawn, spoken, talking, refused, noted, broken, endless, stopped, asking, full_disk, read_only,
        lost, wordless,
    )
}  # fmt: skip
TABLE["deep"] = Branch({"deeper": Branch({"greet": _leaf(greet)}, "Deeper.")}, "Deep.")
TABLE["secret"] = Leaf("tests.support.commands:greet", "Greet somebody.", hidden=True)
TABLE["absent"] = Leaf("tests.support.no_such_module:x", "Not there.")
