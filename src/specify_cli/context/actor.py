"""Who acts: a name from a flag, the environment, a lease or an agent's own program, and the session it runs in."""

from __future__ import annotations

import os
import re

from specify_cli.context.models import Actor
from specify_cli.core.agent_programs import own_session
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.text import one_line
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import parse_lane_id_from_branch
from specify_cli.workspaces.leases import lease_in

AGENT_VARIABLE = "SPEC_KITTY_AGENT"
SESSION_VARIABLE = "SPEC_KITTY_SESSION"
OWN, GIVEN = "agent", "given"
_LONGEST = 200
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029`]")
_PLACEHOLDERS = frozenset({"NAME", "ANOTHER"})  # as hints call whoever may run them


@frozen
class Session:
    """One running instance of an actor.

    Args:
        source: `agent` where the agent's own program set the id, `given` where a flag or `SPEC_KITTY_SESSION` did.
    """

    id: str | None = None
    source: str | None = None


def given_session(flag: str | None = None, agent: str | None = None) -> Session:
    """The session of this process: `--session`, else `SPEC_KITTY_SESSION`, else the coding agent's own id, else none.

    Args:
        agent: who acts, where that is known.

    Raises:
        UsageError: the flag gives no id.
    """
    if flag is not None:
        if not flag.strip() or not flag.isprintable() or len(flag) > _LONGEST:
            said = f"--session is {flag!r}; it takes one printable word of up to {_LONGEST} characters"
            raise UsageError(said, "USAGE_ERROR")
        return Session(flag.strip(), GIVEN)
    if given := os.environ.get(SESSION_VARIABLE):
        return Session(given, GIVEN)
    own = own_session(agent)
    return Session(own[1], OWN) if own else Session()


def session_here() -> str | None:
    """The id of `given_session` where no flag is given."""
    return given_session().id


def own_name(name: str | None) -> str | None:
    """A name that somebody gave; it stands in commands that prompts print, so it is one line and marks nothing up.

    Raises:
        UsageError: it is the placeholder of a hint, or no name can be like it.
    """
    if name in _PLACEHOLDERS:
        said = f"{name} stands for a name, such as claude: say who it is"
        raise UsageError(said, "USAGE_ERROR", hint=spec_kitty("agent config list"))
    if name is not None and (_NO_NAME.search(name) or not name.strip()):
        raise UsageError(f"{name!r} is no name: it is a few words on one line, without a backtick", "USAGE_ERROR")
    return name


def named(flag: str | None, session: str | None = None) -> Actor | None:
    """The actor that a flag or `SPEC_KITTY_AGENT` names, or None.

    Args:
        session: as `--session` gives it.

    Raises:
        UsageError: as `own_name`.
    """
    name = own_name(flag or os.environ.get(AGENT_VARIABLE))
    here = given_session(session, name)
    return Actor(name, here.id, session_source=here.source, by_flag=session is not None) if name else None


def who(flag: str | None, repo: Repository, place: MissionPlace | None = None, session: str | None = None) -> Actor:
    """The actor of a command.

    The flag, `SPEC_KITTY_AGENT`, the holder of the lane one stands in, the agent whose program runs the command, else
    the git user.

    Args:
        session: as `--session` gives it.
    """
    known = named(flag, session)
    if known is not None:
        return known
    given = given_session(session)
    here = repo.here()
    if place is not None and here is not None and here.branch and parse_lane_id_from_branch(here.branch):
        lease = lease_in(place, here.path)
        if lease is not None:
            # In another folder no lease tells the session, so commands have to.
            told = session is not None or given.id is None
            return Actor(lease.actor, given.id or lease.session, session_source=given.source, by_flag=told)
    program = own_session()
    name = Git(repo.checkout).user_name() if repo.has_git and program is None else None
    person = f"user:{one_line(name)}" if name else "user"
    return Actor(
        program[0].agent if program else person, given.id, session_source=given.source, by_flag=session is not None
    )
