"""What can be wrong with a plan, gathered so that a person hears of everything at once."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.kernel.commands import Command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.values import frozen


@frozen
class PlanProblem:
    """One thing that keeps a plan from being carried out.

    Args:
        code: stable name, such as `DEPENDENCY_CYCLE`.
        message: what is wrong and where, one sentence.
        wp_id: the work package it is about, where there is one.
        hint: a command that mends it; None where only an edit of `file` does.
        file: the document, as a path below the checkout.
        line: line number from 1, where known.
        cycle: the work packages along a circle, the first repeated at the end.
    """

    code: str
    message: str
    wp_id: str | None = None
    hint: Command | None = None
    file: str | None = None
    line: int | None = None
    cycle: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The entry of `details.problems`; facts that are missing are left out."""
        shape: dict[str, object] = {
            "code": self.code,
            "message": self.message,
            "wp_id": self.wp_id,
            "hint": self.hint,
            "file": self.file,
            "line": self.line,
            "cycle": list(self.cycle) or None,
        }
        return {key: value for key, value in shape.items() if value is not None}


class LaneComputationError(Refused):
    """The dependencies and owned files of a plan allow no lanes."""


def refusal(problems: Sequence[PlanProblem], error: type[Refused] = Refused) -> Refused:
    """All problems as one error: code and hint of the first, every one in the message and in `details.problems`.

    Args:
        problems: at least one.
        error: the class of the error.
    """
    first = problems[0]
    message = first.message
    if len(problems) > 1:
        lines = [problem.message + (f" (fix: {problem.hint})" if problem.hint else "") for problem in problems]
        message = "\n".join([f"{len(problems)} things are wrong with the plan:", *(f"- {line}" for line in lines)])
    hint = next((problem.hint for problem in problems if problem.hint), None)
    details: dict[str, object] = {"problems": [problem.to_dict() for problem in problems]}
    edit = next((problem.file for problem in problems if problem.file and not problem.hint), None)
    if edit:
        details["edit"] = edit
    if first.cycle:
        details["cycle"] = list(first.cycle)
    return error(message, first.code, hint=hint, details=details)
