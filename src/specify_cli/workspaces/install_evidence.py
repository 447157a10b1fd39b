"""What files say of where a program finds the code of a project: Python, Node, Go and Rust."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from specify_cli.kernel import files, lazy
from specify_cli.kernel.values import frozen

_NOT_THE_PROJECT = frozenset({"tests", "test", "testing", "docs", "setup", "conftest", "noxfile", "build", "examples"})


@frozen
class Leak:
    """One way out of a worktree.

    Args:
        kind: `python`, `node`, `go` or `rust`.
        name: the package or module.
        leads_to: where the program finds it.
        checkout: the checkout that this lies in.
        evidence: the file that says so.
        folder: the folder below the checkout from which it is imported; for Python.
    """

    kind: str
    name: str
    leads_to: Path
    checkout: Path
    evidence: Path
    folder: str = ""

    @property
    def what(self) -> str:
        """What is so, one clause."""
        return f"{self.name} comes from {self.leads_to}, as {self.evidence} says"


@frozen
class Site:
    """A worktree, and the checkouts that are not it.

    Args:
        others: the checkouts, the innermost first.
        stands_for_new: whether the tree is only the model of a worktree that is still to be made.
    """

    tree: Path
    others: tuple[Path, ...]
    stands_for_new: bool = False

    def other(self, path: Path) -> Path | None:
        """The other checkout that a path lies in; None where it lies in the worktree itself, or outside of all."""
        real = Path(os.path.realpath(path))
        if not self.stands_for_new and _lies_in(real, self.tree):
            return None
        return next((each for each in self.others if _lies_in(real, each)), None)

    def above(self) -> Iterator[Path]:
        """The worktree's folder and those above it, as programs walk up in search of their settings."""
        yield self.tree
        yield from self.tree.parents


def _lies_in(path: Path, folder: Path) -> bool:
    return path.is_relative_to(os.path.realpath(folder))


# -- Python --------------------------------------------------------------------------------------------------------


def python_leaks(site: Site, interpreter: Path, words: Sequence[str], env: Mapping[str, str]) -> list[Leak]:
    """Packages that an interpreter finds in another checkout, and not in the worktree before that.

    Args:
        words: the command, for what it puts before all else on the path of its imports.
        env: the environment that it gets.
    """
    first = list(_first_on_path(site, words, env))
    found = []
    for entry in filter(None, env.get("PYTHONPATH", "").split(os.pathsep)):
        path = site.tree / entry
        checkout = site.other(path) if Path(entry).is_absolute() else None
        if checkout is not None:
            found.append(Leak("python", "PYTHONPATH", path, checkout, path))
    for folder in _site_folders(interpreter, env):
        for name, path, evidence in _installed_from(folder):
            checkout = site.other(path)
            if checkout is not None and "site-packages" not in path.parts and not _wins(name, path, first):
                found.append(_leak(name, path, checkout, evidence))
    # A distribution says where it came from, and its own files say it more exactly.
    places = [each.leads_to for each in found]
    return [each for each in found if not any(each.leads_to in place.parents for place in places)]


def _leak(name: str, path: Path, checkout: Path, evidence: Path) -> Leak:
    names, above = [name], path
    if (path / "__init__.py").is_file() or path.suffix == ".py":
        above = path.parent
    elif inside := _packages_below(path):
        names = inside
    elif (path / "src").is_dir():
        above = path / "src"
    root = Path(os.path.realpath(checkout))
    folder = Path(os.path.realpath(above))
    below = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else "."
    return Leak("python", ", ".join(names), path, checkout, evidence, below)


def _packages_below(path: Path) -> list[str]:
    listed = [each.stem for each in sorted(path.iterdir()) if _is_importable(each)] if path.is_dir() else []
    return [name for name in listed if name not in _NOT_THE_PROJECT]


def _first_on_path(site: Site, words: Sequence[str], env: Mapping[str, str]) -> Iterator[Path]:
    """Folders of the worktree that come before all installed packages."""
    tree = site.tree
    for entry in filter(None, env.get("PYTHONPATH", "").split(os.pathsep)):
        if not Path(entry).is_absolute() or _lies_in(Path(entry), tree):
            yield tree / entry
    program, rest = Path(words[0]).name, list(words[1:])
    as_module = "-m" in rest or "-c" in rest
    isolated = any(re.fullmatch(r"-[A-Za-z]*[IP][A-Za-z]*", word) for word in rest[:2]) or env.get("PYTHONSAFEPATH")
    if as_module and program not in ("pytest", "py.test") and not isolated:
        yield tree
    elif program.startswith(("python", "pypy")) and rest and not rest[0].startswith("-"):
        yield (tree / rest[0]).parent
    if program in ("pytest", "py.test") or "pytest" in rest:
        yield from _first_of_pytest(tree, rest)


def _first_of_pytest(tree: Path, words: Sequence[str]) -> Iterator[Path]:
    """What pytest puts on the path: its setting `pythonpath`, and the folder above the packages of its tests."""
    text = ""
    for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        text = files.read_text(tree / name) or ""
        if re.search(r"^\[(pytest|tool\.pytest\.ini_options|tool:pytest)\]", text, re.MULTILINE):
            break
    settings = [text, *words]
    for setting in settings:
        for value in re.findall(
            r"^\s*pythonpath\s*=\s*((?:\[[^\]]*\]|[^\n]*(?:\n[ \t]+[^\n]*)*))", setting, re.MULTILINE
        ):
            yield from (tree / each for each in re.findall(r"[^\s\[\],\"']+", value))
    if not any("importmode=importlib" in each.replace("-", "").replace(" ", "=") for each in settings):
        package = any((tree / name / "__init__.py").is_file() for name in ("tests", "test"))
        if package or (tree / "conftest.py").is_file():
            yield tree


def _wins(name: str, path: Path, first: Sequence[Path]) -> bool:
    """Whether every package of an installed folder is found in the worktree before it."""
    names = [name]
    if path.is_dir() and not (path / "__init__.py").is_file():
        names = _packages_below(path) or names
    return all(any(_is_importable(folder / each, each) for folder in first) for each in names)


def _is_importable(path: Path, name: str = "") -> bool:
    if name:
        return (path / "__init__.py").is_file() or path.with_name(f"{name}.py").is_file()
    return (path / "__init__.py").is_file() or (path.suffix == ".py" and path.is_file())


def _site_folders(interpreter: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """Where an interpreter keeps installed packages."""
    prefix = interpreter.parent.parent
    settings = files.read_text(prefix / "pyvenv.cfg")
    if settings is None:
        interpreter = Path(os.path.realpath(interpreter))
        prefix = interpreter.parent.parent
        settings = files.read_text(prefix / "pyvenv.cfg")
    yield from _below_prefix(prefix, "*")
    if settings is not None and not re.search(
        r"^include-system-site-packages\s*=\s*true", settings, re.MULTILINE | re.IGNORECASE
    ):
        return
    home = re.search(r"^home\s*=\s*(.+)$", settings or "", re.MULTILINE)
    base = Path(home[1].strip()).parent if home else prefix
    version = re.search(r"[0-9]+\.[0-9]+", Path(os.path.realpath(interpreter)).name)
    number = version[0] if version else "3*"
    if home:
        yield from _below_prefix(base, number)
    yield from (each for each in (base / "lib/python3/dist-packages",) if each.is_dir())
    if not env.get("PYTHONNOUSERSITE") and env.get("HOME"):
        yield from _below_prefix(Path(env.get("PYTHONUSERBASE") or Path(env["HOME"]) / ".local"), number)


def _below_prefix(prefix: Path, number: str) -> list[Path]:
    pattern = f"python{number if number != '*' else '3*'}/*-packages"
    listed = [each for lib in ("lib", "lib64") for each in sorted((prefix / lib).glob(pattern))]
    return list({os.path.realpath(each): each for each in listed}.values())


def _installed_from(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Name, place and evidence of everything that lies outside of a folder of packages."""
    for entry in sorted(os.listdir(folder)):
        path = folder / entry
        if entry.endswith(".pth"):
            for line in (files.read_text(path) or "").splitlines():
                if line.strip() and not line.startswith(("import ", "import\t", "#")):
                    yield Path(line.strip()).name, folder / line.strip(), path
        elif entry.endswith(".egg-link"):
            where = (files.read_text(path) or "").split("\n", 1)[0].strip()
            yield from [(entry.removesuffix(".egg-link"), folder / where, path)] if where else []
        elif entry.startswith("__editable__") and entry.endswith("_finder.py"):
            yield from ((name, place, path) for name, place in _mapping(files.read_text(path) or ""))
        elif entry.endswith(".dist-info"):
            place = _direct(path / "direct_url.json")
            if place is not None:
                yield from ((name, place, path / "direct_url.json") for name in _top_level(path, entry))


def _mapping(text: str) -> Iterator[tuple[str, Path]]:
    """The packages of an editable install that setuptools finds by a table in a module."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return
    for node in body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(each, ast.Name) and each.id == "MAPPING" for each in targets):
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            table = ast.literal_eval(value) if isinstance(value, ast.Dict) else {}
            yield from ((str(name), Path(str(place))) for name, place in table.items())


def _direct(path: Path) -> Path | None:
    """The folder that a package was installed from; None where it came from elsewhere."""
    text = files.read_text(path)
    try:
        data = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("dir_info"), dict):
        return None
    url = urlsplit(str(data.get("url")))
    return Path(unquote(url.path)) if url.scheme == "file" else None


def _top_level(info: Path, entry: str) -> list[str]:
    """The packages that a distribution brings; where its record does not tell, its own name."""
    listed = (files.read_text(info / "RECORD") or "").splitlines()
    names = {line.split(",")[0].split("/")[0] for line in listed if line.split(",")[0].endswith("/__init__.py")}
    own = entry.removesuffix(".dist-info").rpartition("-")[0].lower().replace("-", "_")
    return sorted(name for name in names if "." not in name) or [own]


# -- Node ----------------------------------------------------------------------------------------------------------


def node_leaks(site: Site) -> list[Leak]:
    """Links in node_modules that lead into another checkout; the nearest folder that has a package counts."""
    if site.stands_for_new and (site.tree / "node_modules").is_dir() is False:
        return []
    found: dict[str, Leak | None] = {}
    for folder in site.above():
        modules = folder / "node_modules"
        if not modules.is_dir():
            continue
        for name, path in _packages_in(modules):
            real = Path(os.path.realpath(path))
            checkout = site.other(real) if path.is_symlink() and "node_modules" not in real.parts else None
            leak = Leak("node", name, real, checkout, path) if checkout is not None else None
            found.setdefault(name, leak)
    return [leak for leak in found.values() if leak is not None]


def _packages_in(modules: Path) -> Iterator[tuple[str, Path]]:
    for name in sorted(os.listdir(modules)):
        if name.startswith("@") and (modules / name).is_dir():
            yield from ((f"{name}/{each}", modules / name / each) for each in sorted(os.listdir(modules / name)))
        elif not name.startswith("."):
            yield name, modules / name


# -- Go and Rust ---------------------------------------------------------------------------------------------------


def go_leaks(site: Site, env: Mapping[str, str]) -> list[Leak]:
    """Folders of another checkout that `go.work` or a `replace` of `go.mod` names."""
    named = [site.tree / "go.mod"]
    work = env.get("GOWORK", "")
    if work and work != "off":
        named.append(Path(work))
    elif work != "off":
        named += [path for path in [folder / "go.work" for folder in site.above()] if path.is_file()][:1]
    found = []
    for path in named:
        for line in _without_comments(files.read_text(path) or ""):
            for name, place in _places_of_go(line, path.name):
                leads_to = path.parent / place
                checkout = _leads_out(site, path, place)
                if checkout is not None:
                    found.append(Leak("go", name or place, leads_to, checkout, path))
    return found


def _leads_out(site: Site, path: Path, place: str) -> Path | None:
    """The other checkout that a place named in a file leads to.

    In the model of a new worktree, what its tracked files name beside themselves is there anew.
    """
    leads_to = path.parent / place
    if site.stands_for_new and not Path(place).is_absolute() and _lies_in(path, site.tree):
        checkout = site.other(leads_to)
        return None if checkout == site.tree else checkout
    return site.other(leads_to)


def _without_comments(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield line.partition("//")[0].strip()


def _places_of_go(line: str, file: str) -> Iterator[tuple[str, str]]:
    replaced = re.search(r"(\S+)(?:\s+v\S+)?\s+=>\s+((?:\.{0,2}/)\S*)\s*$", line)
    if replaced:
        yield replaced[1], replaced[2]
    elif file == "go.work":
        used = re.match(r"(?:use\s+)?((?:\.{1,2}|\.{0,2}/\S*))$", line)
        if used:
            yield "", used[1]


def cargo_leaks(site: Site) -> list[Leak]:
    """Crates of another checkout that `Cargo.toml` or a `.cargo/config.toml` names by their path."""
    settings = [folder / ".cargo" / name for folder in site.above() for name in ("config.toml", "config")]
    found = []
    for path in [site.tree / "Cargo.toml", *(each for each in settings if each.is_file())]:
        beside = path.parent if path.name == "Cargo.toml" else path.parent.parent
        for name, place in _paths_in(_toml(path)):
            checkout = _leads_out(site, beside / "x", place)
            if checkout is not None:
                found.append(Leak("rust", name, beside / place, checkout, path))
    return found


def _toml(path: Path) -> Mapping[str, object]:
    data = files.read_bytes(path)
    try:
        found: Mapping[str, object] = lazy.load("specify_cli.kernel.toml:loads")(data, str(path))
    except lazy.load("specify_cli.kernel.errors:SpecKittyError"):
        return {}
    return found


def _paths_in(table: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every `path = "…"` of a dependency or a patch, and the list `paths` of a config."""
    if not isinstance(table, Mapping):
        return
    for key, value in table.items():
        if key == "path" and isinstance(value, str) and name not in ("lib", "bin", "test", "example", "bench"):
            yield name, value
        elif key == "paths" and isinstance(value, list):
            yield from ((Path(str(each)).name, str(each)) for each in value)
        else:
            yield from _paths_in(value, str(key))
