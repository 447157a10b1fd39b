"""What a release engineer needs to cut a release: the next version and a draft of its changelog entry."""

from __future__ import annotations

from pathlib import Path

from specify_cli.kernel import clock, paths
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.release.changelog import build_changelog_block, tag_names
from specify_cli.release.coherence import load_pyproject_version
from specify_cli.release.version import ReleaseChannel, parsed, propose_version, released


@frozen
class ReleasePrepPayload:
    """A release that is proposed (seed 079, FR-605).

    Args:
        channel: `alpha`, `beta` or `stable`.
        current_version: what pyproject.toml states.
        changelog_block: the finished missions and their work packages, as a list.
        proposed_changelog_block: the same as an entry, from its heading `## [X.Y.Z] - DATE` on.
        mission_slug_list: the missions in it.
        target_branch: the branch that is checked out.
        structured_inputs: what the proposal was made from: last tag, date, pyproject's line.
    """

    channel: str
    current_version: str
    proposed_version: str
    changelog_block: str
    proposed_changelog_block: str
    mission_slug_list: list[str]
    target_branch: str
    structured_inputs: dict[str, str]


def build_release_prep_payload(channel: ReleaseChannel, repo_root: Path) -> ReleasePrepPayload:
    """Propose a release from what is in a repository; nothing is written.

    A version that fits the channel and has no tag yet is proposed as it is; after a release, the one that follows.

    Raises:
        Refused: `PYPROJECT_INVALID`, `VERSION_INVALID`, `CHANNEL_BACKWARDS`.
    """
    repo = paths.discover(repo_root)
    stated = load_pyproject_version(repo.checkout)
    git = Git(repo.checkout)
    tags = released(tag_names(git))
    last = next(reversed(tags), "")
    proposed = stated.version
    if parsed(stated.version) in tags.values() or not _fits(stated.version, channel):
        proposed = propose_version(stated.version, channel)
    block, slugs = build_changelog_block(repo.checkout, last or None)
    today = clock.stamp()[:10]
    said = block or "- No mission was finished since the last release."
    here = next((each.branch for each in repo.checkouts() if each.path == repo.checkout), None)
    return ReleasePrepPayload(
        channel=channel.value,
        current_version=stated.version,
        proposed_version=proposed,
        changelog_block=block,
        proposed_changelog_block=f"## [{proposed}] - {today}\n\n### Added\n\n{said}\n",
        mission_slug_list=slugs,
        target_branch=here or "",
        structured_inputs={"last_tag": last, "date": today, "version_stated_in": stated.where},
    )


def _fits(version: str, channel: ReleaseChannel) -> bool:
    """Whether a version is one of a channel: `3.1.0b2` of beta, `3.1.0` of stable."""
    known = parsed(version)
    letter = known.pre[0] if known is not None and known.pre else ""
    return known is not None and letter == {"alpha": "a", "beta": "b"}.get(channel.value, "")
