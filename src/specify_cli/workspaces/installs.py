"""Tests that would test another checkout: found on what the program they start with was installed with.

A worktree shares its interpreter and its packages with the main checkout more often than not. An editable install, a
link in node_modules or a path in go.work then leads there, and the tests pass on code that was never changed. Nothing
is run to find out: only files are read, those by which the program itself would find the code.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.commands import Command
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen
from specify_cli.workspaces.install_evidence import Leak, Site, cargo_leaks, go_leaks, node_leaks, python_leaks

# Programs whose own files decide what runs in the end; some run elsewhere altogether.
_BLIND = frozenset(
    {
        "make", "gmake", "ninja", "just", "task", "rake", "tox", "nox", "docker", "podman", "docker-compose", "compose",
        "poetry", "pdm", "hatch", "pipenv", "conda", "mamba", "nix", "nix-shell", "bazel", "mvn", "gradle", "gradlew",
        "dotnet", "pre-commit", "vagrant", "ssh",
    }
)  # fmt: skip
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})
_NODE = frozenset({"node", "npm", "npx", "pnpm", "yarn", "bun", "jest", "vitest", "mocha", "ava", "tsx"})
# They look at text, and import nothing of the project.
_LINTERS = frozenset({"ruff", "black", "isort", "flake8", "pyflakes", "codespell"})
_WRAPPERS = frozenset({"env", "exec", "command", "time", "nice", "nohup", "timeout", "stdbuf", "xvfb-run"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_OPERATORS = frozenset({"&&", "||", ";", "|", "&", "(", ")", "|&", ";;"})


@frozen
class Look:
    """What was found of some commands.

    Args:
        leaks: where they lead out of the worktree.
        blind: commands of which nobody can say it by looking at files.
    """

    leaks: tuple[Leak, ...] = ()
    blind: tuple[str, ...] = ()


def look(repo: Repository, tree: Path, commands: Sequence[Sequence[str] | str], env: Mapping[str, str]) -> Look:
    """Where the tests of a worktree would find the code of another checkout of the same repository.

    Args:
        repo: the repository.
        tree: the worktree; a main checkout stands for a new worktree of its commit.
        commands: argument lists, and lines as a shell reads them.
        env: the environment they get.
    """
    others = sorted((each.path for each in repo.checkouts() if each.path != tree), key=lambda path: -len(path.parts))
    stands_for_new = tree not in [each.path for each in repo.checkouts()] or tree == repo.root
    site = Site(tree, (*others, tree) if stands_for_new else tuple(others), stands_for_new)
    leaks: dict[tuple[str, str], Leak] = {}
    blind: list[str] = []
    for command in commands:
        for words in _simple_commands(command):
            found = _of(site, words, env)
            if found is None:
                blind.append(Command(words))
            leaks |= {(each.name, str(each.leads_to)): each for each in found or ()}
    return Look(tuple(leaks.values()), tuple(dict.fromkeys(blind)))


def _simple_commands(command: Sequence[str] | str) -> Iterator[list[str]]:
    """The programs that a command starts, each with its words and the variables set for it before."""
    if not isinstance(command, str):
        yield list(command)
        return
    reader = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    try:
        words = list(reader)
    except ValueError:
        yield ["sh", command]
        return
    part: list[str] = []
    for word in [*words, ";"]:
        if word in _OPERATORS:
            if part:
                yield part
            part = []
        else:
            part.append(word)


def _of(site: Site, words: Sequence[str], env: Mapping[str, str]) -> list[Leak] | None:
    """The leaks of one program; None where nobody can tell."""
    rest, changed = _unwrapped(words, env)
    program = Path(rest[0]).name if rest else ""
    if program in _SHELLS and "-c" in rest[1:-1]:
        inner = [_of(site, each, changed) for each in _simple_commands(rest[rest.index("-c") + 1])]
        return None if None in inner else [leak for found in inner for leak in found or ()]
    if program in _SHELLS | _BLIND or (program == "uv" and {"--active", "--no-project"} & set(rest)):
        return None
    if program == "uv" and rest[1:2] == ["run"]:
        return []  # it makes an environment of the worktree's own, with the project of the worktree in it
    if program in _NODE or "node_modules" in Path(program and rest[0]).parts:
        return node_leaks(site)
    if program in ("go", "cargo"):
        return go_leaks(site, changed) if program == "go" else cargo_leaks(site)
    return _of_script(site, rest, program, changed) if rest else []


def _unwrapped(words: Sequence[str], env: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """A program without what stands before it, and the environment with the variables set there."""
    rest, changed = list(words), dict(env)
    while rest and (_ASSIGNMENT.match(rest[0]) or Path(rest[0]).name in _WRAPPERS):
        word = rest.pop(0)
        if _ASSIGNMENT.match(word):
            name, _, value = word.partition("=")
            changed[name] = value
        else:
            while rest and (rest[0].startswith("-") or re.fullmatch(r"[0-9.]+[smhd]?", rest[0])):
                rest.pop(0)
    return rest, changed


def _of_script(site: Site, words: Sequence[str], program: str, env: Mapping[str, str]) -> list[Leak] | None:
    path = _resolved(site, words[0], env)
    if path is None or program in _LINTERS:
        return []
    is_python = re.fullmatch(r"(python|pypy)[0-9.]*", program)
    interpreter = path if is_python else _interpreter(_first_lines(path), env)
    name = interpreter.name if interpreter else ""
    if name in _SHELLS:
        return None
    if interpreter is not None and name.startswith(("python", "pypy")):
        return python_leaks(site, interpreter, words, env)
    return node_leaks(site) if name in ("node", "bun") else []


def _resolved(site: Site, word: str, env: Mapping[str, str]) -> Path | None:
    """The program that a word stands for in the worktree; None where there is none yet."""
    if "/" in word:
        path = site.tree / word
        # In a new worktree nothing that git does not track is there; its set-up may make it.
        known = not (site.stands_for_new and not Path(word).is_absolute())
        return path if known and path.is_file() else None
    for folder in env.get("PATH", os.defpath).split(os.pathsep):
        path = site.tree / folder / word
        if folder and path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def _first_lines(path: Path) -> str:
    try:
        with files.open_regular(path) as source:
            return source.read(512).decode("utf-8", "replace")
    except OSError:
        return ""


def _interpreter(text: str, env: Mapping[str, str]) -> Path | None:
    """The interpreter that a script names in its first lines; None for what is no script."""
    if not text.startswith("#!"):
        return None
    line = text[2:].split("\n", 1)[0].strip()
    if line.endswith("/sh"):
        # pip writes this where the path to its interpreter is too long, or holds a blank, for the first line.
        quoted = re.search(r"""^'''exec' (?:"([^"]+)"|(\S+))""", text.split("\n", 2)[1] if "\n" in text else "")
        return Path(quoted[1] or quoted[2]) if quoted else Path(line)
    words = line.split()
    if words and Path(words[0]).name == "env":
        named = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), None)
        for folder in env.get("PATH", os.defpath).split(os.pathsep) if named else ():
            if folder and (Path(folder) / str(named)).is_file():
                return Path(folder) / str(named)
        return None
    return Path(words[0]) if words else None


def way_out(leaks: Sequence[Leak]) -> str:
    """How the tests come to see the worktree they run in, in words."""
    kinds = {leak.kind: leak for leak in leaks}
    said = []
    if "python" in kinds:
        folder = next((leak.folder for leak in leaks if leak.kind == "python" and leak.folder), "src")
        said.append(f"Run them with `env PYTHONPATH={folder} …`, or let the set-up hook install the worktree into a "
                    "virtual environment of its own and run the tests with that")  # fmt: skip
    if "node" in kinds:
        said.append(
            "Let the set-up hook install the packages in the worktree, so that it has a node_modules of its own"
        )
    if "go" in kinds:
        said.append("Run them with `env GOWORK=off …`, or name the folders relative to the worktree in tracked files")
    if "rust" in kinds:
        said.append("Name the crates by paths inside the worktree")
    return "; ".join(said)


def mended(line: str, leaks: Sequence[Leak]) -> str:
    """A line that sees the worktree, as far as a variable before it is enough; empty where it is not."""
    folder = next((leak.folder for leak in leaks if leak.folder), "")
    variable = {"python": f"PYTHONPATH={folder}" if folder else "", "go": "GOWORK=off"}
    words = [variable.get(kind, "") for kind in dict.fromkeys(leak.kind for leak in leaks)]
    one_program = len(list(_simple_commands(line))) == 1
    return f"env {' '.join(words)} {line}" if one_program and all(words) else ""


def usual_tests(root: Path) -> list[tuple[str, ...]]:
    """How the tests of a project are usually run, judged by the files at its root."""
    found: list[tuple[str, ...]] = []
    if any((root / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini")):
        found.append(("pytest",))
    # An environment in the checkout itself shows what it is for.
    own = [root / name / "bin" for name in (".venv", "venv") if (root / name / "pyvenv.cfg").is_file()]
    found += [(str(folder / ("pytest" if (folder / "pytest").is_file() else "python")), "tests") for folder in own]
    listed = {"package.json": "npm", "go.mod": "go", "go.work": "go", "Cargo.toml": "cargo"}
    return found + [(name, "test") for file, name in listed.items() if (root / file).is_file()]
