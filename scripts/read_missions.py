"""Compare, work package by work package, what `spec-kitty status` says with a plain fold of each mission's log.

    python -m scripts.read_missions PATH [--mission SLUG]…

For whoever has a checkout of a project with many missions, old ones too. Nothing is written. The fold below is written
from the rules alone (docs/reference/files-and-formats.md) and shares no code with the program. Every difference is a
line; the exit code is 1 where there is one, or where a mission is not read.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]
Lanes = dict[str, str]

SPECS = "kitty-specs"
LOG = "status.events.jsonl"
LANES = frozenset(
    {"planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done", "blocked", "canceled"}
)
OTHER_NAMES = {"doing": "in_progress", "genesis": "planned"}
_PROMPT = re.compile(r"(?:^|/)(WP\d{2,})(?:-[^/]*)?\.md$")
_IN_HEADER = re.compile(r"^lane:[ \t]*[\"']?(\w+)", re.MULTILINE)
_FAR_BACK = datetime.min.replace(tzinfo=UTC)


# -- the plain fold ------------------------------------------------------------------------------------------------


def events_in(lines: Iterable[str], mission_id: str | None) -> Iterator[Event]:
    """The moves of a log: objects with a work package and a lane; those of another mission and broken lines are not."""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("wp_id"), str) and lane(entry.get("to_lane")):
            owner = entry.get("mission_id")
            if not isinstance(owner, str) or mission_id in (None, owner):
                yield entry


def lane(name: object) -> str | None:
    """A lane by today's name; None where there is none."""
    known = OTHER_NAMES.get(name, name) if isinstance(name, str) else None
    return known if known in LANES else None


def fold(events: Iterable[Event]) -> Lanes:
    """Work package -> lane, after all moves in the order of their time and id, each id once."""
    lanes: Lanes = {}
    last: dict[str, object] = {}
    introduced: dict[str, set[object]] = {}
    for event in sorted({str(each.get("event_id")): each for each in events}.values(), key=_order):
        wp_id, prev = event["wp_id"], event.get("prev")
        alike = introduced.setdefault(wp_id, set())
        follows = prev == last.get(wp_id) or (prev in alike and last.get(wp_id) in alike)
        if prev is not None and wp_id in last and not event.get("force") and not follows:
            continue  # somebody else's move came first
        if event.get("actor") == "finalize-tasks" and event.get("from_lane") == event.get("to_lane"):
            alike.add(event.get("event_id"))
        lanes[wp_id], last[wp_id] = lane(event["to_lane"]) or "", event.get("event_id")
    return lanes


def _order(event: Event) -> tuple[datetime, bool, str]:
    """When; at one instant what a reviewer sends back comes last; then the id."""
    source, target = lane(event.get("from_lane")), lane(event["to_lane"])
    back = source in ("for_review", "in_review", "approved") and target in ("planned", "in_progress")
    return _moment(event.get("at")), bool(event.get("review_ref")) and back, str(event.get("event_id"))


def _moment(text: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return _FAR_BACK
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# -- where a mission is --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a mission, where the program says that it read it.

    Args:
        project: the checkout.
        slug: its name.
        path: the checkout that it is in; None where it is in a branch.
        ref: that branch.
    """

    project: Path
    slug: str
    path: Path | None
    ref: str

    def names(self) -> list[str]:
        """Names of all its files."""
        if self.path is not None:
            folder = self.path / SPECS / self.slug
            return [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()]
        below = f"{SPECS}/{self.slug}"
        listed = _git(self.project, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.ref, "--", f"{below}/")
        return [name.removeprefix(f"{below}/") for name in listed.split("\0") if name]

    def text(self, name: str) -> str:
        """A file of it; empty where there is none."""
        if self.path is None:
            return _git(self.project, "cat-file", "blob", f"{self.ref}:{SPECS}/{self.slug}/{name}")
        try:
            return (self.path / SPECS / self.slug / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def lanes(self) -> Lanes:
        """Every work package of the plan and of the log, and its lane."""
        prompts = {match[1]: name for name in self.names() if (match := _PROMPT.search(name)) and "tasks/" in name}
        try:
            mission_id = json.loads(self.text("meta.json")).get("mission_id")
        except (ValueError, AttributeError):
            mission_id = None
        journal = _journal(self.project, mission_id or self.slug)
        found = fold(events_in([*self.text(LOG).split("\n"), *journal], mission_id))
        for wp_id, name in prompts.items():
            found.setdefault(wp_id, "planned" if mission_id else self._without_event(name))
        return found

    def _without_event(self, prompt: str) -> str:
        """Versions before the log kept the lane in the prompt's folder, or in its header."""
        folder = prompt.split("/")[-2]
        match = _IN_HEADER.search(self.text(prompt).partition("\n---")[0])
        return lane(folder) or (lane(match[1]) if match else None) or "planned"


def _journal(project: Path, key: str) -> list[str]:
    common = _git(project, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    path = Path(common) / "spec-kitty" / "journal" / f"{key}.jsonl"
    return path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []


def _git(project: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=project, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


# -- the comparison ------------------------------------------------------------------------------------------------


def ask(project: Path, slug: str) -> tuple[int, dict[str, Any]]:
    """What the program says of a mission: exit code and answer."""
    words = [sys.executable, "-m", "specify_cli", "status", "--mission", slug, "--json"]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    try:
        return done.returncode, dict(json.loads(done.stdout))
    except ValueError:
        return done.returncode, {"error_code": "NO_ANSWER", "error": (done.stderr or done.stdout).strip()}


def differences(slug: str, board: Mapping[str, Any], lanes: Lanes) -> list[str]:
    """Where an answer and a plain fold say different things of a mission."""
    told = {each["id"]: each["lane"] for each in board["work_packages"]}
    listed = Counter(wp_id for ids in board["by_lane"].values() for wp_id in ids)
    found = [
        f"{slug} {wp_id}: status says {told.get(wp_id, 'nothing')}, the log {lanes.get(wp_id, 'nothing')}"
        for wp_id in sorted({*told, *lanes})
        if told.get(wp_id) != lanes.get(wp_id)
    ]
    if listed != Counter(told.keys()) or board["total_wps"] != len(told):
        found.append(f"{slug}: {board['total_wps']} in total, {len(told)} listed, {listed.total()} in lanes")
    return found


def missions(project: Path) -> list[str]:
    """Names of the mission folders of a checkout."""
    folder = project / SPECS
    names = [each.name for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
    return sorted(name for name in names if not name.startswith("."))


def compare(project: Path, slugs: Sequence[str]) -> tuple[int, list[str]]:
    """How many work packages were compared, and every difference."""
    count, found = 0, []
    for slug in slugs:
        code, board = ask(project, slug)
        if code != 0:
            found.append(f"{slug}: not read, {board.get('error_code')}: {board.get('error')}")
            continue
        source = board["read_from"]
        path = Path(source["path"]) if source["path"] else None
        ref = f"refs/{'remotes' if source['source'] == 'remote' else 'heads'}/{source['ref']}"
        lanes = Folder(project, slug, path, ref).lanes()
        count += len(lanes)
        found += differences(slug, board, lanes)
    return count, found


def main(words: Sequence[str] | None = None) -> int:
    """Compare the missions of a checkout and print what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path, help="a checkout of the project")
    parser.add_argument("--mission", action="append", metavar="SLUG", help="only this one; may be repeated")
    given = parser.parse_args(words)
    project = given.path.resolve()
    slugs = given.mission or missions(project)
    count, found = compare(project, slugs)
    for line in found:
        print(line)
    print(f"{len(slugs)} missions, {count} work packages, {len(found)} differences")
    return 1 if found or not slugs else 0


if __name__ == "__main__":
    raise SystemExit(main())
