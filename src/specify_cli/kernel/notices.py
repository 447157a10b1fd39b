"""Warnings that travel with a successful answer."""

from __future__ import annotations

from specify_cli.kernel.values import frozen


@frozen
class Notice:
    """Something the caller should know although the command succeeded.

    Args:
        code: stable name, such as `COMMIT_FAILED`.
        message: what happened.
        hint: a command that mends it, where there is one.
        edit: the file that somebody has to edit, where that mends it; `message` says so.
    """

    code: str
    message: str
    hint: str | None = None
    edit: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """The shape in `warnings` of a JSON answer."""
        shape = {"code": self.code, "message": self.message, "hint": self.hint}
        return {**shape, "edit": self.edit} if self.edit else shape
