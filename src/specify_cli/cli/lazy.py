"""Commands built from the table, each only when it is called.

A group knows its commands by name and summary alone; the function behind a row is imported when that row runs, is
completed or asked for help. Typer's own help machinery is used without rich, which alone would double the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from specify_cli.cli.commands import SECTIONS, TABLE, Branch, Entry, Leaf
from specify_cli.cli.output import Reply
from specify_cli.kernel.commands import PROGRAM, command
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.lazy import load

USAGE_ERROR = "USAGE_ERROR"
_SECTIONS = ("Args:", "Returns:", "Raises:", "Source:")


class Answered(Exception):
    """An option answered the whole command line, such as `--help`.

    Args:
        reply: what it answered.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class LeafCommand(TyperCommand):
    """One command, with usage that names what is required."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Arguments and required options by name, then `[OPTIONS]`."""
        pieces = []
        for parameter in self.params:
            if isinstance(parameter, TyperArgument):
                name = f"{parameter.metavar}{'...' if parameter.nargs != 1 else ''}"
                pieces.append(name if parameter.required else f"[{name}]")
            elif isinstance(parameter, TyperOption) and parameter.required:
                pieces.append(f"{parameter.opts[0]} {parameter.make_metavar(ctx)}")
        return [*pieces, "[OPTIONS]"]


class LazyGroup(TyperGroup):
    """A group whose commands are rows of a table until one is called."""

    def __init__(self, *, table: Mapping[str, Entry], machine: bool = False, **attributes: Any) -> None:
        super().__init__(
            rich_markup_mode=None,
            add_help_option=False,
            subcommand_metavar="COMMAND",
            options_metavar=None,
            **attributes,
        )
        self.table = table
        self.machine = machine
        for name, entry in table.items():
            stub = TyperCommand(name, short_help=entry.summary, hidden=entry.hidden, rich_markup_mode=None)
            self.add_command(stub)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Import the called row, and only that.

        Raises:
            UsageError: no such command; the message names the nearest ones of the whole table.
        """
        name, *rest = args
        if name in self.table:
            return name, command_of(name, self.table[name], machine=self.machine), rest
        if ctx.resilient_parsing:
            return None, None, rest
        raise _no_such_command(ctx.command_path, name, self.table)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands first: they are what one looks for here."""
        self._format_rows(formatter)
        with formatter.section("Options"):
            formatter.write_dl([record for one in self.params if (record := one.get_help_record(ctx))])

    def _format_rows(self, formatter: Any) -> None:
        """The listed commands, those of the whole program in sections; what they do stands in one column."""
        width = max((len(name) for name, entry in self.table.items() if not entry.hidden), default=0)
        for title, part in (SECTIONS if self.table is TABLE else {"Commands": self.table}).items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), each.summary) for name, each in part.items() if not each.hidden]
                )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Without any argument the answer is the help of this group, for programs a usage error."""
        if not args and not ctx.resilient_parsing:
            if self.machine:
                raise UsageError("Missing command.", USAGE_ERROR, hint=command(*ctx.command_path.split(), "--help"))
            raise Answered(help_of(ctx))
        return super().parse_args(ctx, args)


def group_of(
    table: Mapping[str, Entry], name: str, summary: str, *more: TyperOption, epilog: str = "", machine: bool = False
) -> LazyGroup:
    """A group over a table.

    Args:
        table: its rows.
        name: what it is called by.
        summary: the first line of its help.
        more: options of its own.
        epilog: the last paragraph of its help.
        machine: its commands answer in JSON anyway, so that there is no `--json`.
    """
    options = [*more, *_common(machine=machine)]
    return LazyGroup(table=table, machine=machine, name=name, help=summary, params=options, epilog=epilog or None)


def command_of(name: str, entry: Entry, *, machine: bool = False) -> LazyGroup | TyperCommand:
    """The command that a row stands for, imported now; `machine` as in `group_of`."""
    if isinstance(entry, Branch):
        return group_of(entry.table, name, entry.summary, machine=entry.machine is not None)
    function = load(entry.target)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    text = _help_text(function.__doc__ or entry.summary)
    app.command(name, cls=LeafCommand, help=text, add_help_option=False)(function)
    command = typer.main.get_command(app)
    if not isinstance(command, LeafCommand):
        raise TypeError(f"{entry.target} is not a command")
    for parameter in command.params:
        if isinstance(parameter, TyperArgument | TyperOption) and parameter.metavar is None:
            parameter.metavar = _metavar(parameter)
    command.params.extend(_common(machine=machine))
    return command


def _metavar(parameter: TyperArgument | TyperOption) -> str | None:
    if isinstance(parameter, TyperOption) and parameter.is_flag:
        return None
    choices = getattr(parameter.type, "choices", None)
    return "|".join(choices) if choices else str(parameter.name).upper().replace("_", "-")


def _help_text(docstring: str) -> str:
    kept: list[str] = []
    for line in docstring.splitlines():
        if line.strip() in _SECTIONS:
            break
        kept.append(line)
    return "\n".join(kept)


def _common(*, machine: bool) -> list[TyperOption]:
    json = TyperOption(param_decls=["--json"], is_flag=True, expose_value=False, help="Answer with one JSON document.")
    return [
        *([] if machine else [json]),
        TyperOption(
            param_decls=["--help", "-h"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_help,
            help="Show this message and exit.",
        ),
    ]


def _show_help(ctx: typer.Context, _option: object, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        raise Answered(help_of(ctx))


# -- help ----------------------------------------------------------------------------------------------------------


def help_of(ctx: typer.Context) -> Reply:
    """The help of a command: text for people, and the same as data."""
    group = ctx.command if isinstance(ctx.command, LazyGroup) or ctx.parent is None else ctx.parent.command
    return Reply(describe(ctx), ctx.get_help(), prose=isinstance(group, LazyGroup) and group.machine)


def describe(ctx: typer.Context) -> dict[str, object]:
    """A command as data: what it is called, says, takes and contains."""
    command = ctx.command
    parameters = [parameter for parameter in command.params if isinstance(parameter, TyperArgument | TyperOption)]
    rows = command.table if isinstance(command, LazyGroup) else {}
    return {
        "command": ctx.command_path,
        "usage": command.get_usage(ctx).removeprefix("Usage: "),
        "help": ctx.get_help(),
        "arguments": [_argument(ctx, one) for one in parameters if isinstance(one, TyperArgument)],
        "options": [_option(ctx, one) for one in parameters if isinstance(one, TyperOption) and not one.hidden],
        "commands": [{"name": name, "summary": row.summary} for name, row in rows.items() if not row.hidden],
    }


def _argument(ctx: typer.Context, argument: TyperArgument) -> dict[str, object]:
    return {
        "name": argument.make_metavar(ctx),
        "required": argument.required,
        "repeatable": argument.nargs != 1,
        "help": argument.help or "",
    }


def _option(ctx: typer.Context, option: TyperOption) -> dict[str, object]:
    return {
        "names": [*option.opts, *option.secondary_opts],
        "metavar": None if option.is_flag else option.make_metavar(ctx),
        "required": option.required,
        "repeatable": option.multiple,
        "help": option.help or "",
    }


# -- suggestions ---------------------------------------------------------------------------------------------------


def _no_such_command(path: str, name: str, table: Mapping[str, Entry]) -> UsageError:
    suggestions = _suggestions(path, name, table)
    message = f"No such command {name!r}."
    if suggestions:
        message += f" Did you mean {' or '.join(repr(one) for one in suggestions)}?"
    hint = command(*(suggestions[0] if suggestions else path).split(), "--help")
    return UsageError(message, USAGE_ERROR, hint=hint, details={"suggestions": suggestions})


def _suggestions(path: str, name: str, table: Mapping[str, Entry]) -> list[str]:
    """The nearest listed names here; where none is near, commands of just this name anywhere."""
    here = [row for row, entry in table.items() if not entry.hidden]
    near = [f"{path} {row}" for row in get_close_matches(name, here, n=2)]
    return near or [found for found in every_command(TABLE, PROGRAM) if found.endswith(f" {name}")][:3]


def every_command(table: Mapping[str, Entry], path: str, *, hidden: bool = False) -> dict[str, Leaf]:
    """All commands below a path by their full name, in the order of the table."""
    found: dict[str, Leaf] = {}
    for name, entry in table.items():
        if entry.hidden and not hidden:
            continue
        if isinstance(entry, Branch):
            found |= every_command(entry.table, f"{path} {name}", hidden=hidden)
        else:
            found[f"{path} {name}"] = entry
    return found
