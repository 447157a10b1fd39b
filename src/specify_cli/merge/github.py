"""The program `gh`, where there is one: finds the pull request of a branch, or opens it."""

from __future__ import annotations

import json
from pathlib import Path

from specify_cli.kernel import process
from specify_cli.kernel.errors import Unavailable
from specify_cli.kernel.values import frozen

TIME_LIMIT = 60.0  # seconds for one call
_QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GH_FORCE_TTY": None, "NO_COLOR": "1"}
# What gh says where the remote is at a host of another kind.
_NOT_GITHUB = "known GitHub host"


@frozen
class Wanted:
    """The pull request that there is to be.

    Args:
        commit: what `head` is at.
        body: the file that holds its text.
    """

    base: str
    head: str
    commit: str
    title: str
    body: Path


@frozen
class Found:
    """The pull request that there is.

    Args:
        opened: whether this call opened it.
        merged: whether the host has merged it.
    """

    url: str
    opened: bool = False
    merged: bool = False


def pull_request(folder: Path, wanted: Wanted) -> Found | None:
    """The open pull request of a branch, opened if there is none; None without gh, or where gh is not for this host.

    Args:
        folder: a checkout of the repository.

    Raises:
        Unavailable: gh failed or took too long, in its own words.
    """
    try:
        return _find(folder, wanted) or _open(folder, wanted)
    except Unavailable as error:
        if error.code == "PROGRAM_MISSING" or _NOT_GITHUB in error.message:
            return None
        raise


def _find(folder: Path, wanted: Wanted) -> Found | None:
    """Of several, as branches of forks may have the same name, the one that is ours; a closed one is none."""
    fields = "url,state,headRefOid,isCrossRepository"
    said = _gh(folder, "pr", "list", f"--head={wanted.head}", "--state=all", f"--json={fields}", "--limit=30")
    try:
        listed = json.loads(said)
        ours = [each for each in listed if each["headRefOid"] == wanted.commit or not each["isCrossRepository"]]
        for each in ours:
            if each["state"] == "OPEN":
                return Found(str(each["url"]))
        merged = (each for each in ours if each["state"] == "MERGED" and each["headRefOid"] == wanted.commit)
        return next((Found(str(each["url"]), merged=True) for each in merged), None)
    except (ValueError, TypeError, KeyError) as error:
        raise _failed(f"its answer cannot be read: {said[:200]}") from error


def _open(folder: Path, wanted: Wanted) -> Found:
    words = (f"--base={wanted.base}", f"--head={wanted.head}", f"--title={wanted.title}", f"--body-file={wanted.body}")
    try:
        said = _gh(folder, "pr", "create", *words)
    except Unavailable:
        # Somebody else may have opened it in this very moment.
        found = _find(folder, wanted)
        if found is None:
            raise
        return found
    return Found(next((word for word in reversed(said.split()) if "://" in word), ""), opened=True)


def _gh(folder: Path, *words: str) -> str:
    done = process.run(("gh", *words), cwd=folder, env=process.environment(**_QUIET), timeout=TIME_LIMIT)
    if done.code != 0:
        raise _failed(done.said or f"exit code {done.code}")
    return done.out


def _failed(said: str) -> Unavailable:
    return Unavailable(f"gh: {said}", "PULL_REQUEST_FAILED")
