"""`spec-kitty agent release …`: what a release engineer needs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from specify_cli.cli.output import Reply, safe, style
from specify_cli.kernel import paths
from specify_cli.release.payload import build_release_prep_payload
from specify_cli.release.version import ReleaseChannel


def prep(
    channel: Annotated[ReleaseChannel, typer.Option("--channel", help="How finished the release is.")],
    repo: Annotated[Path | None, typer.Option("--repo", help="The repository; else the one you stand in.")] = None,
) -> Reply:
    """Propose the next version and its changelog entry; nothing is written."""
    payload = build_release_prep_payload(channel, repo.resolve() if repo else paths.starting_point())
    text = "\n".join(
        [
            f"{payload.current_version} → {style(payload.proposed_version, 'bold')}  ({channel.value})",
            "",
            *(f"  {safe(line)}".rstrip() for line in payload.proposed_changelog_block.splitlines()),
            "",
            f"  Next: {style('python scripts/release/validate_release.py', 'bold')}",
        ]
    )
    return Reply(asdict(payload), text)
