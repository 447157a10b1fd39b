"""Running git: never a shell, always a time limit, and an environment that a caller's variables cannot bend."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from specify_cli.kernel import files, paths, process, system
from specify_cli.kernel.commands import Command, command, git_command, the_call
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.notices import announce, announced_if_slow
from specify_cli.kernel.values import frozen

NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
# Set in a clone by a person: the hooks in its working tree run for agents too.
HOOKS_FOR_AGENTS = "spec-kitty.hooksForAgents"
_LONG = 600.0  # seconds: the time limit of what runs hooks or signs

# What `git rev-parse --local-env-vars` lists: these name another repository than the one we mean.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX",
)  # fmt: skip


# What git says, in its own words (LC_ALL=C), where the disk is at fault.
_FULL = (
    "No space left on device", "Out of diskspace", "Disk quota exceeded", "File too large",
    "couldn't write", "unable to write file",  # git does not say why, and there is hardly another reason
)  # fmt: skip
# Git takes the user's own settings from no file where this names one of these, as in the shells of some agents.
_NO_FILE = ("", os.devnull, "/dev/null", "NUL")
_NAMING = frozenset({"commit", "commit-tree", "merge", "var"})  # what needs to know who commits
_OWN_NAMES = ("config", "--get-regexp", r"^user\.(name|email)$")
_OWNED = re.compile(r"dubious ownership in repository at (?:'([^']+)'|(\S+))")
_READ_ONLY = ("Read-only file system", "Permission denied", "insufficient permission")


_LOCKED = re.compile(r"Unable to create '([^']+/index\.lock)': File exists")


class GitFailed(Unavailable):
    """A git command that should have worked did not."""


def index_locked(lock: Path) -> GitFailed:
    """The error for a lock of git's index that somebody holds, or nobody any more."""
    said = f"git's lock {lock} does not go away: git is at work, or a crash left it behind"
    return GitFailed(f"{said}; remove it only if no git runs there", "INDEX_LOCKED", command("rm", lock))


def has_global_settings() -> bool:
    """Whether `git config --global` reads and writes a file here; as root it would replace the device else."""
    return os.environ.get("GIT_CONFIG_GLOBAL") not in _NO_FILE


def introduction(root: Path | str) -> Command:
    """The commands that tell git who commits: everywhere, or in one repository where only that works."""
    config = ("git", "config", "--global") if has_global_settings() else ("git", "-C", root, "config")
    return command(*config, "user.name", "Your Name").then(*config, "user.email", "you@example.org")


@frozen
class GitRun:
    """Git, run in one folder.

    Args:
        root: top folder of a working tree, or a bare repository.
        objects: (throw-away folder for new objects, where the repository has its own); None: new ones go there too.
    """

    root: Path
    objects: tuple[Path, Path] | None = None

    def call(
        self,
        *args: str,
        input: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        write: bool = False,
    ) -> process.Completed:
        """Run git and return what it said, whatever its exit code."""
        if self.objects is not None:
            new, own = self.objects
            env = {"GIT_OBJECT_DIRECTORY": str(new), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(own), **(env or {})}
        paths.require_own(self.root)
        if _verb(args) in _NAMING:
            env = {**self.own_names(), **(env or {})}
        if write:
            call = the_call()
            if self.root not in call.exposed:
                call.exposed[self.root] = call.by_agent() and self._are_hooks_exposed()
            args = (*NO_HOOKS, *args) if call.exposed[self.root] else args
        with announced_if_slow(_waiting(args, timeout)) if timeout >= _LONG else nullcontext():
            done = process.run(
                ("git", *args), cwd=self.root, env=_environment(env, write=write), input=input, timeout=timeout
            )
        if done.code == 128 and (refusal := _unusable(done, self.root)):
            raise refusal
        return done

    def run(
        self,
        *args: str,
        input: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        write: bool = False,
    ) -> str:
        """Run git and return its output.

        Raises:
            GitFailed: the exit code is not 0.
        """
        done = self.call(*args, input=input, env=env, timeout=timeout, write=write)
        if done.code != 0:
            raise self.failed(done, _verb(args))
        return done.out

    def own_names(self) -> dict[str, str]:
        """Name and mail from the user's own settings, as variables, where git is kept from those and has no others."""
        if has_global_settings():
            return {}
        env = _environment(None, write=False)
        here = self._names(env)
        env.pop("GIT_CONFIG_GLOBAL", None)
        theirs = self._names(env, "--includes", "--global")
        return {
            variable: theirs[key]
            for key, part in (("user.name", "NAME"), ("user.email", "EMAIL"))
            for variable in (f"GIT_AUTHOR_{part}", f"GIT_COMMITTER_{part}")
            if key in theirs and key not in here and variable not in os.environ
        }

    def _names(self, env: Mapping[str, str], *options: str) -> dict[str, str]:
        words = (_OWN_NAMES[0], *options, *_OWN_NAMES[1:])
        done = process.run(("git", *words), cwd=self.root, env=env)
        return {key: value for key, _, value in (line.partition(" ") for line in done.out.splitlines())}

    def _are_hooks_exposed(self) -> bool:
        """Whether git runs hooks here that an agent can change, outside of the agent's sandbox; says what it skips.

        Agents' programs keep them from writing to git's own folder, not to a working tree. A hook there is reached by
        `core.hooksPath`, or by a link.
        """
        asked = ("rev-parse", "--path-format=absolute", "--git-common-dir", "--git-path", "hooks", "--show-toplevel")
        done = process.run(("git", *asked), cwd=self.root, env=_environment(None, write=False))
        if done.code != 0:
            return False  # No working tree, or none that git would work in.
        common, folder, top = (Path(line) for line in done.out.splitlines())
        own, trees = common.resolve(), {common.resolve().parent, top.resolve()}
        hooks = [path for path in _listed(folder) if path.suffix != ".sample" and os.access(path, os.X_OK)]

        def is_exposed(path: Path) -> bool:
            found = path.resolve()
            return not found.is_relative_to(own) and any(found.is_relative_to(tree) for tree in trees)

        exposed = [path for path in hooks if path.is_file() and is_exposed(path)]
        if not exposed and not is_exposed(folder):
            return False
        allowed = ("git", "config", "--type=bool", "--get", HOOKS_FOR_AGENTS)
        if process.run(allowed, cwd=self.root, env=_environment(None, write=False)).out.strip() == "true":
            return False
        if exposed:
            names = ", ".join(path.name for path in exposed)
            switch = git_command(common.parent, "config", HOOKS_FOR_AGENTS, "true")
            announce(
                f"git's hooks in {folder} ({names}) do not run: an agent runs this command, and could have written "
                f"them. If you trust what they run, say so: {switch}"
            )
        return True

    @property
    def unshallow(self) -> Command | None:
        """What brings the rest of a history that is cut off; None where there is no remote to have it."""
        return git_command(self.root, "fetch", "--unshallow") if self.run("remote") else None

    def failed(self, done: process.Completed, verb: str) -> GitFailed:
        """The error for a git command that should have worked."""
        if lock := _LOCKED.search(done.said):
            return index_locked(Path(lock[1]))
        said = done.said or ("it was stopped by a signal" if done.code < 0 else "no output")
        code: str = "GIT_FAILED"
        hint: Command | None = git_command(self.root, "status")
        if (system.FILE_TOO_LARGE and done.code == -system.FILE_TOO_LARGE) or any(words in said for words in _FULL):
            code, hint = "DISK_FULL", command("df", "-h", self.root)
        elif any(words in said for words in _READ_ONLY):
            return self._read_only(f"git {verb} failed in {self.root}: {said}", done)
        elif "unrelated histories" in said and self.call("rev-parse", "--is-shallow-repository").out.strip() == "true":
            said += ". The history in this clone is cut off (.git/shallow), so that git does not see where both began"
            code, hint = "HISTORY_CUT_OFF", self.unshallow
        elif "unrelated histories" in said:
            said += ": one of them was rewritten as a whole. Rebase the branches of the mission onto the one that stays"
            said += " (`git rebase --onto NEW OLD BRANCH`), then have the work reviewed again"
            code, hint = "HISTORY_REWRITTEN", None
        message = f"git {verb} failed in {self.root}: {said}"
        return GitFailed(message, code, hint, {"argv": list(done.argv), "exit_code": done.code})

    def _read_only(self, message: str, done: process.Completed) -> GitFailed:
        found = process.run(("git", "rev-parse", "--git-common-dir"), cwd=self.root)
        folder = self.root / (found.out.strip() if found.code == 0 else ".git")
        details: dict[str, object] = {"argv": list(done.argv), "exit_code": done.code, "path": str(folder)}
        if "Read-only file system" in done.said or files.is_sealed(folder / "HEAD"):
            details["edit"] = files.CODEX_SETTINGS
            return GitFailed(f"{message}; {files.UNSEAL}", "STATE_READ_ONLY", None, details)
        return GitFailed(message, "STATE_READ_ONLY", command("chmod", "-R", "u+rwX", folder), details)


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _waiting(args: Sequence[str], timeout: float) -> str:
    what = "git " + _verb(args)
    return f"{what} is still at work (a hook, a program that signs or a server may be waited for); it has {timeout:g} s"


def _verb(args: Sequence[str]) -> str:
    return next((arg for arg in args if not arg.startswith("-") and "=" not in arg), args[0])


def _unusable(done: process.Completed, root: Path) -> Refused | None:
    """Why git does nothing at all in a repository."""
    if owned := _OWNED.search(done.err):
        folder = owned[1] or owned[2]
        message = f"git refuses to work in {folder}: it belongs to another user, whose settings and hooks would count"
        # Where git is kept from the user's settings only those of the system count.
        settings = "--global" if has_global_settings() else "--system"
        hint = command("git", "config", settings, "--add", "safe.directory", folder)
        return Refused(message, "REPOSITORY_NOT_YOURS", hint, {"path": folder})
    if "must be run in a work tree" in done.err and (root / ".git").is_dir():
        return not_bare(root)
    return None


def not_bare(root: Path) -> Refused:
    """The refusal for a checkout whose settings say that there is none."""
    message = f"{root} is a working tree, and its git configuration says that it has none (core.bare)"
    return Refused(message, "REPOSITORY_BARE", git_command(root, "config", "core.bare", "false"))


def _environment(extra: Mapping[str, str] | None, *, write: bool) -> dict[str, str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in _LOCAL and not name.startswith("GIT_CONFIG_KEY")
    }
    env["LC_ALL"] = "C"
    env["GIT_TERMINAL_PROMPT"] = "0"
    # What is judged is what is merged: no other object stands for one, and its parents are those that it names.
    env["GIT_NO_REPLACE_OBJECTS"] = "1"
    env["GIT_GRAFT_FILE"] = f"{os.devnull}/none"
    if system.LONGEST_PATH:
        env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.longpaths", "GIT_CONFIG_VALUE_0": "true"}
    if not write:
        env["GIT_OPTIONAL_LOCKS"] = "0"
    env.update(extra or {})
    return env
