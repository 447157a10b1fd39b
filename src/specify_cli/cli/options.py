"""Options and arguments that several commands share: one name, one help text, one completion each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.given import text_of
from specify_cli.kernel.lazy import load

Completions = Iterable[str | tuple[str, str]]


def completing(target: str) -> Callable[[typer.Context, str], Completions]:
    """A completion whose code is imported at the first TAB.

    Args:
        target: `module:function` in `cli/completion.py`; it is given the context and what was typed so far.
    """

    def complete(ctx: typer.Context, incomplete: str) -> Completions:
        found: Completions = load(f"specify_cli.cli.completion:{target}")(ctx, incomplete)
        return found

    return complete


def long_text(ctx: typer.Context, value: str | None) -> str | None:
    """A text given as it is, as `@file`, or as `-` for standard input; `@@…` is a text that begins with `@`.

    Raises:
        NotFound: there is no such file (`FILE_NOT_FOUND`).
    """
    if value is None or ctx.resilient_parsing:
        return value
    if value.startswith("@@"):
        return value[1:]
    if value != "-" and not value.startswith("@"):
        return value
    return text_of(value.removeprefix("@")).rstrip("\n")


def commit_message(ctx: typer.Context, value: str | None) -> str | None:
    """As `long_text`; git takes no empty message, and to commit nothing is not what was asked for.

    Raises:
        UsageError: it is empty.
    """
    text = long_text(ctx, value)
    if text is not None and not text.strip():
        raise UsageError("--commit is empty: say what the commit does", "USAGE_ERROR")
    return text


MissionFlag = Annotated[
    str | None,
    typer.Option(
        "--mission",
        metavar="MISSION",
        help="Slug, number or id of the mission; else the one you stand in, else the only open one.",
        autocompletion=completing("missions"),
    ),
]
AgentFlag = Annotated[
    str | None,
    typer.Option(
        "--agent",
        metavar="AGENT",
        help="Who acts; else SPEC_KITTY_AGENT, the agent that runs this, or your git name.",
        autocompletion=completing("agents"),
    ),
]
ActorFlag = Annotated[
    str | None,
    typer.Option(
        "--actor",
        metavar="ACTOR",
        help="Who acts; else SPEC_KITTY_AGENT, the agent that runs this, or your git name.",
        autocompletion=completing("agents"),
    ),
]
ReviewerFlag = Annotated[
    str | None,
    typer.Option(
        "--reviewer",
        metavar="REVIEWER",
        help="Who reviewed; without --agent, who acts.",
        autocompletion=completing("agents"),
    ),
]
SessionFlag = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="ID",
        help="Your session, the same on every call; else SPEC_KITTY_SESSION or the id your program sets.",
    ),
]
WorkPackage = Annotated[
    str, typer.Argument(metavar="WP", help="Work package, such as WP01.", autocompletion=completing("work_packages"))
]
MaybeWorkPackage = Annotated[
    str | None,
    typer.Argument(metavar="WP", help="Work package, such as WP01.", autocompletion=completing("work_packages")),
]
WorkPackageFlag = Annotated[
    str | None,
    typer.Option(
        "--wp-id", metavar="WP", help="Work package, such as WP01.", autocompletion=completing("work_packages")
    ),
]
ToLane = Annotated[
    str, typer.Option("--to", metavar="LANE", help="Lane to move to.", autocompletion=completing("lanes"))
]
LaneFlag = Annotated[
    str | None,
    typer.Option("--lane", metavar="LANE", help="Only this lane.", autocompletion=completing("lanes")),
]
NoteFlag = Annotated[
    str | None,
    typer.Option("--note", metavar="TEXT", help="A note; @file and - are read.", callback=long_text),
]
Note = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="The note; @file and - are read.", callback=long_text)
]
ReasonFlag = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; @file and - are read.", callback=long_text)
]
ForceFlag = Annotated[bool, typer.Option("--force", help="Override the guards; needs a reason or a note.")]
NoChangeFlag = Annotated[
    str | None,
    typer.Option(
        "--no-change",
        metavar="WHY",
        help="Hand work over that changes nothing, and say why; only somebody else can approve it.",
        callback=long_text,
    ),
]
PrintPromptFlag = Annotated[
    bool,
    typer.Option("--print-prompt", help="Give the text of the prompt too, for whoever may not read its file."),
]
CommitFlag = Annotated[
    str | None,
    typer.Option(
        "--commit",
        metavar="MESSAGE",
        help="Commit the work in the worktree first, in the same call.",
        callback=commit_message,
    ),
]
BaseFlag = Annotated[
    str | None, typer.Option("--base", metavar="REF", help="Start the lane from this branch or commit.")
]
SettleFlag = Annotated[
    bool,
    typer.Option(
        "--settle",
        help="Begin although work that it builds on conflicts: merge the rest by hand in its worktree.",
    ),
]
RecoverFlag = Annotated[
    bool, typer.Option("--recover", help="Take up again what a crash interrupted (the ordinary path does so too).")
]
WaitFlag = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0, help="Wait up to this long for something to do."),
]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and write nothing.")]
MissionTypeFlag = Annotated[
    str | None,
    typer.Option(
        "--mission-type",
        metavar="TYPE",
        help="software-dev, research, documentation or plan.",
        autocompletion=completing("mission_types"),
    ),
]
