"""Where a mission's documents and logs are.

The home of a mission is the checkout that has its target branch checked out: only there are documents written.
Without one they are read from the tip of the target branch. Where neither holds the mission, they are read from the tip
of the target's remote-tracking branch, else from the checkout one stands in; then they are only for reading. The live
log is this clone's journal, out of the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from functools import cache
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.legacy import LANE_FOLDERS
from specify_cli.kernel.paths import KITTIFY, SPECS, WORKTREES, Checkout, Repository, plain_branch
from specify_cli.kernel.values import frozen

TASKS = "tasks"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
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
    if repo.common_dir is not None:
        target_branch = plain_branch(repo.common_dir, target_branch)
    return next((checkout for checkout in repo.checkouts() if checkout.branch == target_branch), None)


class Kind(StrEnum):
    """What kind of place documents are read from, in the order in which they are looked for."""

    HOME = "home"
    TARGET = "target"
    REMOTE = "remote"
    CHECKOUT = "checkout"


@frozen
class Source:
    """Where the documents of a mission are read.

    Args:
        kind: what kind of place it is.
        ref: the branch, or the remote-tracking branch, as git shortens it; of a detached HEAD the commit; empty outside
            git.
        path: the checkout; None where they are read from the tip of a branch.
    """

    kind: Kind
    ref: str
    path: Path | None = None

    @property
    def revision(self) -> str:
        """The branch's full name, or the commit."""
        if self.is_detached:
            return self.ref
        return f"refs/{'remotes' if self.kind is Kind.REMOTE else 'heads'}/{self.ref}"

    @property
    def is_detached(self) -> bool:
        """Whether the checkout is on no branch."""
        return self.kind is Kind.CHECKOUT and _COMMIT.fullmatch(self.ref) is not None

    @property
    def only_for_reading(self) -> bool:
        """Whether nothing of the mission may be changed: what is read may be old, or of the wrong branch."""
        return self.kind in (Kind.REMOTE, Kind.CHECKOUT)

    def __str__(self) -> str:
        if self.path is not None:
            return f"{self.path}" + (f" (branch {self.ref})" if self.ref and not self.is_detached else "")
        return f"{'remote-tracking ' if self.kind is Kind.REMOTE else ''}branch {self.ref}"

    def to_dict(self) -> dict[str, str | None]:
        """The shape of `read_from` in JSON."""
        path = None if self.path is None else str(self.path)
        return {"source": self.kind.value, "ref": self.ref or None, "path": path}


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
        elsewhere: where its documents are read, where that is neither the home nor, without one, the target's tip.
    """

    repo: Repository
    slug: str
    mission_id: str | None
    target_branch: str
    home: Checkout | None
    meta: Mapping[str, object] = field(default_factory=dict)
    elsewhere: Source | None = None

    @property
    def source(self) -> Source:
        """Where its documents are read."""
        if self.elsewhere is not None:
            return self.elsewhere
        if self.home is not None:
            return Source(Kind.HOME, self.home.branch or "", self.home.path)
        if not self.repo.has_git:
            return Source(Kind.HOME, "", self.repo.checkout)
        return Source(Kind.TARGET, self.target_branch)

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
        folder = self.folder
        if folder is None:
            raise self.refusal()
        return folder

    def require_writable(self) -> None:
        """Refuse whatever would change a mission that can only be read here.

        Without a home it can be changed nevertheless: what is recorded goes to the journal.

        Raises:
            Refused: `TARGET_GONE`, `SPARSE_CHECKOUT`, `MISSION_FOLDER_MISSING`.
        """
        if self.elsewhere is not None:
            raise self.refusal()

    def refusal(self) -> Refused:
        """Why its documents cannot be written."""
        details: dict[str, object] = {"target_branch": self.target_branch}
        source = self.source
        if source.only_for_reading:
            what = "does not hold it" if self.has_target else "is not in this clone"
            return Refused(
                f"mission {self.slug} is read from {source} and cannot be changed: its target branch "
                f"{self.target_branch} {what}",
                "TARGET_GONE",
                hint=self.way_home,
                details={**details, "read_from": source.to_dict()},
            )
        if self.home is None:
            return Refused(
                f"mission {self.slug} writes its documents on branch {self.target_branch}, which no checkout has",
                "TARGET_NOT_CHECKED_OUT",
                hint=self.way_home,
                details=details,
            )
        details |= {"path": str(self.home.path), "read_from": source.to_dict()}
        if is_sparse(self.home):
            return Refused(
                f"{self.home.path} is a sparse checkout without {self.relative}, so mission {self.slug} can be read "
                "and not changed",
                "SPARSE_CHECKOUT",
                hint=widening(self.home),
                details=details,
            )
        return Refused(
            f"{self.relative} was deleted in {self.home.path} and is still in branch {self.target_branch}",
            "MISSION_FOLDER_MISSING",
            hint=git_command(self.home.path, "restore", "--staged", "--worktree", self.relative),
            details=details,
        )

    @property
    def has_target(self) -> bool:
        """Whether this clone has the target branch."""
        return self.home is not None or self.git.branch_tip(self.target_branch) is not None

    @property
    def way_home(self) -> Command | None:
        """The command after which a checkout has the target branch with the mission; None where none does that."""
        root, target = self.repo.root, self.target_branch
        if self.has_target:
            return self._bringing_it_in() if self.source.only_for_reading else self._checking_out(target)
        tracking = tracking_branches(self.repo, target)
        if self.source.kind is Kind.REMOTE and self.source.ref in tracking[1:]:
            tracking = [self.source.ref, *tracking]
        if len(tracking) == 1:
            return self._checking_out(target)
        if tracking:
            return git_command(root, "switch", "--track", tracking[0])
        tip = files.read_text(self.last_tip)
        if tip and _COMMIT.fullmatch(tip) and self.git.kind_of(tip) == "commit":
            if self._has_own_worktree:
                path = home_path(self.repo, self.slug)
                return git_command(root, "worktree", "add", "--force", "-b", target, path, tip)
            return git_command(root, "switch", "-c", target, tip)
        remote = _remote_without_all_branches(self.repo)
        return git_command(root, "fetch", remote, f"{target}:{target}") if remote else None

    @property
    def _has_own_worktree(self) -> bool:
        return mission_of_branch(self.target_branch) == self.slug

    def _checking_out(self, branch: str) -> Command:
        common = self.repo.common_dir
        lanes_alone = all((each.branch or "").startswith("kitty/") for each in self.repo.checkouts())
        if common is not None and self.repo.main is None and lanes_alone:
            # A bare repository: no working tree in which to switch, but for those of lanes.
            return git_command(common, "worktree", "add", common.with_suffix(".home"), branch)
        if self._has_own_worktree:
            # Its home is a worktree of its own; a folder that is gone may still be registered.
            path = home_path(self.repo, self.slug)
            return git_command(self.repo.root, "worktree", "add", "--force", path, branch)
        return git_command(self.repo.root, "switch", branch)

    def _bringing_it_in(self) -> Command | None:
        """The target is here and does not hold the mission; another branch does."""
        source = self.source
        if self.git.kind_of(f"{source.revision}:{self.relative}") != "tree":
            return None
        if self.home is not None:
            return git_command(self.home.path, "merge", "--no-edit", source.ref)
        return self._checking_out(self.target_branch).then(
            "git", "-C", self.repo.root, "merge", "--no-edit", source.ref
        )

    def restoring(self, wp_id: str) -> Command | None:
        """The command that brings back a prompt which was deleted and is still committed; None where none is."""
        names = self.git.names_in(self.source.revision, f"{self.relative}/{TASKS}") if self.repo.has_git else []
        name = next((each for each in sorted(names) if prompt_id(each) == wp_id), None)
        if name is None:
            return None
        root = self.home.path if self.home else self.repo.root
        file = f"{self.relative}/{TASKS}/{name}"
        return git_command(root, "restore", "--source=HEAD", "--staged", "--worktree", file)

    @property
    def last_tip(self) -> Path:
        """The file with the commit that the target branch was at when this clone last committed to it."""
        return self.state / "tips" / self.key

    @property
    def folder(self) -> Path | None:
        """The mission's folder in its home, where it can be written; None where it is not there."""
        if self.elsewhere is not None:
            return None
        if self.home is not None:
            return self.home.path / SPECS / self.slug
        return None if self.repo.has_git else self.repo.checkout / SPECS / self.slug

    @property
    def _on_disk(self) -> Path | None:
        """The folder that its documents are read from; None where they are read from the tip of a branch."""
        path = self.source.path
        return None if path is None else path / SPECS / self.slug

    @property
    def shown(self) -> Path:
        """The mission's folder for messages and answers: where it is, or where it will be once it has a home."""
        folder = self.folder
        return folder if folder is not None else self.repo.root / self.relative

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
    def private_mark(self) -> Path:
        """Stands there while git ignores the mission's folder, which is then never committed; see `core.commits`."""
        return self.state / "private" / self.key

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
        """A document of the mission, of where its documents are read; None if absent.

        Raises:
            Refused: `SYMLINK_REFUSED`: a link leads out of the checkout.
        """
        folder = self._on_disk
        if folder is not None:
            return _read_on_disk(folder, name)
        return self.git.show_bytes(f"{self.source.revision}:{self.relative}/{name}")

    def read(self, name: str) -> str | None:
        """A document as text, any line ending read as a newline; None if absent."""
        data = self.read_bytes(name)
        return None if data is None else files.decode(data)

    def read_many(self, names: Sequence[str]) -> dict[str, str | None]:
        """As `read` for many documents; from the tip of a branch in one process."""
        found = self.read_many_bytes(names)
        return {name: None if data is None else files.decode(data) for name, data in found.items()}

    def read_many_bytes(self, names: Sequence[str]) -> dict[str, bytes | None]:
        """As `read_bytes` for many documents; from the tip of a branch in one process."""
        folder = self._on_disk
        if folder is not None:
            return {name: _read_on_disk(folder, name) for name in names}
        if not names:
            return {}
        tip = f"{self.source.revision}:{self.relative}"
        return dict(zip(names, self.git.show_many([f"{tip}/{name}" for name in names]), strict=True))

    def names(self, folder: str = "") -> list[str]:
        """Names directly below a folder of the mission, sorted; folders end in a slash."""
        on_disk = self._on_disk
        if on_disk is None:
            where = f"{self.relative}/{folder}".rstrip("/")
            return sorted(self.git.names_in(self.source.revision, where))
        place = on_disk / folder
        if not place.is_dir():
            return []
        return sorted(entry.name + ("/" if entry.is_dir() else "") for entry in place.iterdir())

    def prompts(self) -> list[str]:
        """Names of the work packages' prompts; see `prompt_names`."""
        return prompt_names(self.names)

    def where(self, name: str) -> str:
        """A document's name for messages: its path below the checkout."""
        return f"{self.relative}/{name}"


def _read_on_disk(folder: Path, name: str) -> bytes | None:
    path = folder / name
    files.refuse_links(folder.parent.parent, path)
    return files.read_bytes(path)


def tracking_branches(repo: Repository, branch: str) -> list[str]:
    """The remote-tracking branches of a branch, `origin/main`; that of origin first."""
    git = Git(repo.checkout)
    found = [ref.removeprefix("refs/remotes/") for ref in git.branches(f"refs/remotes/**/{branch}")]
    found = [name for name in found if tracked_branch(repo, name) == branch]  # the name of a branch may be a pattern
    return sorted(found, key=lambda name: (not name.startswith("origin/"), name))


def tracked_branch(repo: Repository, name: str) -> str:
    """The branch that a remote-tracking branch follows; the name of a remote may have slashes, as a branch's may."""
    remotes = [remote for remote in remotes_of(repo) if name.startswith(f"{remote}/")]
    return name[len(max(remotes, key=len)) + 1 :] if remotes else name.partition("/")[2]


def fetch_command(repo: Repository, branch: str) -> Command:
    """What brings a branch that stands on a remote into this clone, or forward there; of several remotes origin's."""
    tracking, remotes = tracking_branches(repo, branch), remotes_of(repo)
    known = [remote for remote in remotes if f"{remote}/{branch}" in tracking]
    return git_command(repo.root, "fetch", next(iter((*known, *remotes)), "origin"), f"{branch}:{branch}")


def remotes_of(repo: Repository) -> tuple[str, ...]:
    """Names of the remotes, origin first; git is asked once while its settings stay as they are."""
    config = (repo.common_dir or repo.checkout) / "config"
    return _remotes(repo.checkout, config.stat().st_mtime_ns if config.exists() else 0)


@cache
def _remotes(checkout: Path, _changed: int) -> tuple[str, ...]:
    names = Git(checkout).call("remote").out.split("\n")
    return tuple(sorted(filter(None, names), key=lambda name: (name != "origin", name)))


def _remote_without_all_branches(repo: Repository) -> str | None:
    """A remote of which this clone fetches only some branches; of any other the last fetch would have brought it."""
    git = Git(repo.checkout)
    for remote in remotes_of(repo):
        fetched = git.call("config", "--get-all", f"remote.{remote}.fetch").out.split()
        if not any(each.lstrip("+").startswith("refs/heads/*:") for each in fetched):
            return remote
    return None


def is_sparse(checkout: Checkout) -> bool:
    """Whether it may leave files of its branch out of the working tree; one file is looked for."""
    return (checkout.git_dir / "info" / "sparse-checkout").exists() and Git(checkout.path).flag("core.sparseCheckout")


def left_out(checkout: Checkout, *folders: str) -> list[str]:
    """Files of the checkout's branch below some folders that a sparse checkout leaves out of the working tree."""
    if not is_sparse(checkout):
        return []
    entries = Git(checkout.path).run("ls-files", "-t", "-z", "--", *folders).split("\0")
    return [entry[2:] for entry in entries if entry.startswith("S ")]


def outside_rules(checkout: Checkout, *folders: str) -> list[str]:
    """Files below some folders that are there for now, though a sparse checkout does not keep them: git added them."""
    if not is_sparse(checkout):
        return []
    git, rules = Git(checkout.path), checkout.git_dir / "info" / "sparse-checkout"
    kept = git.run("ls-files", "-z", "--cached", "--ignored", f"--exclude-from={rules}", "--", *folders).split("\0")
    return sorted({*git.run("ls-files", "-z", "--", *folders).split("\0")}.difference(kept))


def refuse_left_out(checkout: Checkout) -> None:
    """Refuse a sparse checkout that leaves out what this tool reads and writes.

    Raises:
        Refused: `SPARSE_CHECKOUT`.
    """
    found = left_out(checkout, KITTIFY, SPECS)
    if found:
        raise Refused(
            f"{checkout.path} is a sparse checkout without {found[0].partition('/')[0]}, which is in its branch",
            "SPARSE_CHECKOUT",
            hint=widening(checkout),
            details={"path": str(checkout.path), "left_out": found[:20]},
        )


def widening(checkout: Checkout) -> Command:
    """The command after which a sparse checkout has all that this tool reads and writes."""
    return git_command(checkout.path, "sparse-checkout", "add", KITTIFY, SPECS)


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
