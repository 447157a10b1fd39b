"""The change that a review is about, raw: nothing that the change itself says of its files hides a part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from specify_cli.kernel.commands import command
from specify_cli.kernel.git import Git
from specify_cli.kernel.git_read import RAW_DIFF, FileChange
from specify_cli.kernel.text import escaped, one_line, visible
from specify_cli.kernel.values import frozen, replace

# Files that decide how git, hooks and continuous integration treat all others.
_DECIDING = (
    ".gitattributes", ".gitmodules", ".pre-commit-config.y*ml", "lefthook.y*ml", ".lefthook.y*ml",
    ".gitlab-ci.yml", ".travis.yml", ".drone.yml", ".woodpecker.y*ml", ".cirrus.yml", "appveyor.yml", ".appveyor.yml",
    "azure-pipelines*.yml", "bitbucket-pipelines.yml", "cloudbuild.y*ml", "Jenkinsfile*", "buildspec.yml",
)  # fmt: skip
_DECIDING_FOLDERS = (
    ".github/workflows", ".github/actions", ".gitea/workflows", ".forgejo/workflows", ".circleci", ".buildkite",
    ".woodpecker", ".semaphore", ".teamcity", ".ci", ".husky", ".githooks", ".hooks", ".lefthook", ".kittify",
)  # fmt: skip
_LOOK = 8000  # as many bytes git looks at, to tell text from other content
_LARGEST = 4_000_000  # bytes of a file that is shown
_SUBMODULE, _LINK, _NOTHING = "160000", "120000", "000000"
_KINDS = {_SUBMODULE: "submodule", _LINK: "link", "100755": "executable", "100644": "file"}
_CHUNK = re.compile(r"^(?=diff --git )", re.MULTILINE)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]+")


@frozen
class Part:
    """One file of a change.

    Args:
        change: what git's objects say.
        patch: its part of the patch; empty where it is not shown.
        added, removed: lines.
        hidden: sizes and ids, of a file that is no text or too large to be shown.
    """

    change: FileChange
    patch: str = ""
    added: int = 0
    removed: int = 0
    hidden: str = ""

    @property
    def decides(self) -> bool:
        """Whether it decides how git, hooks or continuous integration treat other files."""
        return any(map(_decides, filter(None, (self.change.path, self.change.old_path))))

    def __str__(self) -> str:
        """One line of the summary."""
        change = self.change
        before = "" if change.old_path is None else f"{one_line(change.old_path)} => "
        words = [change.state[0], before + one_line(change.path)]
        if change.old_path is not None:
            words.append(f"(renamed, {int(change.state[1:])} % alike)")
        if _SUBMODULE in (change.old_mode, change.new_mode):
            words.append(f"submodule {change.old_id[:12]} -> {change.new_id[:12]}")
        elif self.hidden:
            words.append(self.hidden)
        else:
            words.append(f"+{self.added} -{self.removed}")
        if change.old_mode != change.new_mode and _NOTHING not in (change.old_mode, change.new_mode):
            words.append(f"{_kind(change.old_mode)} -> {_kind(change.new_mode)}")
        elif (mode := change.new_mode) in (_LINK, "100755") and change.old_mode == _NOTHING:
            words.append(_kind(mode))
        return " ".join(words)


@frozen
class ChangeSet:
    """All that differs between two commits, what decides over other files first.

    Args:
        base, head: the commits.
        scope: patterns of git that it is limited to; everything without any.
    """

    base: str
    head: str
    parts: tuple[Part, ...]
    scope: tuple[str, ...] = ()

    @property
    def paths(self) -> list[str]:
        """Every path that is touched, those that were left by a rename too."""
        return [path for part in self.parts for path in (part.change.old_path, part.change.path) if path is not None]

    @property
    def patch(self) -> str:
        """The patch of what is text."""
        return "".join(part.patch for part in self.parts)

    @property
    def deciding(self) -> list[Part]:
        """Parts that decide how git, hooks or continuous integration treat other files."""
        return [part for part in self.parts if part.decides]

    def summary(self) -> str:
        """A line for every file, and how many there are."""
        if not self.parts:
            return ""
        added, removed = sum(part.added for part in self.parts), sum(part.removed for part in self.parts)
        total = f"{len(self.parts)} {'file' if len(self.parts) == 1 else 'files'}, +{added} -{removed} lines"
        return "\n".join([*map(str, self.parts), total])

    def command(self, folder: Path) -> str:
        """The git command that shows the same patch; files that are not shown are left out by it too."""
        words = ["git", "--no-replace-objects", "-C", str(folder), "diff", *RAW_DIFF, self.base[:12], self.head[:12]]
        left_out = _left_out(self.parts)
        if self.scope or left_out:
            words += ["--", *(self.scope or (["."] if left_out else [])), *left_out]
        return command(*words)


def read_change(git: Git, base: str, head: str, scope: Sequence[str] = ()) -> ChangeSet:
    """What differs between two commits; git is asked in a way that no attribute and no setting can answer for it.

    Args:
        git: in a folder of the repository.
        base, head: the commits.
        scope: patterns that limit it.
    """
    files = git.file_changes(base, head, *scope)
    told = _not_shown(git, files)
    shown, around = files, tuple(scope)
    if told:
        names = [name for each in told for name in (each.old_path, each.path) if name is not None]
        around = (*(scope or (".",)), *(f":(top,exclude,literal){name}" for name in names))
        shown = git.file_changes(base, head, *around)
    parts = [Part(each, hidden=said) for each, said in told.items()]
    parts += _with_patch(shown, git.patch(base, head, *around) if shown else "")
    in_order = sorted(parts, key=lambda part: (not part.decides, part.change.path))
    return ChangeSet(base, head, tuple(in_order), tuple(scope))


def _decides(path: str) -> bool:
    name = path.rpartition("/")[2]
    below = f"/{path.rpartition('/')[0]}/"
    named = any(fnmatch(name, each) for each in _DECIDING)
    return named or below.startswith("/hooks/") or any(f"/{each}/" in below for each in _DECIDING_FOLDERS)


def _not_shown(git: Git, files: Sequence[FileChange]) -> dict[FileChange, str]:
    """The files that are no text, or too large, with their sizes and ids."""
    ids = {name for each in files for name in _contents_of(each)}
    known = git.contents(ids, _LARGEST) if ids else {}
    found = {}
    for each in files:
        sides = [known[name] for name in _contents_of(each) if name in known]
        large = any(content is None for _, content in sides)
        if large or any(content is not None and not is_text(content) for _, content in sides):
            was, now = (_side(known, name) for name in (each.old_id, each.new_id))
            same = " (the same content)" if each.old_id == each.new_id else ""
            found[each] = f"{'too large to be shown' if large else 'binary'}, {was} -> {now}{same}"
    return found


def _contents_of(change: FileChange) -> list[str]:
    """The ids of its contents; a submodule's are commits of another repository."""
    sides = ((change.old_mode, change.old_id), (change.new_mode, change.new_id))
    return [name for mode, name in sides if mode not in (_SUBMODULE, _NOTHING)]


def _side(known: dict[str, tuple[int, bytes | None]], name: str) -> str:
    return f"{known[name][0]:,} bytes {name[:12]}" if name in known else "nothing"


def _kind(mode: str) -> str:
    return _KINDS.get(mode, f"mode {mode}")


def is_text(content: bytes) -> bool:
    """Whether content can be read; a zero byte alone does not keep a file of words from being shown."""
    start = content[:_LOOK]
    if b"\0" not in start:
        return True
    odd = sum(byte < 9 or 13 < byte < 27 for byte in start)
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4 or len(content) <= _LOOK:
            return False
    return odd * 20 < len(start)


def _with_patch(files: Sequence[FileChange], patch: str) -> list[Part]:
    """Files with their parts of a patch, which come in the same order; another kind of file has two."""
    chunks = iter([chunk for chunk in _CHUNK.split(patch) if chunk])
    found = []
    for each in files:
        text = next(chunks, "") + (next(chunks, "") if each.state[0] == "T" else "")
        found.append(_counted(Part(each, text)))
    return found


def _counted(part: Part) -> Part:
    """The lines counted, and every character that would not be seen made visible."""
    added = removed = 0
    inside = False
    body = []
    for line in part.patch.split("\n"):
        inside = line.startswith("@@ ") or (inside and not line.startswith("diff --git "))
        if inside and line[:1] in ("+", "-", " "):
            added += line[0] == "+"
            removed += line[0] == "-"
            body.append(line)
    # Line ends of Windows are only told where a change touches them.
    windows = bool(body) and all(line.endswith("\r") for line in body)
    text = visible(part.patch) if windows else visible(part.patch.replace("\r", escaped("\r")))
    return replace(part, patch=text, added=added, removed=removed)


def _left_out(parts: Sequence[Part]) -> list[str]:
    """Patterns that leave out just the files that are not shown: by their endings where no other file has the same."""
    names = [name for part in parts if part.hidden for name in (part.change.old_path, part.change.path) if name]
    kept = {PurePosixPath(part.change.path).suffix for part in parts if not part.hidden}
    kept |= {PurePosixPath(part.change.old_path).suffix for part in parts if not part.hidden and part.change.old_path}
    found = []
    for name in names:
        suffix = PurePosixPath(name).suffix
        by_suffix = _SUFFIX.fullmatch(suffix) and suffix not in kept
        found.append(f":(top,exclude,glob)**/*{suffix}" if by_suffix else f":(top,exclude,literal){name}")
    return list(dict.fromkeys(found))
