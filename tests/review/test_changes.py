"""The change under review is shown whatever the change itself says of its files."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.git import Git
from specify_cli.review.changes import ChangeSet, is_text, read_change
from tests.support.git import Repo
from tests.support.loop import Agent
from tests.support.missions import finalized_mission
from tests.support.project import Project

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 8
ATTRIBUTES = (
    "-diff", "binary", "linguist-generated", "linguist-generated=true -diff", "diff=none", "diff=astextplain",
    "diff=gone", "-text -diff", "export-ignore", "merge=ours -diff", "filter=gone", "working-tree-encoding=UTF-16",
    "ident", "eol=crlf",
)  # fmt: skip


def between(git: Repo, base: str, *scope: str) -> ChangeSet:
    return read_change(Git(git.path), base, git.head(), scope)


def printed(change: ChangeSet, git: Repo) -> str:
    """What the printed command shows, run by a shell."""
    words = shlex.split(change.command(git.path))
    return subprocess.run(words, capture_output=True, text=True, check=True, errors="replace").stdout


@pytest.mark.parametrize("where", [".gitattributes", "src/.gitattributes", ".git/info/attributes", "user"])
@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_no_attribute_hides_a_changed_line(git: Repo, where: str, attribute: str, tmp_path: Path) -> None:
    base = git.commit("base", src__app_py="")
    git.write("src/app.py", "safe = True\n")
    base = git.commit("code")
    git("config", "diff.none.textconv", "true")
    git("config", "diff.none.binary", "true")
    git("config", "diff.none.command", "true")
    git("config", "diff.external", "true")
    if where == "user":
        (tmp_path / "attributes").write_text(f"* {attribute}\n", encoding="utf-8")
        git("config", "core.attributesFile", str(tmp_path / "attributes"))
    else:
        git.write(where, f"* {attribute}\n")
    # As bytes: some of these attributes would have git refuse or convert the file on its way in.
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin", "--no-filters"], cwd=git.path, input=b"safe = False\n",
        capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    git("update-index", "--cacheinfo", f"100644,{blob},src/app.py")
    if where.endswith(".gitattributes"):
        git("update-index", "--add", "--cacheinfo", f"100644,{git('hash-object', '-w', '--no-filters', where)},{where}")
    git("commit", "-q", "-m", "the change")
    change = between(git, base)
    assert "-safe = True\n+safe = False\n" in change.patch
    assert "M src/app.py +1 -1" in change.summary().splitlines()
    assert "-safe = True\n+safe = False\n" in printed(change, git)
    if where.endswith(".gitattributes"):
        assert change.summary().splitlines()[0] == f"A {where} +1 -0"
        assert change.patch.startswith(f"diff --git a/{where} ")


def test_files_that_decide_over_others_come_first(git: Repo) -> None:
    base = git.commit("base", a_py="a\n")
    paths = [
        ".github/workflows/ci.yml",
        ".gitmodules",
        ".husky/pre-commit",
        "pkg/.gitattributes",
        "hooks/post-checkout",
    ]
    for path in (*paths, "src/hooks/use-timer.ts", "a.py"):
        git.write(path, "changed\n")
    git.commit("the change")
    change = between(git, base)
    assert [part.change.path for part in change.deciding] == sorted(paths)
    assert [part.change.path for part in change.parts] == [*sorted(paths), "a.py", "src/hooks/use-timer.ts"]


def test_renames_modes_links_and_kinds_are_told(git: Repo) -> None:
    git.write("old name.py", "".join(f"line {number}\n" for number in range(20)))
    git.write("tool.sh", "echo\n")
    git.write("kind", "words\n")
    base = git.commit("base")
    git("mv", "old name.py", "new.py")
    git.write("new.py", (git.path / "new.py").read_text(encoding="utf-8").replace("line 7", "line seven"))
    (git.path / "tool.sh").chmod(0o755)
    (git.path / "kind").unlink()
    (git.path / "kind").symlink_to("/etc/passwd")
    git.commit("the change")
    change = between(git, base)
    lines = change.summary().splitlines()
    assert lines[0] == "T kind +1 -1 file -> link"
    assert lines[1].startswith("R old name.py => new.py (renamed, 9")
    assert lines[1].endswith("% alike) +1 -1")
    assert lines[2:] == ["M tool.sh +0 -0 file -> executable", "3 files, +2 -2 lines"]
    for told in ("+/etc/passwd", "+line seven", "old mode 100644\nnew mode 100755"):
        assert told in change.patch
    assert change.patch == printed(change, git)
    assert set(change.paths) == {"kind", "old name.py", "new.py", "tool.sh"}


def test_a_submodule_that_says_it_is_to_be_ignored_is_shown(git: Repo) -> None:
    first, second = "1" * 40, "2" * 40
    git.write(".gitmodules", '[submodule "lib"]\n\tpath = lib\n\turl = ./lib\n\tignore = all\n')
    git("add", "-A")
    git("config", "submodule.lib.ignore", "all")
    git("config", "diff.ignoreSubmodules", "all")
    git("update-index", "--add", "--cacheinfo", f"160000,{first},lib")
    git("commit", "-q", "-m", "base")
    base = git.head()
    git("update-index", "--cacheinfo", f"160000,{second},lib")
    git("commit", "-q", "--allow-empty", "-m", "the change")
    change = between(git, base)
    assert f"M lib submodule {first[:12]} -> {second[:12]}" in change.summary()
    assert Git(git.path).changed_between(base, git.head()) == ["lib"]
    assert f"+Subproject commit {second}" in change.patch
    assert f"+Subproject commit {second}" in printed(change, git)


def test_an_object_that_stands_for_another_hides_nothing(git: Repo) -> None:
    base = git.commit("base", a_py="safe = True\n")
    git.commit("the change", a_py="safe = False\n")
    (git.path / "harmless").write_text("safe = True  # quite\n", encoding="utf-8")
    git("replace", git("rev-parse", "HEAD:a.py"), git("hash-object", "-w", "harmless"))
    assert "quite" in git("show", "HEAD:a.py"), "git itself shows the other one"
    change = between(git, base)
    assert "+safe = False\n" in change.patch
    assert "+safe = False\n" in printed(change, git)


def test_binary_files_are_named_with_size_and_id_and_not_dumped(git: Repo) -> None:
    (git.path / "logo.png").write_bytes(PNG)
    (git.path / "data").write_bytes(PNG)
    base = git.commit("base", a_py="a\n")
    for name in ("logo.png", "data", "new.png"):
        (git.path / name).write_bytes(PNG + b"more")
    git("mv", "-f", "data", "moved.dat")
    git.write("words.dat", "b\n")
    git.commit("the change", a_py="b\n")
    old, new = git("rev-parse", f"{base}:logo.png")[:12], git("rev-parse", "HEAD:logo.png")[:12]
    change = between(git, base)
    size = len(PNG)
    lines = change.summary().splitlines()
    assert f"M logo.png binary, {size:,} bytes {old} -> {size + 4:,} bytes {new}" in lines
    assert any(line.startswith("R data => moved.dat (renamed, ") and " binary, " in line for line in lines)
    assert any(line.startswith("A new.png binary, nothing -> ") for line in lines)
    assert "IHDR" not in change.patch
    assert "+b\n" in change.patch
    assert "\n+++ b/words.dat\n" in change.patch
    assert change.patch == printed(change, git)
    assert "'**/*.png'" not in change.command(git.path)
    assert "**/*.png" in change.command(git.path)


def test_a_zero_byte_does_not_hide_a_program(git: Repo) -> None:
    base = git.commit("base", a_js="ok()\n")
    (git.path / "a.js").write_bytes(b"evil() // " + b"\0" + b"\n" + b"more()\n" * 20)
    git.commit("the change")
    assert "+evil() // \\x00\n" in between(git, base).patch


def test_what_would_not_be_seen_is_shown(git: Repo) -> None:
    base = git.commit("base", a_py="ok = 1\n")
    git.write("a.py", "ok = 1 \u202e# \u2066\nad\u200bmin = 2\r\nx = '\U000e0041'\nnom = 'Zoë 👩\u200d🚀'\n")
    git.commit("the change")
    patch = between(git, base).patch
    for told in ("\\u202e# \\u2066", "ad\\u200bmin = 2\\x0d\n", "\\U000e0041", "Zoë 👩\u200d🚀"):
        assert told in patch


def test_line_ends_of_windows_are_told_only_where_they_change(git: Repo) -> None:
    (git.path / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    (git.path / "mixed.txt").write_bytes(b"one\ntwo\n")
    base = git.commit("base")
    (git.path / "dos.txt").write_bytes(b"one\r\nthree\r\n")
    (git.path / "mixed.txt").write_bytes(b"one\r\ntwo\n")
    git.commit("the change")
    patch = between(git, base).patch
    assert "-two\n+three\n" in patch
    assert "-one\n+one\\x0d\n" in patch


def test_settings_of_git_change_nothing_that_is_shown(git: Repo) -> None:
    git.write("ordner/ä.txt", "a\n")
    base = git.commit("base", b_txt="b\n")
    git.write("ordner/ä.txt", "c\n")
    git.commit("the change", b_txt="d\n")
    before = between(git, base)
    git.write("order", "b.txt\n")
    for name, value in {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.relative": "true", "diff.context": "0",
        "diff.orderFile": str(git.path / "order"), "color.ui": "always", "diff.wordRegex": ".", "diff.renames": "false",
        "core.quotePath": "true", "core.bigFileThreshold": "1", "diff.external": "true", "diff.submodule": "log",
    }.items():  # fmt: skip
        git("config", name, value)
    assert between(git, base) == before
    assert "ordner/ä.txt" in before.patch


def test_odd_names_keep_their_lines(git: Repo) -> None:
    base = git.head()
    for name in ("a\ndiff --git a/x b/x", "`b` # c", "[draft].md", ":(top)x", "e\u202ef"):
        git.write(name, "words\n")
    (git.path / "[binary].bin").write_bytes(PNG)
    git.commit("the change")
    change = between(git, base)
    assert len(change.parts) == 6
    assert len(change.summary().splitlines()) == 7
    assert sum(part.patch.count("diff --git a/") for part in change.parts if part.change.path[0] == "[") == 1
    assert "IHDR" not in printed(change, git)
    assert len(change.command(git.path).splitlines()) == 1


def test_a_scope_limits_all_of_it(git: Repo) -> None:
    base = git.head()
    git.write("docs/a.md", "a\n")
    git.write("src/b.py", "b\n")
    (git.path / "docs/c.png").write_bytes(PNG)
    git.commit("the change")
    change = between(git, base, ":(glob)docs/**")
    assert change.paths == ["docs/a.md", "docs/c.png"]
    assert "src/b.py" not in printed(change, git)
    assert change.patch == printed(change, git)


@given(st.binary(max_size=300))
def test_what_git_takes_for_text_is_text(content: bytes) -> None:
    if b"\0" not in content:
        assert is_text(content)


def test_the_review_shows_a_change_that_marks_itself_as_generated(project: Project) -> None:
    mission = finalized_mission(project)
    agent, reviewer = Agent(mission), Agent(mission, "codex", "c1")
    repo = Repo(Path(str(agent.next().workspace_path)))
    repo.write(".gitattributes", "* -diff linguist-generated\n")
    (repo.path / "logo.bin").write_bytes(PNG)
    agent.submit("WP01", "back door\n")
    text = reviewer.prompt(reviewer.next())
    assert "Read these first." in text
    assert text.index("A .gitattributes +1 -0") < text.index("+back door")
    assert "+* -diff linguist-generated" in text
    assert "A logo.bin binary, nothing -> " in text
    assert "IHDR" not in text
