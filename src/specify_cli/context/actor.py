"""Who acts: a name from a flag, the environment or a lease, and the session it runs in."""

from __future__ import annotations

import os

from specify_cli.context.models import Actor
from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository
from specify_cli.lanes.branch_naming import parse_lane_id_from_branch
from specify_cli.workspaces.leases import lease_in

AGENT_VARIABLE = "SPEC_KITTY_AGENT"
SESSION_VARIABLE = "SPEC_KITTY_SESSION"
_AGENTS_OWN = ("CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID")
_PLACEHOLDERS = frozenset({"NAME", "ANOTHER"})  # as hints call whoever may run them


def session_here() -> str | None:
    """The session of this process: `SPEC_KITTY_SESSION`, else the coding agent's own id, else none."""
    return next((value for name in (SESSION_VARIABLE, *_AGENTS_OWN) if (value := os.environ.get(name))), None)


def own_name(name: str | None) -> str | None:
    """A name that somebody gave.

    Raises:
        UsageError: it is the placeholder of a hint.
    """
    if name in _PLACEHOLDERS:
        said = f"{name} stands for a name, such as claude: say who it is"
        raise UsageError(said, "USAGE_ERROR", hint="spec-kitty agent config list")
    return name


def named(flag: str | None) -> Actor | None:
    """The actor that a flag or `SPEC_KITTY_AGENT` names, or None.

    Raises:
        UsageError: as `own_name`.
    """
    name = own_name(flag or os.environ.get(AGENT_VARIABLE))
    return Actor(name, session_here()) if name else None


def who(flag: str | None, repo: Repository, place: MissionPlace | None = None) -> Actor:
    """The actor of a command: the flag, `SPEC_KITTY_AGENT`, the holder of the lane one stands in, else the git user."""
    known = named(flag)
    if known is not None:
        return known
    session = session_here()
    here = repo.here()
    if place is not None and here is not None and here.branch and parse_lane_id_from_branch(here.branch):
        lease = lease_in(place, here.path)
        if lease is not None:
            return Actor(lease.actor, session or lease.session)
    name = Git(repo.checkout).user_name() if repo.has_git else None
    return Actor(f"user:{name}" if name else "user", session)


def unknown_session(actor: Actor) -> Notice | None:
    """The warning for an agent whose sessions cannot be told apart."""
    if actor.session is not None:
        return None
    return Notice(
        "SESSION_UNKNOWN",
        f"sessions of {actor.name} cannot be told apart, so they share what they hold",
        f"export {SESSION_VARIABLE}=$$",
    )
