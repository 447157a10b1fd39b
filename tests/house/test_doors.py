"""Each thing outside has one door, and what may not stand anywhere stands nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.source import Module, dotted, modules, nodes

DOORS = {
    "subprocess": "kernel.process",
    "httpx": "kernel.http",
    "sqlite3": "kernel.database",
    "filelock": "kernel.locks",
    "ulid": "kernel.ids",
    "time": "kernel.clock",
    "tempfile": "kernel.scratch",
    "shutil": "kernel.files",
    "ruamel": "kernel.yaml_round_trip",
    "importlib": "kernel.lazy",
}

# Nobody: the first is not ours to import (typer carries its own), the others start things we do not clean up.
FORBIDDEN = ("click", "multiprocessing", "asyncio", "pickle", "requests", "yaml")

STREAM = re.compile(r"sys\.(stdout|stderr)\.(write|buffer|flush)")

WRITING_CALLS = {
    "os.replace", "os.rename", "os.fsync", "os.write", "os.fdopen", "os.remove", "os.unlink", "os.makedirs", "os.mkdir",
    "os.symlink", "os.ftruncate",
}  # fmt: skip
WRITING_METHODS = {"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "symlink_to", "hardlink_to"}

# What reads on behalf of others; `os.open` of a folder or of nothing, and a database.
_READERS = {"files", "place", "self", "database", "os", "parts"}

# (module, what): why it may.
EXCEPTIONS = {
    ("kernel.database", "open"): "its own, of a database",
    ("kernel.process", "open"): "the output of a program in the background goes straight to its file",
    ("kernel.swap", "os.fdopen"): "writes many files that are made durable together",
    ("kernel.system", "os.replace"): "has a way for systems that refuse it at times",
    ("kernel.system", "os.fsync"): "has a way for systems that sync one file at a time",
    ("core.project_setup", "folder.rmdir"): "takes back the empty folders of a set-up that failed",
    ("core.agents", "shutil"): "asks which agents are installed",
}


def violations(found: Iterator[tuple[Module, ast.AST, str]]) -> list[str]:
    """What was found, without the known exceptions, as lines to click on."""
    return [f"{module.at(node)} {what}" for module, node, what in found if (module.name, what) not in EXCEPTIONS]


@pytest.mark.parametrize(("library", "door"), sorted(DOORS.items()))
def test_a_library_is_imported_by_its_door_alone(library: str, door: str) -> None:
    assert not violations(
        (module, node, library)
        for module in modules()
        if module.name != door
        for name, node in module.imports()
        if name.partition(".")[0] == library
    )


# What Windows has no name for; `kernel.system` has a way for both.
POSIX_ONLY = {
    "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "fchmod", "fchown", "uname", "sync", "killpg",
    "getpgid", "setsid", "fork", "forkpty", "mkfifo", "openpty", "geteuid", "getuid", "getgid", "chown",
    "lchown", "getloadavg", "sysconf", "wait4", "nice", "SIGKILL", "SIGXFSZ", "SIGHUP", "SIGQUIT", "SIGALRM",
    "SIGUSR1", "SIGCHLD", "SIGPIPE", "SIGTSTP", "SIGWINCH",
}  # fmt: skip


def test_only_one_module_names_what_windows_lacks() -> None:
    def found() -> Iterator[tuple[Module, ast.AST, str]]:
        for module in modules():
            if module.name == "kernel.system":
                continue
            for node in nodes(module.tree):
                if isinstance(node, ast.Attribute) and node.attr in POSIX_ONLY:
                    yield module, node, dotted(node)
                if isinstance(node, ast.Constant) and str(node.value).startswith(("fcntl:", "pwd:", "resource:")):
                    yield module, node, str(node.value)

    assert not violations(found())


@pytest.mark.parametrize("library", FORBIDDEN)
def test_some_libraries_are_imported_by_nobody(library: str) -> None:
    assert not violations(
        (module, node, library)
        for module in modules()
        for name, node in module.imports()
        if name.partition(".")[0] == library
    )


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_only_the_command_line_knows_the_terminal(library: str) -> None:
    assert not violations(
        (module, node, library)
        for module in modules()
        if module.floor != "cli"
        for name, node in module.imports()
        if name.partition(".")[0] == library
    )


def test_only_the_clock_tells_the_time() -> None:
    asked = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"}
    assert not violations(
        (module, node, name)
        for module in modules()
        if module.name != "kernel.clock"
        for name, node in module.calls()
        if name in asked
    )


def test_only_one_module_writes_files() -> None:
    def found() -> Iterator[tuple[Module, ast.AST, str]]:
        for module in modules():
            if module.name == "kernel.files":
                continue
            ours = {name.rpartition(".")[2] for name, _ in module.imports() if name.startswith("specify_cli.")}
            for name, node in module.calls():
                first, last = name.partition(".")[0], name.rpartition(".")[2]
                if name in WRITING_CALLS or (first != last and last in WRITING_METHODS and first not in ours):
                    yield module, node, name
                elif last == "open" and name != "os.open" and _opens_for_writing(node):
                    yield module, node, "open"

    assert not violations(found())


def test_only_one_module_opens_files_to_read() -> None:
    """Elsewhere a pipe in place of a file would be waited for, and a file without end be read to its end."""

    def found() -> Iterator[tuple[Module, ast.AST, str]]:
        for module in modules():
            if module.name == "kernel.files":
                continue
            for name, node in module.calls():
                *_, owner, last = ("", *name.split("."))
                if last in {"read_text", "read_bytes", "open"} and owner not in _READERS:
                    yield module, node, last

    assert not violations(found())


def _opens_for_writing(call: ast.Call) -> bool:
    words = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(len(mode) <= 3 and set(mode) & set("wax+") and set(mode) <= set("rwaxbt+") for mode in modes)


def test_only_the_output_prints() -> None:
    def found() -> Iterator[tuple[Module, ast.AST, str]]:
        for module in modules():
            if module.name in {"cli.output", "__main__"}:
                continue
            for name, node in module.calls():
                if name in {
                    "print",
                    "sys.exit",
                    "exit",
                    "input",
                    "breakpoint",
                    "typer.echo",
                    "typer.secho",
                } or STREAM.match(name):
                    yield module, node, name

    assert not violations(found())


def test_nothing_is_imported_inside_a_function() -> None:
    assert not violations(
        (module, node, f"import in {function.name}")
        for module in modules()
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def test_only_the_output_catches_everything() -> None:
    def found() -> Iterator[tuple[Module, ast.AST, str]]:
        for module in modules():
            for node in nodes(module.tree):
                if isinstance(node, ast.ExceptHandler) and module.name != "cli.output":
                    caught = ast.unparse(node.type) if node.type else "everything"
                    again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
                    everything = {"everything", "Exception", "BaseException"} & set(re.findall(r"\w+", caught))
                    if everything and not again:  # undoing and raising again hides nothing
                        yield module, node, f"except {caught}"
            for name, call in module.calls():
                if name.endswith("suppress") and any(
                    ast.unparse(word) in {"Exception", "BaseException"} for word in call.args
                ):
                    yield module, call, "suppress(Exception)"

    assert not violations(found())


def test_nothing_happens_at_import() -> None:
    def asks(name: str) -> bool:
        return name.startswith(("os.environ", "os.get", "sys.stdin", "Path.cwd", "Path.home", "open")) or (
            name.rpartition(".")[2] in {"read_text", "read_bytes", "exists", "Console"}
        )

    def found() -> Iterator[tuple[Module, ast.AST, str]]:
        for module in modules():
            for statement in module.tree.body:
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
                    continue
                for node in ast.walk(statement):
                    if isinstance(node, ast.Call) and asks(ast.unparse(node.func)):
                        yield module, node, ast.unparse(node.func)

    assert not violations(found())
