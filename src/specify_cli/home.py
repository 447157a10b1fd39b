"""Where a mission's documents and logs are.

The home of a mission is the checkout that has its target branch checked out: only there are documents written.
Without one they are read from the tip of the target branch. The live log is this clone's journal, out of the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.legacy import LANE_FOLDERS
from specify_cli.kernel.paths import KITTIFY, SPECS, WORKTREES, Checkout, Repository
from specify_cli.kernel.values import frozen

TASKS = "tasks"
_HOME_BRANCH = "mission/"
PROMPT = re.compile(r"(WP\d{2,})(?:-[^/]*)?\.md")


def prompt_id(name: str) -> str:
    """The work package that a file's name says it is the prompt of; empty where it is none."""
    match = PROMPT.fullmatch(name.rpartition("/")[2])
    return match[1] if match else ""


def prompt_names(names_in: Callable[[str], Sequence[str]]) -> list[str]:
    """The prompts of a mission, by their names: `tasks/WP01-clock.md`.

    Older versions kept them in folders named after lanes; one that was moved up does not count twice.

    Args:
        names_in: what stands in a folder of the mission; folders end in a slash.
    """
    names = names_in(TASKS)
    found = [name for name in names if prompt_id(name)]
    flat = {prompt_id(name) for name in found}
    for folder in (each for each in LANE_FOLDERS if f"{each}/" in names):
        found += [f"{folder}/{name}" for name in names_in(f"{TASKS}/{folder}") if prompt_id(name) not in {"", *flat}]
    return [f"{TASKS}/{name}" for name in sorted(found, key=lambda name: name.rpartition("/")[2])]


def home_of(repo: Repository, target_branch: str) -> Checkout | None:
    """The checkout that has a branch checked out, or None."""
    return next((checkout for checkout in repo.checkouts() if checkout.branch == target_branch), None)


@frozen
class MissionPlace:
    """One mission and where everything of it is.

    Args:
        repo: the repository as seen from where we stand.
        slug: `NNN-slug`, the folder's name.
        mission_id: its ULID; None for a mission older than mission ids.
        target_branch: the branch its work is merged into.
        home: the checkout that has it checked out, or None.
        meta: its meta.json as it was read.
    """

    repo: Repository
    slug: str
    mission_id: str | None
    target_branch: str
    home: Checkout | None
    meta: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the mission's journal, locks and leases: the id, or the slug where there is none."""
        return self.mission_id or self.slug

    @property
    def is_tiny(self) -> bool:
        """Whether one document, `mission.md`, stands for all that is planned."""
        return self.meta.get("size") == "tiny"

    @property
    def relative(self) -> str:
        """The mission's folder below a checkout, POSIX."""
        return f"{SPECS}/{self.slug}"

    @property
    def git(self) -> Git:
        """Git in the home, else in the checkout we stand in."""
        return Git(self.home.path if self.home else self.repo.checkout)

    @property
    def feature_dir(self) -> Path:
        """The mission's folder in its home.

        Raises:
            Refused: `TARGET_NOT_CHECKED_OUT`.
        """
        if self.home is not None:
            return self.home.path / SPECS / self.slug
        if not self.repo.has_git:
            return self.repo.checkout / SPECS / self.slug
        raise Refused(
            f"mission {self.slug} writes its documents on branch {self.target_branch}, which no checkout has",
            "TARGET_NOT_CHECKED_OUT",
            hint=self.way_home,
            details={"target_branch": self.target_branch},
        )

    @property
    def has_target(self) -> bool:
        """Whether this clone has the target branch."""
        return self.home is not None or self.git.branch_tip(self.target_branch) is not None

    @property
    def way_home(self) -> Command:
        """The command after which a checkout has the target branch, were it renamed, deleted or never fetched."""
        if self.has_target and mission_of_branch(self.target_branch) == self.slug:
            # Its home is a worktree of its own; a folder that is gone may still be registered.
            path = home_path(self.repo, self.slug)
            return git_command(self.repo.root, "worktree", "add", "--force", path, self.target_branch)
        if self.has_target:
            return git_command(self.repo.root, "switch", self.target_branch)
        first = next(iter(self.repo.checkouts()), None)
        if first is not None and (first.path / self.relative).is_dir():
            return git_command(first.path, "switch", "-c", self.target_branch)
        return git_command(self.repo.root, "fetch", "origin", f"{self.target_branch}:{self.target_branch}")

    @property
    def folder(self) -> Path | None:
        """The mission's folder on disk, or None without a home."""
        return None if self.home is None and self.repo.has_git else self.feature_dir

    @property
    def shown(self) -> Path:
        """The mission's folder for messages and answers: where it is, or where it will be once it has a home."""
        return self.folder if self.folder is not None else self.repo.root / self.relative

    @property
    def state(self) -> Path:
        """This clone's own state."""
        return self.repo.state

    @property
    def journal(self) -> Path:
        """The live status log of this clone."""
        return self.state / "journal" / f"{self.key}.jsonl"

    @property
    def mission_journal(self) -> Path:
        """The live mission log of this clone."""
        return self.state / "journal" / f"{self.key}.mission.jsonl"

    @property
    def lock(self) -> Path:
        """The lock that every write to the mission's logs holds."""
        return self.state / "locks" / f"{self.key}.lock"

    @property
    def runtime(self) -> Path:
        """Where prompts and failure logs of this mission's checkout go; the caller makes it ignored."""
        if self.home is not None:
            return self.home.path / KITTIFY / "runtime"
        if not self.repo.has_git:
            return self.repo.checkout / KITTIFY / "runtime"
        return self.state / "runtime"

    def read_bytes(self, name: str) -> bytes | None:
        """A document of the mission: on disk in the home, else at the target branch's tip; None if absent.

        Raises:
            Refused: `SYMLINK_REFUSED`: a link leads out of the checkout.
        """
        if self.folder is not None:
            files.refuse_links(self.folder.parent.parent, self.folder / name)
            return files.read_bytes(self.folder / name)
        return self.git.show_bytes(f"refs/heads/{self.target_branch}:{self.relative}/{name}")

    def read(self, name: str) -> str | None:
        """A document as text, any line ending read as a newline; None if absent."""
        data = self.read_bytes(name)
        return None if data is None else files.decode(data)

    def read_many(self, names: Sequence[str]) -> dict[str, str | None]:
        """As `read` for many documents; from the target branch's tip in one process."""
        found = self.read_many_bytes(names)
        return {name: None if data is None else files.decode(data) for name, data in found.items()}

    def read_many_bytes(self, names: Sequence[str]) -> dict[str, bytes | None]:
        """As `read_bytes` for many documents; from the target branch's tip in one process."""
        if self.folder is not None or not names:
            return {name: self.read_bytes(name) for name in names}
        tip = f"refs/heads/{self.target_branch}:{self.relative}"
        return dict(zip(names, self.git.show_many([f"{tip}/{name}" for name in names]), strict=True))

    def names(self, folder: str = "") -> list[str]:
        """Names directly below a folder of the mission, sorted; folders end in a slash."""
        if self.folder is None:
            where = f"{self.relative}/{folder}".rstrip("/")
            return sorted(self.git.names_in(f"refs/heads/{self.target_branch}", where))
        place = self.folder / folder
        if not place.is_dir():
            return []
        return sorted(entry.name + ("/" if entry.is_dir() else "") for entry in place.iterdir())

    def prompts(self) -> list[str]:
        """Names of the work packages' prompts; see `prompt_names`."""
        return prompt_names(self.names)

    def where(self, name: str) -> str:
        """A document's name for messages: its path below the checkout."""
        return f"{self.relative}/{name}"


def runtime_folder(place: MissionPlace, *below: str) -> Path:
    """Make the folder of a mission's prompts or logs, ignored by git.

    Raises:
        Refused: `SYMLINK_REFUSED`: a link leads out of the checkout.
    """
    folder = place.runtime.joinpath(*below)
    if place.runtime.is_relative_to(place.state):
        files.make_private(folder)
    else:
        files.refuse_links(place.runtime.parent.parent, folder)
        files.make_ignored(place.runtime)
        files.make_folder(folder)
    return folder


def worktrees_folder(repo: Repository) -> Path:
    """Make the folder of our worktrees, ignored by git.

    Raises:
        Refused: `SYMLINK_REFUSED`: it is a link that leads out of the project.
    """
    folder = repo.root / WORKTREES
    files.refuse_links(repo.root, folder)
    files.make_ignored(folder)
    return folder


def home_branch(slug: str) -> str:
    """The branch of a mission that gets one of its own."""
    return f"{_HOME_BRANCH}{slug}"


def mission_of_branch(branch: str) -> str | None:
    """The mission that such a branch is named after, or None."""
    return branch.removeprefix(_HOME_BRANCH) if branch.startswith(_HOME_BRANCH) else None


def home_path(repo: Repository, slug: str) -> Path:
    """Where the worktree of that branch is made."""
    return repo.root / WORKTREES / f"{slug}-home"
