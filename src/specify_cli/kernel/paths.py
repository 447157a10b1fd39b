"""Where the project is: repository, checkouts and the folder of this clone's own state.

Found by reading git's own small files (`.git`, `commondir`, `HEAD`), so that a reading command starts no process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, command, git_command
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.lazy import load
from specify_cli.kernel.values import frozen

KITTIFY = ".kittify"
SPECS = "kitty-specs"
WORKTREES = ".worktrees"
ROOT_VARIABLE = "SPECIFY_REPO_ROOT"
_ELSEWHERE = ".invalid"  # what HEAD says where references are not in files of their own
_LONGEST_LINE = 16384  # of git's small files, which hold a path or a name


@frozen
class Checkout:
    """One working tree of the repository.

    Args:
        path: its top folder.
        branch: the branch it has checked out; None when detached. While the user rebases: the branch being rebased.
        git_dir: its own git folder.
        busy: the user's own unfinished operation (`merge`, `rebase`, `am`, `cherry-pick`, `revert`, `bisect`), or
            empty.
    """

    path: Path
    branch: str | None
    git_dir: Path
    busy: str = ""


@frozen
class Repository:
    """The project as seen from one folder.

    Args:
        checkout: top folder of the working tree one stands in (without git: the project's folder).
        git_dir: that working tree's git folder; None without git, and in a bare repository without working trees.
        common_dir: the git folder all working trees share; None without git.
        main: the main working tree; None without git and in a bare repository.
    """

    checkout: Path
    git_dir: Path | None
    common_dir: Path | None
    main: Path | None

    @property
    def root(self) -> Path:
        """The main working tree, else the one we stand in; linked worktrees are made below it, never one in another."""
        here = self.main or self.checkout
        while self.main is None and here.parent.name == WORKTREES:
            here = here.parent.parent
        return here

    @property
    def has_git(self) -> bool:
        """Whether the project is in a git repository."""
        return self.common_dir is not None

    @property
    def state(self) -> Path:
        """This clone's own state: journal, locks, leases, merge intents."""
        if self.common_dir is None:
            return self.checkout / KITTIFY / "runtime" / "state"
        return self.common_dir / "spec-kitty"

    def here(self) -> Checkout | None:
        """The working tree we stand in; None without git."""
        return None if self.git_dir is None else _checkout(self.checkout, self.git_dir)

    def checkouts(self) -> tuple[Checkout, ...]:
        """All working trees whose folder exists, the main one first."""
        if self.common_dir is None:
            return ()
        found = [] if self.main is None else [_checkout(self.main, self.common_dir)]
        return (*found, *_linked(self.common_dir))

    def checkout_at(self, path: Path) -> Checkout | None:
        """The working tree of a folder, or None."""
        return next((each for each in self.checkouts() if each.path == path), None)

    def missing(self) -> list[tuple[Checkout, str | None]]:
        """Linked working trees whose folder is not there, and why each is locked; None where it is not."""
        gone = _linked(self.common_dir, there=False) if self.common_dir else ()
        return [(each, files.read_text(each.git_dir / "locked")) for each in gone]

    def away(self) -> list[Checkout]:
        """Those of them that are locked: they may be on a drive that is away."""
        return [each for each, reason in self.missing() if reason is not None]

    def require_git(self) -> Path:
        """The shared git folder.

        Raises:
            Refused: `NOT_A_GIT_REPOSITORY`.
        """
        if self.common_dir is None:
            raise Refused(
                f"{self.checkout} is not in a git repository",
                "NOT_A_GIT_REPOSITORY",
                hint=git_command(self.checkout, "init"),
            )
        return self.common_dir


def at_home(name: str | Path) -> Path:
    """A path with `~` as the home folder; as it is where there is no such user."""
    with suppress(RuntimeError):
        return Path(name).expanduser()
    return Path(name)


def starting_point() -> Path:
    """`SPECIFY_REPO_ROOT`, else the current folder.

    Raises:
        NotFound: `FOLDER_MISSING`.
    """
    given = os.environ.get(ROOT_VARIABLE)
    try:
        start = at_home(given).resolve() if given else Path.cwd()
    except OSError as error:
        raise NotFound("the current folder no longer exists: go to another one", "FOLDER_MISSING") from error
    if not start.is_dir():
        raise NotFound(
            f"{ROOT_VARIABLE}={given} is not a folder", "FOLDER_MISSING", hint=command("unset", ROOT_VARIABLE)
        )
    return start


def discover(start: Path) -> Repository:
    """The repository that a folder belongs to.

    A submodule resolves to its superproject where that is the spec-kitty project and the submodule is not.

    Args:
        start: any folder; one that is in no git repository gives a `Repository` without git, rooted at the
            nearest folder with `.kittify`, else at `start`.
    """
    found = inner = None
    for folder in (start, *start.parents):
        here = _at(folder)
        if here is None or here.common_dir is None:
            continue
        # Only a submodule's git folder lies in its superproject's; ordinary nested repositories stay apart.
        if inner is not None and here.common_dir not in inner.parents:
            break
        is_project = (folder / KITTIFY).is_dir()
        if found is None or is_project:
            found = here
        inner = here.common_dir
        if is_project or "modules" not in inner.parts:
            break
    return found or _without_git(start)


def require_own(worktree: Path) -> None:
    """Make sure that a folder among our linked worktrees belongs to the project's repository.

    An agent may write there: git would follow what it wrote to other settings, and run the programs that they name.

    Raises:
        Refused: `WORKTREE_REDIRECTED`.
    """
    if worktree.parent.name != WORKTREES:
        return
    project = worktree.parent.parent
    main, own = _git_dir(project), _git_dir(worktree)
    if main is None or own is None or own.resolve().parent == (_common_dir(main) / "worktrees").resolve():
        return
    mark, repair = worktree / ".git", git_command(project, "worktree", "repair", worktree)
    if mark.is_dir():
        repair = command("mv", mark, worktree / "other.git").then(*repair.steps[0])
    raise Refused(
        f"{mark} leads to another repository than that of {project}: {own}",
        "WORKTREE_REDIRECTED",
        hint=repair,
        details={"path": str(worktree), "git_dir": str(own)},
    )


def loose_tip(common: Path, branch: str) -> str | None:
    """The commit of a branch whose reference was just written, read from its file; None where it is packed away."""
    found = _first_line(common / "refs" / "heads" / branch)
    return found if found and len(found) >= 40 else None


def plain_branch(common: Path, branch: str) -> str:
    """The branch that a name stands for: git lets a reference stand for another one, and moves that one."""
    for _ in range(5):
        told = None if ".." in branch.split("/") else _first_line(common / "refs" / "heads" / branch)
        if told is None or not told.startswith("ref: refs/heads/"):
            break
        branch = _short(told.removeprefix("ref:").strip())
    return branch


def _without_git(start: Path) -> Repository:
    for folder in (start, *start.parents):
        # The config, not the folder: ~/.kittify holds templates and makes no project of what lies below HOME.
        if (folder / KITTIFY / "config.yaml").is_file():
            return Repository(folder, None, None, None)
    return Repository(start, None, None, None)


def _at(folder: Path) -> Repository | None:
    """The repository whose working tree has its top here, or that lies here itself without one."""
    git_dir = _git_dir(folder)
    if git_dir is None:
        return _bare(folder, folder) if _looks_bare(folder) else None
    common = _common_dir(git_dir)
    if common != git_dir:
        return Repository(folder, git_dir, common, _main_of(common))
    if _core_settings(common).get("bare") == "true":
        return _bare(folder, common)
    return Repository(folder, git_dir, common, folder)


def _looks_bare(folder: Path) -> bool:
    named = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return named and _core_settings(folder).get("bare") == "true"


def _bare(folder: Path, common: Path) -> Repository:
    """A bare repository as seen from its own folder: its first working tree stands for it, where there is one."""
    linked = next(_linked(common), None)
    if linked is None:
        return Repository(folder, None, common, None)
    return Repository(linked.path, linked.git_dir, common, None)


def add_command(folder: object, *paths: object) -> Command:
    """The command that stages files by name; in a sparse checkout those outside of it too, which git refuses else."""
    git_dir = _git_dir(Path(str(folder)))
    sparse = ("--sparse",) if git_dir is not None and (git_dir / "info" / "sparse-checkout").exists() else ()
    return git_command(folder, "add", *sparse, "--", *paths)


def _git_dir(folder: Path) -> Path | None:
    marker = folder / ".git"
    if marker.is_dir():
        return marker if (marker / "HEAD").exists() else None
    try:
        with files.open_regular(marker) as source:
            content = files.decode(source.read(_LONGEST_LINE))
    except OSError:
        return None
    if not content.startswith("gitdir:"):
        return None
    target = Path(os.path.normpath(folder / content[len("gitdir:") :].strip()))
    return target if target.is_dir() else None


def _common_dir(git_dir: Path) -> Path:
    content = _first_line(git_dir / "commondir")
    return git_dir if content is None else Path(os.path.normpath(git_dir / content))


def _main_of(common: Path) -> Path | None:
    """The main working tree of a shared git folder, told by its config; None for a bare repository."""
    settings = _core_settings(common)
    if settings.get("worktree"):
        return Path(os.path.normpath(common / settings["worktree"]))
    if settings.get("bare") == "true" or common.name != ".git":
        return None
    return common.parent


def _core_settings(common: Path) -> dict[str, str]:
    # With settings of its own for each working tree, those of the main one stand apart.
    text = (files.read_text(common / "config") or "") + "\n" + (files.read_text(common / "config.worktree") or "")
    found: dict[str, str] = {}
    section = ""
    for raw in text.split("\n"):
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]").strip().lower()
        elif section == "core" and "=" in line:
            name, _, value = line.partition("=")
            found[name.strip().lower()] = value.strip().strip('"')
    return found


def _linked(common: Path, *, there: bool = True) -> Iterator[Checkout]:
    folder = common / "worktrees"
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        git_dir = folder / name
        pointer = _first_line(git_dir / "gitdir")
        if pointer is None:
            continue
        path = Path(os.path.normpath(git_dir / pointer)).parent
        if path.is_dir() is there:
            yield _checkout(path, git_dir)


def _checkout(path: Path, git_dir: Path) -> Checkout:
    head = _first_line(git_dir / "HEAD") or ""
    branch = _short(head[len("ref:") :].strip()) if head.startswith("ref:") else None
    if branch == _ELSEWHERE:
        branch = _asked(path)
    elif branch is not None:
        branch = plain_branch(_common_dir(git_dir), branch)
    busy = _busy(git_dir)
    if branch is None and busy == "rebase":
        for name in ("rebase-merge", "rebase-apply"):
            rebased = _first_line(git_dir / name / "head-name")
            if rebased and rebased.startswith("refs/heads/"):
                branch = _short(rebased)
    return Checkout(path, branch, git_dir, busy)


def _asked(path: Path) -> str | None:
    """The branch of a working tree whose references are in a format that only git reads."""
    done = load("specify_cli.kernel.git_run:GitRun")(path).call("symbolic-ref", "--quiet", "HEAD")
    return _short(done.out.strip()) if done.code == 0 else None


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


def _busy(git_dir: Path) -> str:
    marks = {
        "rebase-merge": "rebase",
        "rebase-apply/applying": "am",
        "rebase-apply": "rebase",
        "MERGE_HEAD": "merge",
        "CHERRY_PICK_HEAD": "cherry-pick",
        "REVERT_HEAD": "revert",
        "BISECT_LOG": "bisect",
    }
    return next((name for mark, name in marks.items() if (git_dir / mark).exists()), "")


def _first_line(path: Path) -> str | None:
    try:
        with files.open_regular(path) as source:
            return files.decode(source.readline(_LONGEST_LINE)).strip()
    except OSError:
        return None
