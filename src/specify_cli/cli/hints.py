"""Printed commands as the call that is answered needs them: the same mission, the same agent, the same session.

Whoever copies a hint stands in another shell, or another folder. What the call was given, or resolved, is therefore
written out. A refusal never prints the refused command as its own fix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.cli.commands import TABLE, Branch, Entry, Leaf
from specify_cli.kernel.commands import PROGRAM, Call, Command, the_call, without
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.lazy import load

WHO = ("--agent", "--actor")
_WORDS_OF_PEOPLE = ("--note", "--reason", "--commit", "--answer", "--done-override-reason", "--no-change")
_WHICH_MISSION = frozenset({"MISSION_REQUIRED", "MISSION_AMBIGUOUS"})


def shown(printed: str) -> str | None:
    """A command as it is printed; None for the refused command itself."""
    if not isinstance(printed, Command):
        return printed
    call = the_call()
    made = Command(*(_carrying(step, call) for step in printed.steps))
    return None if call.refused and _is_refused(made, call) else made


def hint_of(error: SpecKittyError) -> str | None:
    """The first command of a refusal that is not the refused one."""
    offered = [error.hint, *(each.fix for each in error.unmet)]
    return _with_a_mission(error.code) or next((made for each in offered if each and (made := shown(each))), None)


def _with_a_mission(code: str) -> Command | None:
    """The refused command with a place for the mission, where that is what it lacks."""
    call = the_call()
    path, leaf, rest = _parted(call.words)
    if code not in _WHICH_MISSION or leaf is None or "--mission" not in leaf.takes:
        return None
    return Command((PROGRAM, *path, *without(rest, "--mission"), "--mission", "MISSION"))


def _carrying(step: Sequence[str], call: Call) -> Sequence[str]:
    if step[0] != PROGRAM or "--help" in step:
        return step
    _, leaf, rest = _parted(step[1:])
    if leaf is None:
        return step
    more: list[str] = []
    mission = call.mission or _value(call.words, "--mission")
    if mission and "--mission" in leaf.takes and "--all" not in rest and _value(rest, "--mission") is None:
        more += ["--mission", mission]
    who = next((name for option in WHO if (name := _value(call.words, option))), None)
    if who is None or not leaf.takes.intersection(WHO):
        return [*step, *more]
    named = [who if step[at - 1] in WHO and word == "NAME" else word for at, word in enumerate(step)]
    given = next((name for option in WHO if (name := _value(named, option))), None)
    if given is None:
        more = [next(option for option in WHO if option in leaf.takes), who, *more]
    session = _value(call.words, "--session")
    if session and given in (None, who) and _value(rest, "--session") is None:
        more += ["--session", session]
    return [*named, *more]


# -- the refused command -------------------------------------------------------------------------------------------


def _is_refused(made: Command, call: Call) -> bool:
    if len(made.steps) != 1 or made.steps[0][0] != PROGRAM:
        return False
    _, leaf, rest = _parted(made.steps[0][1:])
    refused_path, refused, refused_rest = _parted(call.words)
    if leaf is None or refused is None or leaf.target != refused.target or "--help" in refused_rest:
        return False
    if rest[:1] == ("--test",) != refused_rest[:1]:  # where it stands is what was refused
        return False
    flags = _flags(refused_path[-1], refused)
    _, _, full = _parted(_carrying((PROGRAM, *call.words), call)[1:])
    return _shape(rest, flags, call) == _shape(full, flags, call)


def _shape(words: Sequence[str], flags: frozenset[str], call: Call) -> tuple[list[str], dict[str, list[str]]]:
    """Arguments in order and options by name; what people write in their own words is not compared."""
    arguments: list[str] = []
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        name, sign, value = word.partition("=")
        if not word.startswith("--"):
            arguments.append(word)
        elif name in flags:
            options[name] = []
        else:
            options.setdefault(name, []).append(value if sign else next(rest, ""))
    for name in set(options).intersection(_WORDS_OF_PEOPLE):
        options[name] = []
    if "--mission" in options and call.mission:
        options["--mission"] = [call.mission]
    options.pop("--json", None)
    return arguments, options


def _flags(name: str, leaf: Leaf) -> frozenset[str]:
    params = load("specify_cli.cli.lazy:command_of")(name, leaf).params
    return frozenset(option for each in params if getattr(each, "is_flag", False) for option in each.opts)


# -- words ---------------------------------------------------------------------------------------------------------


def _parted(words: Sequence[str]) -> tuple[tuple[str, ...], Leaf | None, tuple[str, ...]]:
    """The names that lead to a command of the table, its row, and the words after them."""
    table: Mapping[str, Entry] = TABLE
    for at, word in enumerate(words):
        entry = table.get(word)
        if isinstance(entry, Leaf):
            return tuple(words[: at + 1]), entry, tuple(words[at + 1 :])
        if not isinstance(entry, Branch):
            break
        table = entry.table
    return (), None, ()


def _value(words: Sequence[str], option: str) -> str | None:
    """The value of an option in a line."""
    for at, word in enumerate(words):
        if word == option and at + 1 < len(words):
            return words[at + 1]
        if word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return None
