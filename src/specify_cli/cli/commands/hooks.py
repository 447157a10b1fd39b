"""`spec-kitty hooks …`: what is run or copied in new worktrees, and the tests that `accept` runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.asking import at_terminal, can_ask, confirmed
from specify_cli.cli.output import Reply, for_programs, safe, say, style
from specify_cli.cli.text import table
from specify_cli.kernel import files, paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import Refused, UsageError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import KITTIFY, Repository
from specify_cli.kernel.text import plural
from specify_cli.workspaces import trust as trusting
from specify_cli.workspaces.trust import COPY, HOOK_PATH, TESTS, TrustState, Wish

_COLOURS = {TrustState.TRUSTED: "green", TrustState.MISSING: "dim"}
_HOW = {
    COPY: "copied into every new worktree",
    trusting.HOOK: "run in every new worktree",
    TESTS: "run by accept on the merge of all lanes",
}


def list_hooks() -> Reply:
    """List the hook, copied files and tests of a project, trusted or not."""
    _, found = _asked()
    rows = []
    for wish in found:
        said = HOOK_PATH if wish.name == trusting.HOOK else ", ".join(wish.lines) or f"{KITTIFY}/config.yaml"
        rows.append([wish.name, style(wish.state, _COLOURS.get(wish.state, "yellow")), safe(said)])
        rows += [["", "", safe(wish.problem)]] if wish.problem else []
    lines = [table(rows, indent=2)]
    if any(_waits(wish) for wish in found):
        lines += ["", f"  Next: {style('spec-kitty hooks trust', 'bold')}"]
    return Reply({"hooks": found}, "\n".join(lines))


def trust(
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Trust what is shown without asking, at a terminal.")
    ] = False,
) -> Reply:
    """Show the hook, copied files and tests of a project, and trust them.

    A repository runs and copies nothing in a worktree before somebody has trusted it in this clone. What is shown here
    in full is trusted as it is now. Once it changes, it is skipped until it is trusted again; tests that changed keep
    `accept` from accepting. A person does this at a terminal, with --yes as well: an agent cannot.
    """
    repo, found = _asked()
    chosen = [wish for wish in found if _waits(wish)]
    bad = [Notice("HOOK_UNTRUSTED", f"{HOOK_PATH}: {wish.problem}", wish.hint) for wish in found if wish.problem]
    if bad and not chosen:
        raise Refused(bad[0].message, bad[0].code, hint=bad[0].hint)
    for wish in chosen:
        if not for_programs():
            say(_shown(wish))
    if chosen:
        _ask(chosen, sure=yes)
    if chosen:
        trusting.trust(repo, chosen)
    _, now = _asked()
    data = {"result": "success", "trusted": [wish.name for wish in chosen], "hooks": now, "warnings": notices(bad)}
    done = ", ".join(wish.name for wish in chosen)
    said = f"{style('Trusted', 'green')} in this clone: {done}" if chosen else "There is nothing new to trust."
    return Reply(data, said)


def _asked() -> tuple[Repository, Sequence[Wish]]:
    repo = paths.discover(paths.starting_point())
    repo.require_git()
    project = trusting.project_of(repo)
    settings = project / KITTIFY / "config.yaml"
    config = parse_config(files.read_text(settings), str(settings))
    return repo, [*trusting.wishes(repo, project, config), trusting.tests_wish(repo, project, config)]


def _waits(wish: Wish) -> bool:
    return wish.state in (TrustState.UNTRUSTED, TrustState.CHANGED) and not wish.problem


def _shown(wish: Wish) -> str:
    """All of it, numbered, so that nothing hides behind empty lines."""
    where = HOOK_PATH if wish.name == trusting.HOOK else f"{wish.name} in {KITTIFY}/config.yaml"
    head = f"{style(where, 'bold')}: {plural(len(wish.lines), 'line')}, {_HOW[wish.name]}"
    body = [f"{number:>5}  {_visible(line)}" for number, line in enumerate(wish.lines, 1)]
    return "\n".join([head, "", *body, ""])


def _visible(line: str) -> str:
    """A line with every character that is not seen as itself, but a tab, made visible."""
    return "".join(
        each if each.isprintable() or each == "\t" else each.encode("unicode_escape").decode() for each in line
    )


def _ask(chosen: Sequence[Wish], *, sure: bool) -> None:
    """Have a person agree: an agent that could trust what it wrote would have it run outside of its sandbox."""
    if not (at_terminal() if sure else can_ask()):
        names = " and ".join(wish.name for wish in chosen)
        raise UsageError(
            f"only a person at a terminal can trust {names}: read it, then run spec-kitty hooks trust there",
            "CONFIRMATION_REQUIRED",
            hint=spec_kitty("hooks list"),
            details={"hooks": [wish.to_dict() for wish in chosen]},
        )
    if not sure and not confirmed("Trust this?"):
        raise Refused("nothing was trusted", "HOOK_UNTRUSTED", hint=spec_kitty("hooks list"))
