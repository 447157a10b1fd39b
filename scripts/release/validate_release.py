"""Say whether this repository may be released: every failure at once, exit code 1 with any.

    python scripts/release/validate_release.py                     the checked-out branch
    python scripts/release/validate_release.py --mode tag          the tag that CI was started for
    python scripts/release/validate_release.py --repo PATH --json

The rules are in `specify_cli.release.coherence`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from specify_cli.release.changelog import changelog_has_entry
from specify_cli.release.coherence import failures, load_pyproject_version, validate_metadata_yaml_version_sync

__all__ = ["changelog_has_entry", "load_pyproject_version", "main", "validate_metadata_yaml_version_sync"]


def main(argv: Sequence[str] | None = None) -> int:
    """Check a repository; 0 without failures, 1 with any, 2 where the command line is wrong."""
    parser = argparse.ArgumentParser(description="Say whether a repository may be released.")
    parser.add_argument("--mode", choices=("branch", "tag"), default="branch", help="what is being released from")
    parser.add_argument("--tag", help="the tag, in tag mode; else GITHUB_REF_NAME")
    parser.add_argument("--repo", type=Path, default=Path(), help="top folder of the repository")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args(argv)
    tag = (asked.tag or os.environ.get("GITHUB_REF_NAME")) if asked.mode == "tag" else None
    if asked.mode == "tag" and not tag:
        parser.error("tag mode needs --tag, or GITHUB_REF_NAME in the environment")
    if asked.mode == "branch" and asked.tag:
        parser.error("--tag belongs to --mode tag")
    version, found = failures(asked.repo.resolve(), tag)
    if asked.json:
        answer = {
            "result": "failure" if found else "success",
            "mode": asked.mode,
            "version": version,
            "tag": tag,
            "failures": [each.to_dict() for each in found],
        }
        print(json.dumps(answer, indent=2, sort_keys=True))
    else:
        for each in found:
            print(f"{each.code}: {each.message}\n  fix: {each.fix}", file=sys.stderr)
        if not found:
            print(f"{version} may be released" + (f" as {tag}" if tag else ""))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
