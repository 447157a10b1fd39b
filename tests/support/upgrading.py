"""What an upgrade makes of the files of a project, so that it can be compared."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from tests.support.legacy import Legacy

EXPECTED = Path(__file__).resolve().parent.parent / "fixtures" / "upgraded"
Tree = dict[str, bytes]
# What is new at each run: moments of today, random ids, and the machine.
_NOW = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_DIGESTS = re.compile(rb'("\.kittify/(?:config|metadata)\.yaml": {\s*"sha256": ")\w+')
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_MACHINE = re.compile(rb"^(  (?:python_version|platform|platform_version): ).*$", re.MULTILINE)
_AGENTS = re.compile(r"\.(?:[a-z]+)/(?:commands|prompts|workflows|skills|command)/")


def tree_of(folder: Path) -> Tree:
    """Every file of a project, without git's own and the backups; those of worktrees are named below theirs."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if ".git/" in f"{name}/" and not name.startswith(".git/spec-kitty/journal"):
            continue
        if name.startswith((".kittify/backups/", ".kittify/runtime/")) or not path.is_file() or path.is_symlink():
            continue
        if path.name != ".git":
            found[name] = path.read_bytes()
    return found


def steady(tree: Mapping[str, bytes], known: Mapping[str, bytes]) -> Tree:
    """A tree without what differs from run to run; what `known` has already is left as it is."""
    old = b"\n".join(known.values())
    return {
        name: content if known.get(name) == content else _steady(name, content, old) for name, content in tree.items()
    }


def _steady(name: str, content: bytes, old: bytes) -> bytes:
    content = _UUID.sub(lambda match: match[0] if match[0] in old else b"<uuid>", content)
    content = _DIGESTS.sub(rb"\1<digest>", content) if name.endswith("manifest.json") else content
    if name != ".kittify/metadata.yaml":
        return content
    content = _NOW.sub(lambda match: match[0] if match[0] in old else b"<now>", content)
    return content if b"environment:" in old else _MACHINE.sub(rb"\1<machine>", content)


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """What an upgrade changed, file by file, without the commands of agents that it wrote."""
    lines: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        # Which commands there are is another test's.
        if old == new or (_AGENTS.match(name) and new is not None):
            continue
        sort = "new" if old is None else "gone" if new is None else "changed"
        lines.append(f"{sort} {name}")
        if name.endswith("manifest.json") or new is None:
            continue
        shown = difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=0)
        lines += [f"    {line}" for line in shown if not line.startswith(("---", "+++", "@@"))]
    return "\n".join(lines) + "\n"


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines()


def expected(project: Legacy, told: str) -> str:
    """The difference that is expected of a version; `REFILL=1` takes over what was found."""
    path = EXPECTED / f"{project.version}.txt"
    if os.environ.get("REFILL"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    return path.read_text(encoding="utf-8")
