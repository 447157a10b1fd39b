"""Conflict markers that a change brought into files.

A marker counts where all of a conflict is there, its beginning, its middle and its end, or where the half that is left
bears a name that git gave it. What stood in the files before the change, or was moved as it was, is nobody's fault.
A file whose attribute `conflict-marker-size` says another length may show the usual ones as text, as git has it; an
attribute that comes with the change itself says nothing of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.git import Git
from specify_cli.kernel.text import number_of, plural
from specify_cli.kernel.values import frozen
from specify_cli.workspaces.forecast_models import Forecast, LaneTip, Outcome
from specify_cli.workspaces.records import lane_path

USUAL = 7  # characters
SHOW = "^(<<<<<<<|=======|>>>>>>>)( |$)"
_TOUCHED = "^(<{7}|>{7})"
# Names that git itself writes behind half a conflict: HEAD, a stash, a commit, a branch of ours.
_GITS_OWN = re.compile(rb"HEAD|Updated upstream|Stashed changes|[0-9a-f]{7,64}\b.*|(refs/heads/)?kitty/mission-.*")


@frozen
class Block:
    """A conflict that is left in a file.

    Args:
        line: where it begins, counted from 1.
        ends: its first and its last line.
        text: all of it.
    """

    line: int
    ends: tuple[bytes, bytes]
    text: bytes


@frozen
class Marked:
    """A file into which conflict markers were brought.

    Args:
        lines: where they begin.
        lane_id: the lane that brought them; empty where it was none.
        wps: the work packages of that lane.
        worktree: where they can be mended.
    """

    path: str
    lines: tuple[int, ...]
    lane_id: str = ""
    wps: tuple[str, ...] = ()
    worktree: str = ""

    @property
    def what(self) -> str:
        """What is wrong, one clause."""
        number, more = self.lines[0], len(self.lines) - 1
        also = f" and {plural(more, 'more place')}" if more else ""
        who = f", from {self.lane_id} ({', '.join(self.wps)})" if self.lane_id else ""
        return f"{self.path}:{number}{also}: conflict markers are left{who}"

    @property
    def look(self) -> Command:
        """The command that shows them."""
        return git_command(self.worktree, "grep", "-nE", SHOW, "--", self.path)


def blocks(data: bytes, size: int = USUAL) -> Iterator[Block]:
    """The conflicts that are left in a text (pure).

    Args:
        size: how many characters a marker has.
    """
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    begun: int | None = None
    halved = False
    for at, line in enumerate(lines):
        if _is_marker(line, b"<", size):
            if begun is not None and _is_gits_own(lines[begun], size):
                yield _block(lines, begun, begun)
            begun, halved = at, False
        elif line == b"=" * size and begun is not None:
            halved = True
        elif _is_marker(line, b">", size):
            if begun is not None and halved:
                yield _block(lines, begun, at)
            elif _is_gits_own(line, size):
                yield _block(lines, at, at)
            begun = None
    if begun is not None and _is_gits_own(lines[begun], size):
        yield _block(lines, begun, begun)


def brought(
    git: Git, before: Sequence[str], after: str | None, *paths: str, outside: str = "", rules: str | None = None
) -> dict[str, list[int]]:
    """File -> lines of the conflict markers that a change brought.

    Args:
        before: commits or trees that the change started from; what one of them had already is not looked at.
        after: the commit or tree with the change; None for what is staged.
        paths: git path patterns to look at; all, where none is given.
        outside: a folder that is left out.
        rules: the commit or tree whose attributes say how long markers are in files that show some as text; the first
            of `before` where none is given.
    """
    touched = git.files_with_changed_lines(_TOUCHED, before[0], after, *paths)
    named = [path for path in touched if not (outside and path.startswith(f"{outside}/"))]
    if not named:
        return {}
    # Where the change says another length, git writes markers of that length, and only there.
    sizes = [git.attribute("conflict-marker-size", each, named) for each in (rules or before[0], after)]
    new = _blocks_of(git, after, named, sizes)
    old = [_blocks_of(git, each, named, sizes) for each in before]
    added: list[tuple[str, Block]] = []
    spare = Counter[bytes]()
    for path, listed in new.items():
        known = Counter[tuple[bytes, bytes]]()
        for side in old:
            known |= Counter(block.ends for block in side.get(path, ()))
        for block in listed:
            if known[block.ends] > 0:
                known[block.ends] -= 1
            else:
                added.append((path, block))
    for side in old:
        for path, listed in side.items():
            kept = {block.ends for block in new.get(path, ())}
            spare.update(block.text for block in listed if block.ends not in kept)
    found: dict[str, list[int]] = {}
    for path, block in added:
        if spare[block.text] > 0:
            spare[block.text] -= 1  # the very same text was moved here from a file that does not have it any more
        else:
            found.setdefault(path, []).append(block.line)
    return found


def in_forecast(place: MissionPlace, forecast: Forecast, git: Git | None = None) -> tuple[Marked, ...]:
    """Files with conflict markers that merging a mission would bring into its target, each with the lane they are from.

    Args:
        git: that which has the objects of the forecast.
    """
    git, folder = git or place.git, place.relative
    found = dict(brought(git, [forecast.target], forecast.tree, outside=folder))
    lanes = {lane.lane_id: lane for lane in forecast.code_lanes if lane.tip}
    for step in forecast.steps:
        # What is in conflict is not in the forecast's tree.
        if step.outcome is Outcome.CONFLICT and step.name in lanes:
            base = git.merge_base(step.ours, step.theirs)
            more = brought(
                git, [*([base] if base else []), step.ours], step.theirs, outside=folder, rules=forecast.target
            )
            found |= {path: lines for path, lines in more.items() if path not in found}
    return tuple(_from_lane(place, git, list(lanes.values()), path, lines) for path, lines in found.items())


def _from_lane(place: MissionPlace, git: Git, lanes: Sequence[LaneTip], path: str, lines: list[int]) -> Marked:
    contents = git.show_many([f"{lane.tip}:{path}" for lane in lanes])
    for lane, data in zip(lanes, contents, strict=True):
        if data is not None and any(blocks(data)):
            tree = lane.record.path if lane.record else lane_path(place, lane.lane_id)
            return Marked(path, tuple(lines), lane.lane_id, lane.wp_ids, str(tree))
    return Marked(path, tuple(lines), worktree=str(place.git.root))


def _blocks_of(
    git: Git, revision: str | None, paths: Sequence[str], sizes: Sequence[Mapping[str, str]]
) -> dict[str, list[Block]]:
    found = {}
    for path, data in zip(paths, git.show_many([f"{revision or ''}:{path}" for path in paths]), strict=True):
        if data is not None:
            ruled, *more = (_length(said.get(path, "")) for said in sizes)
            lengths = dict.fromkeys([ruled or USUAL, *filter(None, more)])
            found[path] = [block for length in lengths for block in blocks(data, length)]
    return found


def _length(size: str) -> int | None:
    return number_of(size) if size.isdecimal() and number_of(size) > 0 else None


def _is_marker(line: bytes, sign: bytes, size: int) -> bool:
    return line.startswith(sign * size) and line[size : size + 1] in (b"", b" ")


def _is_gits_own(line: bytes, size: int) -> bool:
    return _GITS_OWN.fullmatch(line[size:].strip()) is not None


def _block(lines: Sequence[bytes], first: int, last: int) -> Block:
    return Block(first + 1, (lines[first], lines[last]), b"\n".join(lines[first : last + 1]))
