"""What an examination finds, and what it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from specify_cli.context.missions import Broken
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.paths import KITTIFY, Repository
from specify_cli.kernel.text import bounded
from specify_cli.kernel.values import as_dict, frozen
from specify_cli.lanes.problems import PlanProblem


class Severity(StrEnum):
    """How much a finding matters, the gravest last: an error makes `doctor` exit 1."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@frozen
class Finding:
    """One thing that was found.

    Args:
        section: the section of `doctor` that looked.
        code: stable name, such as `WORKTREE_VANISHED`.
        message: what is so, one sentence.
        fix: a command that mends it, where there is something to mend.
    """

    section: str
    severity: Severity
    code: str
    message: str
    fix: Command | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", bounded(self.message))

    to_dict = as_dict


@frozen
class Mended:
    """One thing that was put in order: the section, and what was done."""

    section: str
    what: str

    to_dict = as_dict


@frozen
class Subject:
    """What is examined.

    Args:
        repo: the repository as seen from where one stands.
        config: the project's settings; the defaults where they cannot be read.
        places: the missions.
        broken: mission folders that cannot be read.
        every: whether these are all missions of the project, not one that was named.
    """

    repo: Repository
    config: Config
    places: tuple[MissionPlace, ...] = ()
    broken: tuple[Broken, ...] = ()
    every: bool = True

    @property
    def project(self) -> Path:
        """The folder whose `.kittify` counts: where one stands, else the main working tree."""
        here = self.repo.checkout
        return here if (here / KITTIFY).is_dir() else self.repo.root


def of_error(section: str, error: SpecKittyError | PlanProblem, about: str = "") -> Finding:
    """A failure as a finding: what cannot be examined is an error of its own.

    Args:
        about: what was examined, put before the message.
    """
    message = f"{about}: {error.message}" if about else error.message
    return Finding(section, Severity.ERROR, error.code, message, error.hint)


def worst(findings: Sequence[Finding]) -> Severity:
    """The gravest severity among some findings."""
    rank = list(Severity)
    return max((finding.severity for finding in findings), key=rank.index, default=Severity.OK)
