"""Writing a first charter from the answers of a short interview."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specify_cli.core.charter import PATH, path_of
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.project_resolver import kittify_of
from specify_cli.core.templates import fill, template
from specify_cli.kernel import files
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen


@frozen
class Question:
    """A question of the interview.

    Args:
        key: the name that the template has for the answer.
        text: what is asked.
        default: what counts where nobody says otherwise.
    """

    key: str
    text: str
    default: str


QUESTIONS = (
    Question("purpose", "What is this project for, and for whom?", "What its README says."),
    Question(
        "tools",
        "Which languages, frameworks and tools?",
        "What the repository uses already. A new dependency has its reason in the plan.",
    ),
    Question(
        "tests",
        "Which tests must a change have, and how are they run?",
        "Every change has a test that fails without it. All checks of the project pass before a review.",
    ),
    Question(
        "quality",
        "What makes a change good here?",
        "It is small, reads like the code around it, and is documented where users meet it.",
    ),
    Question(
        "reviews",
        "What does a reviewer look for?",
        "The acceptance criteria, one by one; then error paths, and tests that cannot fail.",
    ),
    Question(
        "boundaries",
        "What must never happen?",
        "No secret is committed. Nothing of a user's is deleted or sent anywhere without being asked.",
    ),
)


def check_none(repo: Repository) -> Path:
    """Where the charter will be.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `CHARTER_EXISTS`, `SYMLINK_REFUSED`.
    """
    kittify, path = kittify_of(repo), path_of(repo)
    if not (kittify / "config.yaml").exists():
        raise NotFound(
            f"{kittify.parent} is not a spec-kitty project yet", "NOT_INITIALIZED", spec_kitty("init", "--ai", "claude")
        )
    files.refuse_links(kittify.parent, path)
    if (files.read_text(path) or "").strip():
        raise Refused(
            f"{PATH} is there already, and is yours to edit", "CHARTER_EXISTS", hint=spec_kitty("charter show")
        )
    return path


def write_charter(repo: Repository, answers: Mapping[str, str]) -> Path:
    """Write the charter, once.

    Args:
        answers: key of a question -> answer; the default counts for a question without one.

    Raises:
        NotFound, Refused: see `check_none` and `template`.
    """
    path = check_none(repo)
    values = {each.key: answers.get(each.key, "").strip() or each.default for each in QUESTIONS}
    name = path.parents[2].name
    files.atomic_write(path, fill(template(repo, DEFAULT_TYPE, "charter.md"), {**values, "project": name}), mkdir=True)
    return path
