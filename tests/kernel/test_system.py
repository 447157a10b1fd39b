"""What differs between operating systems: the ways of one that lacks what Windows lacks, beside those of POSIX."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel import system
from specify_cli.kernel.commands import Command, command
from tests.kernel.test_commands import read_back
from tests.support.ahead.sitecustomize import Lacking
from tests.support.cli import Result
from tests.support.elsewhere import needs_posix
from tests.support.project import Project

# What a printed command may hold; no shell of Windows takes a line break in a word.
words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12)


@pytest.fixture(name="bare", scope="module")
def _bare() -> ModuleType:
    """The module as it is on a system that lacks what Windows lacks."""
    found = ModuleType(system.__name__)
    Lacking(system.__name__, str(system.__file__)).exec_module(found)
    return found


def test_nothing_of_posix_is_left_in_that_view(bare: ModuleType) -> None:
    assert (bare.FILE_TOO_LARGE, bare.APART, bare.LONGEST_PATH) == (None, {}, 259)
    assert [sign.name for sign in bare.ENDING] == ["SIGTERM"]


def test_a_link_is_not_written_through(bare: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for each in (system, bare):
        with pytest.raises(OSError, match="link") as caught:
            each.open_file(tmp_path / "link", os.O_WRONLY | os.O_CREAT, follow=False)
        assert caught.value.errno == errno.ELOOP
    assert not (tmp_path / "file").exists()


def test_a_file_that_somebody_reads_is_waited_for(
    bare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_text("new")
    real, refused = os.replace, [PermissionError(errno.EACCES, "in use")] * 2

    def replace(source: Path, target: Path) -> None:
        if refused:
            raise refused.pop()
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    bare.replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new"


@needs_posix("Windows gives one answer for a file in use and for a lack of permission")
def test_a_lack_of_permission_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = [PermissionError(errno.EACCES, "no write access")]
    monkeypatch.setattr(os, "replace", lambda _source, _target: raised(refused.pop()))
    with pytest.raises(PermissionError):
        system.replace(tmp_path / "old", tmp_path / "new")


def raised(error: Exception) -> None:
    raise error


def test_a_pipe_is_not_waited_for_and_a_folder_is_named_as_one(bare: ModuleType, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe is there"):
        bare.open_file(tmp_path / "pipe", os.O_RDONLY)
    with pytest.raises(IsADirectoryError):
        bare.open_file(tmp_path, os.O_RDONLY)


def test_modes_and_folders_do_without_posix(bare: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "file"
    handle = bare.open_file(path, os.O_WRONLY | os.O_CREAT)
    bare.set_mode(handle, path, 0o600)
    os.close(handle)
    bare.sync_folder(tmp_path)
    bare.sync_all()
    assert path.stat().st_mode & 0o777 == 0o600
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(ImportError):
        bare.hold_folder(folder)
    os.close(folder)


def test_processes_are_seen_and_ended_without_posix(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPUTERNAME", "KITTY")
    assert bare.host() == "KITTY"
    assert bare.exists(os.getpid())
    assert bare.end_group(12) == ["taskkill", "/T", "/F", "/PID", "12"]


@pytest.mark.parametrize("name", ["con", "NUL.txt", "aux .c", "com1", "name.", "name "])
def test_names_that_windows_keeps_for_itself(name: str) -> None:
    assert system.is_reserved(name)


@pytest.mark.parametrize("name", ["console", "conf.txt", "a.con", "com0", ".gitignore"])
def test_ordinary_names(name: str) -> None:
    assert not system.is_reserved(name)


# -- commands for the shell in use -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "shell"),
    [
        ({"SHELL": "/usr/bin/bash"}, system.POSIX),
        ({"MSYSTEM": "MINGW64"}, system.POSIX),
        ({"USERPROFILE": r"C:\Users\Ada", "PSModulePath": r"C:\users\ada\Documents\Modules;D:\x"}, system.POWERSHELL),
        ({"USERPROFILE": r"C:\Users\Ada", "PSModulePath": r"C:\Windows\Modules"}, system.CMD),
        ({}, system.CMD),
    ],
)
def test_the_shell_in_use(
    bare: ModuleType, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], shell: str
) -> None:
    for name in ("SHELL", "MSYSTEM", "USERPROFILE", "PSModulePath"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert bare.shell() == shell


@pytest.mark.parametrize(
    ("shell", "text"),
    [
        (system.POSIX, "git add 'a b' && git commit -m '$(x)'"),
        (system.POWERSHELL, "git add 'a b'; if ($?) { git commit -m '$(x)' }"),
        (system.CMD, 'git add "a b" && git commit -m "$(x)"'),
    ],
)
def test_steps_one_after_another(shell: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "shell", lambda: shell)
    assert Command(("git", "add", "a b"), ("git", "commit", "-m", "$(x)")) == text


@given(st.lists(words, min_size=1, max_size=4))
def test_every_word_arrives_as_it_is(given_words: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        assert read_back(command("x", *given_words)) == ["x", *given_words]
        patch.setattr(system, "shell", lambda: system.CMD)
        assert _as_a_program_reads(_through_cmd(command("x", *given_words))) == ["x", *given_words]
        patch.setattr(system, "shell", lambda: system.POWERSHELL)
        assert _through_powershell(command("x", *given_words)) == ["x", *given_words]


def _through_cmd(line: str) -> str:
    """What the command prompt hands on: outside quotes a caret is taken away, and nothing else may act there."""
    seen, is_quoted, at = "", False, 0
    while at < len(line):
        sign = line[at]
        if sign == '"':
            is_quoted = not is_quoted
        elif not is_quoted and sign == "^":
            at += 1
            sign = line[at]
        else:
            assert is_quoted or sign not in "&|<>()!", line
            assert sign != "%", line
        seen += sign
        at += 1
    return seen


def _as_a_program_reads(line: str) -> list[str]:
    """The rules of Microsoft's C runtime: 2n backslashes and a quote are n backslashes and the end of a quotation."""
    found, word, is_quoted, is_word, at = list[str](), "", False, False, 0
    line += " "
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        at += slashes
        sign = line[at : at + 1]
        at += 1
        is_word = is_word or bool(slashes) or sign == '"'
        if sign == '"':
            word += "\\" * (slashes // 2) + ('"' if slashes % 2 else "")
            is_quoted = is_quoted if slashes % 2 else not is_quoted
            continue
        word += "\\" * slashes
        if sign == " " and not is_quoted:
            found += [word] if word or is_word else []
            word, is_word = "", False
        else:
            word += sign
    return found


def _through_powershell(line: str) -> list[str]:
    """Single quotes hold everything; Windows PowerShell puts words with blanks between quotes for the program."""
    found, word, is_quoted, is_word = list[str](), "", False, False
    signs = iter([*line, " "])
    previous = ""
    for sign in signs:
        if sign == "'":
            word += "'" if is_quoted is False and previous == "'" else ""
            is_quoted, is_word = not is_quoted, True
        elif sign == " " and not is_quoted:
            found += [word] if word or is_word else []
            word, is_word = "", False
        else:
            assert is_quoted or sign not in '$`;&|<>(){},#"', line
            word += sign
        previous = sign
    return _as_a_program_reads(" ".join(f'"{each}"' if " " in each else each for each in found))


@pytest.mark.skipif(sys.platform == "win32", reason="the view of this test is that of another system")
def test_a_command_runs_with_that_view(tmp_path: Path) -> None:
    folder = Path(__file__).parent.parent / "support" / "ahead"
    code = "from specify_cli.kernel import files, system; from pathlib import Path; import sys\n"
    code += "files.append(Path(sys.argv[1]), b'x\\n'); print(system.APART, system.LONGEST_PATH)"
    env = {**os.environ, "PYTHONPATH": str(folder), "TESTS_WITHOUT_POSIX": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "log"], env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("{} 259\n", "")
    assert (tmp_path / "log").read_bytes() == b"x\n"


def test_a_name_that_leads_to_long_paths_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "LONGEST_PATH", len(str(project.path)) + 150)
    refused = project.run("agent", "mission", "create", "a-rather-long-name-for-a-mission", "--json")
    assert "shorter name" in refused.failed("PATH_TOO_LONG", 1).json()["error"]
    project.run("agent", "mission", "create", "short", "--json").ok()


def test_a_project_is_not_named_like_a_device(tmp_path: Path, run: Callable[..., Result]) -> None:
    run("init", "con", "--ai", "claude", "--json").failed("INVALID_NAME", 2)
    assert not (tmp_path / "con").exists()
