"""The whole command line: from arguments to an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import typer
from typer.core import TyperOption
from typer.exceptions import TyperException

from specify_cli.cli import output
from specify_cli.cli.commands import TABLE, Branch, Entry
from specify_cli.cli.lazy import USAGE_ERROR, Answered, LazyGroup, group_of
from specify_cli.cli.output import Reply
from specify_cli.kernel.commands import PROGRAM, command
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.lazy import load
from specify_cli.version import VERSION

COMPLETE_VARIABLE = "_SPEC_KITTY_COMPLETE"

_SUMMARY = "Spec-driven development: people and coding agents take a mission from idea to merge."
_FIRST_STEPS = """\b
First steps:
  spec-kitty init --ai claude              make this folder a project
  spec-kitty agent mission create my-idea  begin a mission
  spec-kitty next --agent claude           get an agent's next step
"""


def run(arguments: Sequence[str], table: Mapping[str, Entry] = TABLE) -> int:
    """Run one command line and give its exit code.

    `--json` may stand anywhere before a `--`; it is taken out here, so that even a line that cannot be parsed is
    answered in the form that was asked for.

    Args:
        arguments: the words after `spec-kitty`.
        table: the commands there are.
    """
    called = next((table.get(word) for word in arguments if word != "--json"), None)
    if isinstance(called, Branch) and called.machine:
        failure = load(called.machine)(arguments)
        machine = root(table)
        return output.answer(lambda: _dispatch(arguments, machine), as_json=True, failure=failure, call=arguments)
    mine, rest = _split(arguments)
    as_json = any(argument == "--json" or argument.startswith("--json=") for argument in mine)
    kept = [argument for argument in mine if argument != "--json"]
    words = [*kept, *rest]
    return output.answer(lambda: _dispatch(words, root(table)), as_json=as_json, call=words)


def root(table: Mapping[str, Entry] = TABLE) -> LazyGroup:
    """The group of all commands of a table."""
    return group_of(table, PROGRAM, _SUMMARY, *_own_options(), epilog=_FIRST_STEPS)


def _dispatch(arguments: Sequence[str], group: LazyGroup) -> Reply:
    if os.environ.get(COMPLETE_VARIABLE):
        load("specify_cli.cli.shells:complete")(group, COMPLETE_VARIABLE)
    try:
        with group.make_context(PROGRAM, list(arguments)) as ctx:
            reply = group.invoke(ctx)
    except Answered as answered:
        return answered.reply
    except TyperException as error:
        raise _usage_error(error, _called(arguments, group.table)) from error
    except UsageError as error:
        error.hint = error.hint or command(*_called(arguments, group.table).split(), "--help")
        raise
    except (typer.Abort, EOFError) as error:
        raise KeyboardInterrupt from error
    if not isinstance(reply, Reply):
        raise TypeError(f"a command returned {type(reply).__name__}, not a Reply")
    return reply


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    return list(arguments[:end]), list(arguments[end:])


def _own_options() -> list[TyperOption]:
    return [
        _early("--version", "Show the version and exit.", _version),
        _early("--install-completion", "Install completion for this shell and exit.", _install_completion),
        _early("--show-completion", "Show the completion script for this shell and exit.", _show_completion),
    ]


def _early(name: str, text: str, callback: Callable[..., None]) -> TyperOption:
    return TyperOption(
        param_decls=[name], is_flag=True, is_eager=True, expose_value=False, callback=callback, help=text
    )


def _version(ctx: typer.Context, _option: object, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        raise Answered(Reply({"version": VERSION}, f"{PROGRAM} {VERSION}"))


def _install_completion(ctx: typer.Context, _option: object, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        raise Answered(load("specify_cli.cli.shells:install")())


def _show_completion(ctx: typer.Context, _option: object, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        raise Answered(load("specify_cli.cli.shells:show")())


def _usage_error(error: TyperException, path: str) -> UsageError:
    return UsageError(error.format_message().rstrip("."), USAGE_ERROR, hint=command(*path.split(), "--help"))


def _called(arguments: Sequence[str], table: Mapping[str, Entry]) -> str:
    """The command that a line calls, as far as the table knows it."""
    path = PROGRAM
    for word in arguments:
        entry = table.get(word)
        if entry is None:
            break
        path = f"{path} {word}"
        if not isinstance(entry, Branch):
            break
        table = entry.table
    return path
