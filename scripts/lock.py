"""Write constraints.txt: the exact version of everything the development environment holds.

`make` installs with it, so that two machines get the same. It names versions only, never a registry.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = "spec-kitty-cli"
TARGET = Path(__file__).parent.parent / "constraints.txt"
HEADER = "# Made by `make lock` from the development environment; do not edit.\n"


def closure(name: str, extras: frozenset[str]) -> dict[str, str]:
    """Versions by name of all that a distribution needs here, itself left out."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, extras)]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        needed = distribution(current[0])
        if current[0] != name:
            found[normal(current[0])] = needed.version
        for text in needed.requires or []:
            requirement = Requirement(text)
            if applies(requirement, current[1]):
                waiting.append((normal(requirement.name), frozenset(requirement.extras)))
    return found


def applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Whether a requirement counts on this machine with these extras."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in extras | {""})


def normal(name: str) -> str:
    """The name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Write the file, or with `--check` only say whether it is up to date."""
    content = HEADER + "".join(
        f"{name}=={version}\n" for name, version in sorted(closure(PROJECT, frozenset({"dev"})).items())
    )
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if "--check" in sys.argv[1:]:
        return int(before != content)
    TARGET.write_text(content, encoding="utf-8")
    print(f"{TARGET.name}: {content.count('==')} versions" + ("" if before != content else ", unchanged"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
