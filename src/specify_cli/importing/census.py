"""How many tasks a source holds, counted from its bytes by other means than its reader's.

The readers say which tasks they carried over and which they named as left out. Their sum must be what is counted here:
a dialect that a reader does not know then shows as tasks that are missing, not as a project without any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from specify_cli.importing.reading import clean

_LISTS = {
    "spec-kit": re.compile(r"(?:\.specify/)?specs/[^/]+/(?i:tasks?\.md)"),
    "openspec": re.compile(r"openspec/changes/(?:archive/[^/]+|(?!archive/)[^/]+)/(?i:tasks?\.md)"),
    "kiro": re.compile(r"\.kiro/specs/[^/]+/(?i:tasks?\.md)"),
}
_FILES = {
    "taskmaster": re.compile(r"\.taskmaster/tasks/tasks\.json|tasks/tasks\.json"),
    "backlog": re.compile(r"\.?backlog/(?:tasks|completed)/(?:[^/]+/)*(?!(?i:readme)\.md$)[^/]+\.md"),
    "beads": re.compile(r"\.beads/(?:issues|beads)\.jsonl"),
}
# Lists of tasks where their tool does not look: deeper down, or one of several. Only their boxes count.
_STRAYS = {
    "spec-kit": re.compile(r"((?:\.specify/)?specs/[^/]+)/(?:.+/)?(?:tasks?\.md|tasks/[^/]+\.md)", re.IGNORECASE),
    "openspec": re.compile(
        r"(openspec/changes/(?:archive/)?[^/]+)/(?:.+/)?(?:tasks?\.md|tasks/[^/]+\.md)", re.IGNORECASE
    ),
    "kiro": re.compile(r"(\.kiro/specs/[^/]+)/(?:.+/)?(?:tasks?\.md|tasks/[^/]+\.md)", re.IGNORECASE),
}
_BOX = re.compile(r"[\s>]*(?:(?:[-*+]|\d+[.)])\s+\[(?:[xX]|[^\w\[\]])?\]|(?:[•◦▪‣]\s*|[-*+])\[[xX\s]?\])")
_LINKED = re.compile(r"[\s>]*[^\s\[]+\s*\[[^\s\]]?\][(\[]")
_SIGN = re.compile(r"[\s>]*(?:[-*+•]\s+)?[☐⬜☑☒✅✔]\s")
_NAME = re.compile(r"\bT\d{3,}\b")
_NAMED = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+|\|\s*|#{2,6}\s+)[*`_]*(T\d{3,})\b(?!\s*[-–—]\s*T?\d)")
# What may be a task where nothing of a file is known to be one: items, rows, and headings with a number.
_MAYBE = re.compile(r"\s*(?:[-*+•]\s+\S|\|)|#{2,6}\s+(?:task\s+|step\s+)?\**T?\d", re.IGNORECASE)
_RULE = re.compile(r"[\s|:-]*")
_NUMBERED = re.compile(r"\s*(?:[-*+]\s+)?(?:\d+[.)]|\d+(?:\.\d+)+[.)]?|\**T\d{3,}\b[*:.]*)\s+\S")
_NUMBERED_HEADING = re.compile(r"#{2,4}\s+(?:task\s+)?\d+[.):]?\s+\S", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ID = re.compile(r'"id"\s*:')


def is_task_file(tool: str, path: str) -> bool:
    """Whether a tool keeps tasks in a file."""
    return _pattern(tool).fullmatch(path) is not None


def count(tool: str, files: Mapping[str, bytes]) -> dict[str, int]:
    """Path -> how many tasks it holds, of every file with tasks that counts for its tool."""
    paths = _counting(tool, sorted(path for path in files if is_task_file(tool, path)))
    found = {path: _counted(tool, _text(files[path])) for path in paths}
    return found | {path: boxes for path in _strays(tool, files) if (boxes := _boxes(_text(files[path])))}


def _strays(tool: str, files: Mapping[str, bytes]) -> list[str]:
    """Lists below a folder of the tool that has none where it belongs."""
    pattern = _STRAYS.get(tool)
    matches = [match for path in sorted(files) if pattern and (match := pattern.fullmatch(path))]
    whole = {path.rpartition("/")[0] for path in files if is_task_file(tool, path)}
    return [match[0] for match in matches if match[1] not in whole]


def _boxes(text: str) -> int:
    return sum(1 for line in _outside(text.split("\n")) if _BOX.match(line))


def _counted(tool: str, text: str) -> int:
    try:
        return _COUNTERS.get(tool, _in_list)(text)
    except RecursionError:
        return 1


def _pattern(tool: str) -> re.Pattern[str]:
    return _LISTS.get(tool) or _FILES[tool]


def _counting(tool: str, paths: list[str]) -> list[str]:
    """The files that count where there are an old and a new one."""
    if tool in _LISTS:
        lower = {path.lower() for path in paths}
        return [
            path for path in paths if not path.lower().endswith("/task.md") or f"{path[:-3]}s.md".lower() not in lower
        ]
    if tool == "backlog":
        return [path for path in paths if path.startswith("backlog/")] or paths
    return [path for path in paths if "issues" in path or path.startswith(".taskmaster")][:1] or paths[:1]


def _text(data: bytes) -> str:
    return clean(re.sub(r"\r\n?", "\n", data.decode("utf-8-sig", "replace")))


def _in_list(text: str) -> int:
    """Boxes, wherever they stand, and ids of tasks without one; else numbered lines; else whatever may be a task."""
    return _known(text) or _perhaps(text)


def _in_kiro(text: str) -> int:
    """As in any list; numbered headings come before what may be a task."""
    shown = _shown(text).split("\n")
    return _known(text) or sum(1 for line in _outside(shown) if _NUMBERED_HEADING.match(line)) or _perhaps(text)


def _known(text: str) -> int:
    lines = text.split("\n")
    found = [line for line in lines if (_BOX.match(line) and not _LINKED.match(line)) or _SIGN.match(line)]
    if not found:
        return sum(1 for line in _outside(lines) if _NUMBERED.match(line))
    boxed = {name for line in found for name in _NAME.findall(line)}
    outside = _outside(_shown(text).split("\n"))
    return len(found) + len({match[1] for line in outside if (match := _NAMED.match(line))} - boxed)


def _perhaps(text: str) -> int:
    lines = [line for line in _outside(_shown(text).split("\n")) if _MAYBE.match(line)]
    # The head of a table and the rule below it are no rows.
    rules = sum(2 for line in lines if "|" in line and _RULE.fullmatch(line))
    return max(len(lines) - rules, 0)


def _shown(text: str) -> str:
    """A text without its comments. Behind the last mark that ends one there is none, however many begin."""
    end = text.rfind("-->") + 3 if "-->" in text else 0
    return _COMMENT.sub("", text[:end]) + text[end:]


def _outside(lines: list[str]) -> Iterator[str]:
    """The lines that do not stand in fenced code."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            # Only as many of the same, and nothing behind them, close it.
            fence = "" if mark and mark[1].startswith(fence) and not mark[2].strip() else fence
        elif mark:
            fence = mark[1]
        else:
            yield line


def _in_json(text: str) -> int:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return max(len(_ID.findall(text)), 1)
    odd = not isinstance(value, dict | list)  # something is there, and it is no list of tasks
    return _objects(value) + odd


def _objects(value: object) -> int:
    """The objects that stand in lists."""
    if isinstance(value, dict):
        texts = value.get("subtasks")
        written = sum(isinstance(item, str) for item in texts) if isinstance(texts, list) else 0
        return written + sum(_objects(item) for key, item in value.items() if key not in ("dependencies", "metadata"))
    items = value if isinstance(value, list) else []
    return sum(isinstance(item, dict) + _objects(item) for item in items)


def _in_lines(text: str) -> int:
    return sum(
        1 for line in text.split("\n") if line.strip() and not re.search(r'"status"\s*:\s*"(?i:tombstone)"', line)
    )


_COUNTERS: Mapping[str, Callable[[str], int]] = {
    "kiro": _in_kiro,
    "taskmaster": _in_json,
    "beads": _in_lines,
    "backlog": lambda _: 1,
}
