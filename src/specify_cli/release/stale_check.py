"""Which assertions a change since a commit has probably made wrong, in a real repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from specify_cli.kernel import files, paths
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen
from specify_cli.release.stale import StaleAssertion, find_stale

_TEST = re.compile(r"(^|/)(tests?/|test_[^/]*\.py$|[^/]*_test\.py$|conftest\.py$)")


@frozen
class StaleCheck:
    """What was compared, and what was found.

    Args:
        base, head: commits; the head is empty where the working tree was read.
        changed: source files that differ.
        not_examined: changed files that are no Python.
        tests: how many test files were read.
        stale: the assertions.
    """

    base: str
    head: str
    changed: Sequence[str]
    not_examined: Sequence[str]
    tests: int
    stale: Sequence[StaleAssertion]

    def to_dict(self) -> dict[str, object]:
        """The JSON answer."""
        return {
            "result": "stale" if self.stale else "success",
            "base": self.base,
            "head": self.head or None,
            "changed": list(self.changed),
            "not_examined": list(self.not_examined),
            "test_files": self.tests,
            "stale": [each.to_dict() for each in self.stale],
            "count": len(self.stale),
        }


def stale_check(start: Path, base: str, head: str | None = None) -> StaleCheck:
    """Compare the sources of two commits and read the tests of the second.

    Args:
        start: any folder of the repository.
        base: where the change began; what is compared is the common ancestor with `head`.
        head: where it ended; None takes the working tree.

    Raises:
        Refused: `NOT_A_GIT_REPOSITORY`.
        NotFound: `REVISION_UNKNOWN`.
    """
    repo = paths.discover(start)
    if not repo.has_git:
        raise Refused(f"{start} is in no git repository", "NOT_A_GIT_REPOSITORY", hint=command("git", "init"))
    git = Git(repo.checkout)
    tip = _commit(git, head or "HEAD")
    since = git.merge_base(_commit(git, base), tip) or _commit(git, base)
    python = [path for path in git.files_of(tip if head else None) if path.endswith(".py")]
    changed = git.changed_between(since, tip) if head else git.changed_since(since)
    sources = [path for path in changed if path.endswith(".py") and not _TEST.search(path)]
    texts = _read(git, tip, python) if head else _read_tree(repo.checkout, python)
    tests = {path: text for path, text in texts.items() if _TEST.search(path)}
    after = {path: texts[path] for path in sources if path in texts}
    others = [text for path, text in texts.items() if path not in tests and path not in after]
    return StaleCheck(
        since,
        tip if head else "",
        sources,
        [path for path in changed if not path.endswith(".py")],
        len(tests),
        find_stale(_read(git, since, sources), after, tests, others),
    )


def _commit(git: Git, revision: str) -> str:
    found = git.resolve(revision)
    if found is None:
        raise NotFound(
            f"no commit is called {revision!r}",
            "REVISION_UNKNOWN",
            hint=command("git", "log", "--oneline", "-20"),
            details={"revision": revision},
        )
    return found


def _read(git: Git, commit: str, names: Sequence[str]) -> dict[str, str]:
    found = zip(names, git.show_many([f"{commit}:{name}" for name in names]), strict=True)
    return {name: files.decode(data) for name, data in found if data is not None}


def _read_tree(checkout: Path, names: Sequence[str]) -> Mapping[str, str]:
    found = ((name, files.read_text(checkout / name)) for name in names if (checkout / name).is_file())
    return {name: text for name, text in found if text is not None}
