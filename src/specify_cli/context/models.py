"""What a command works on."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.context.missions import Broken
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command
from specify_cli.kernel.config import Config
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen


@frozen
class Context:
    """Project, settings and mission of a command.

    Args:
        repo: the repository as seen from where the command was run.
        config: the project's settings.
        place: the mission.
        how: what chose the mission, in words for `detection_method`.
        unread: missions beside it that cannot be read, where it was chosen because it is the only one that can.
    """

    repo: Repository
    config: Config
    place: MissionPlace
    how: str
    unread: tuple[Broken, ...] = ()


@frozen
class Actor:
    """Who acts: a name, and one running instance of it where that is known.

    Args:
        policy: what a program that drives agents declares about them; it is recorded with its moves.
        session_source: who gave the session its id: `agent`, the program itself, or `given`, a flag or variable.
        by_flag: `--session` gave it, so that every command said to the actor has to repeat it.
        taken_up: in this call its session takes up what its agent was handed without one.
    """

    name: str
    session: str | None = None
    policy: Mapping[str, object] | None = None
    session_source: str | None = None
    by_flag: bool = False
    taken_up: bool = False

    @property
    def is_person(self) -> bool:
        """Whether it is no agent: the user whom git knows."""
        return self.name == "user" or self.name.startswith("user:")

    @property
    def flags(self) -> tuple[str, ...]:
        """How the actor names itself in a command."""
        session = ("--session", self.session) if self.by_flag and self.session else ()
        return ("--agent", self.name, *session)

    @property
    def as_actor(self) -> tuple[str, ...]:
        """How an agent names itself where a command takes `--actor`: what it does there is recorded as its own."""
        return () if self.is_person else ("--actor", *self.flags[1:])

    @property
    def words(self) -> str:
        """The same as text."""
        return Command(self.flags)

    def own(self, command: Command) -> Command:
        """A command of a hint with `--agent NAME` under its own name, where it is an agent."""
        return command if self.is_person else command.naming(*self.flags)
