"""Where a branch is pushed to, and what the remote has."""

from __future__ import annotations

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import git_command
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.values import frozen
from specify_cli.merge.intent import Push


@frozen
class Branches:
    """What a remote told of itself.

    Args:
        default: its default branch; None where it has none.
        tips: branch -> commit, of those that were asked about.
    """

    default: str | None
    tips: dict[str, str]


def push_of(place: MissionPlace, branch: str) -> Push:
    """Where a branch is pushed to: the remote that it follows, else `origin`, else any.

    There it keeps its name: a branch made from `origin/main` follows that one, and must not be pushed over it.

    Raises:
        Refused: `NO_REMOTE`.
    """
    git, ref = place.git, f"refs/heads/{branch}"
    remotes = git.run("remote").split()
    follows = git.run("for-each-ref", "--format=%(upstream:remotename)", ref).strip()
    remote = next((name for name in (follows, "origin", *remotes) if name in remotes), None)
    if remote is None:
        raise Refused(
            f"{place.repo.root} has no remote to push {branch} to",
            "NO_REMOTE",
            hint=git_command(place.repo.root, "remote", "add", "origin", "URL"),
        )
    return Push(remote, f"{ref}:{ref}")


def ask(place: MissionPlace, remote: str, *branches: str) -> Branches:
    """Ask a remote for its default branch and the tips of some others.

    Raises:
        Unavailable: `REMOTE_UNREACHABLE`.
    """
    refs = [f"refs/heads/{branch}" for branch in branches]
    done = place.git.call("ls-remote", "--symref", remote, "HEAD", *refs)
    if done.code != 0:
        raise Unavailable(
            f"{remote} does not answer: {done.said}",
            "REMOTE_UNREACHABLE",
            hint=git_command(place.repo.root, "ls-remote", remote, "HEAD"),
        )
    default, tips = None, {}
    for line in done.out.splitlines():
        what, _, name = line.partition("\t")
        if what.startswith("ref: refs/heads/") and name == "HEAD":
            default = what.removeprefix("ref: refs/heads/")
        elif name in refs:
            tips[name.removeprefix("refs/heads/")] = what
    return Branches(default, tips)
