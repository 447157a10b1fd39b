"""An unmet condition: what is missing, and the command that meets it."""

from __future__ import annotations

from specify_cli.kernel.values import frozen


@frozen
class Unmet:
    """One thing that a move, an acceptance or a merge still wants.

    Args:
        code: stable name of the rule.
        what: what is missing, one clause.
        fix: a command that meets it.
        subject: the work package, file or branch it is about.
    """

    code: str
    what: str
    fix: str
    subject: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """The shape in JSON answers."""
        return {"code": self.code, "what": self.what, "fix": self.fix, "subject": self.subject}
