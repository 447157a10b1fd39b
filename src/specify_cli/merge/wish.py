"""What somebody asks of a merge."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.values import frozen


@frozen
class Wish:
    """What was asked for, and by whom.

    Args:
        strategy: for mission -> target; None takes the project's.
        target: said by the caller only to be sure; a mission is merged where it lives.
        into: the branch on which a mission with a branch of its own is to land.
    """

    actor: str
    session: str | None = None
    strategy: str | None = None
    target: str | None = None
    push: bool = False
    keep_branch: bool = False
    keep_worktree: bool = False
    into: str | None = None

    def to_dict(self) -> dict[str, object]:
        """What a stopped merge remembers."""
        return {
            "strategy": self.strategy,
            "push": self.push,
            "keep_branch": self.keep_branch,
            "keep_worktree": self.keep_worktree,
        }

    def after(self, options: Mapping[str, object]) -> Wish:
        """This wish with what was asked for before the merge stopped."""
        strategy = options.get("strategy")
        return Wish(
            self.actor,
            self.session,
            self.strategy or (strategy if isinstance(strategy, str) else None),
            self.target,
            self.push or options.get("push") is True,
            self.keep_branch or options.get("keep_branch") is True,
            self.keep_worktree or options.get("keep_worktree") is True,
            self.into,
        )

    def command(self, slug: str) -> Command:
        """The command that asks for the same, with the project's strategy."""
        into = ("--into", self.into) if self.into else ()
        return spec_kitty("merge", *into, "--mission", slug)
