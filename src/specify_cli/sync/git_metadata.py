"""Where in git an event happened (contract 2.7); what git does not tell is None, and nothing is raised."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from specify_cli.kernel import clock
from specify_cli.kernel.errors import Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen


@frozen
class GitMetadata:
    """Branch (`HEAD` when detached) and commit of a checkout."""

    git_branch: str | None = None
    head_commit_sha: str | None = None


class GitMetadataResolver:
    """Asks git, and not again within two seconds.

    Args:
        root: the checkout.
        ttl: seconds for which an answer counts.
        patience: seconds to wait for git.
    """

    def __init__(self, root: Path, ttl: float = 2.0, patience: float = 5.0) -> None:
        self.root = root
        self.ttl = ttl
        self.patience = patience
        self._found = GitMetadata()
        self._until = 0.0

    def resolve(self) -> GitMetadata:
        """What git says now, or said a moment ago."""
        if clock.monotonic() >= self._until:
            self._found = _ask(self.root, self.patience)
            self._until = clock.monotonic() + self.ttl
        return self._found


def _ask(root: Path, patience: float) -> GitMetadata:
    with suppress(Unavailable):
        found = Git(root).head(timeout=patience)
        if found is not None:
            # A name that is not UTF-8 cannot be sent as it is.
            branch = found[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            return GitMetadata(branch, found[1])
    return GitMetadata()
