"""What an acceptance says that it tested: what would be merged, last of all, and by commands that somebody trusted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel.process import is_running
from specify_cli.status.models import Lane
from tests.cli.commands.test_hooks import hook
from tests.support.cli import SCRIPT
from tests.support.elsewhere import needs_posix
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, ready, story
from tests.support.trusting import trust_all


def asking(project: Project, *tests: list[str], trusted: bool = True) -> None:
    """Have the project ask for tests, and trust them unless told otherwise."""
    config = project.path / ".kittify/config.yaml"
    kept = [line for line in config.read_text(encoding="utf-8").splitlines() if not line.startswith("accept:")]
    config.write_text("\n".join([*kept, f"accept: {json.dumps({'tests': tests})}", ""]), encoding="utf-8")
    project.git("commit", "-q", "-a", "--allow-empty", "-m", "the tests of the project")
    if trusted:
        trust_all(project.path)


def _codes(answer: dict[str, Any], key: str = "unmet") -> list[str]:
    return sorted({each["code"] for each in answer[key]})


def _receipt(found: Story) -> dict[str, Any]:
    text = found.git("show", f"main:kitty-specs/{found.slug}/merge-receipt.json")
    told: dict[str, Any] = json.loads(text)
    return told


def _accepted(found: Story) -> dict[str, Any]:
    event = [each for each in found.mission.status.mission_events if each.type == "accepted"][-1]
    return dict(event.data)


# -- an install of another checkout --------------------------------------------------------------------------------


def _installed(project: Project) -> Path:
    """The interpreter of a virtual environment in which the main checkout's `src` is installed to be edited."""
    folder = project.path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "__editable__.tea-1.0.pth").write_text(f"{project.path / 'src'}\n")
    return folder / "bin/python"


def test_a_change_that_breaks_the_tests_is_not_accepted_by_testing_the_main_checkout(project: Project) -> None:
    project.git.write("src/tea/__init__.py", "steep = 3\n")
    project.git.write("tests/run.py", "import tea\nassert tea.steep == 3, tea.__file__\n")
    project.git.write(".gitignore", ".venv/\n.worktrees/\n")
    project.git.commit("tea")
    python = _installed(project)
    warned = list(project.run("doctor", "worktrees", "--json").json()["findings"])
    assert [each["code"] for each in warned] == ["WORKTREES", "TESTS_SEE_ANOTHER_CHECKOUT"]
    assert str(project.path / "src") in warned[1]["message"]
    found = story(project, Task("WP01", owns=("src/**",)))
    found.work("WP01", {"src/tea/__init__.py": "steep = 4\n"})

    line = f"{python} tests/run.py"
    refused = found.accept("--test", line).failed("NOT_ACCEPTABLE").json()
    assert _codes(refused) == ["TESTS_SEE_ANOTHER_CHECKOUT"]
    assert str(project.path / "src") in refused["unmet"][0]["what"]
    assert (refused["tests"], refused["tested"]) == ([], False)
    assert refused["hint"] == f"spec-kitty accept --mission {found.slug} --test 'env PYTHONPATH=src {line}'"
    assert _codes(found.accept("--test", f"env PYTHONPATH=src {line}").failed().json()) == ["TEST_FAILED"]
    asking(project, [str(python), "tests/run.py"])
    assert _codes(found.accept().failed().json()) == ["TESTS_SEE_ANOTHER_CHECKOUT"]


def test_what_nobody_can_look_into_is_a_warning_and_runs(project: Project) -> None:
    found = ready(project, accepted=False)
    data = found.accept("--test", "sh -c 'sh ./no-such; true'").ok().json()
    assert _codes(data, "warnings") == ["TESTS_NOT_EXAMINED"]
    assert data["tested"] is True


# -- last of all ---------------------------------------------------------------------------------------------------


def test_tests_run_only_when_all_other_conditions_hold(project: Project) -> None:
    found = ready(project, accepted=False)
    mark = project.path.parent / "ran"
    found.mission.force("WP05", Lane.PLANNED)
    data = found.accept("--test", f"touch {mark}").failed().json()
    assert _codes(data) == ["WP_NOT_APPROVED"]
    assert (_codes(data, "warnings"), data["tests"], mark.exists()) == (["TESTS_NOT_RUN"], [], False)
    said = project.run("accept", "--mission", found.slug, "--test", "true").err
    assert "1 test did not run: tests come last" in said


def test_a_test_that_fails_where_nothing_was_set_up_says_so(project: Project) -> None:
    found = ready(project, accepted=False)
    told = found.accept("--test", "test -f generated.txt").failed().json()["unmet"][0]
    assert "Nothing was set up in the worktree where it ran" in told["what"]
    assert "worktree.copy" in told["what"]
    hook(found.git, "#!/bin/sh\necho made > made.txt\n")
    trust_all(project.path)
    told = found.accept("--test", "test -f generated.txt").failed().json()["unmet"][0]
    assert "Nothing was set up" not in told["what"]


# -- the tests of the project --------------------------------------------------------------------------------------


def test_the_tests_of_the_project_run_without_a_shell_once_they_are_trusted(project: Project) -> None:
    found = ready(project, accepted=False)
    mark = project.path.parent / "ran"
    asking(project, ["touch", str(mark)], ["test", "-f", "src/one/a.py"], trusted=False)
    refused = found.accept().failed().json()
    assert (_codes(refused), mark.exists()) == (["TESTS_UNTRUSTED"], False)
    assert refused["hint"] == "spec-kitty hooks trust"
    assert "--untested WHY" in refused["unmet"][0]["what"]
    assert "TESTS_UNTRUSTED" in _codes(project.run("doctor", "worktrees", "--json").json(), "findings")
    assert "TESTS_UNTRUSTED" in _codes(found.run("why").ok().json())
    shown = trust_all(project.path)
    assert f"touch {mark}" in shown

    done = found.accept("--test", "test -f src/two/a.py").ok().json()
    assert [(each["source"], each["argv"]) for each in done["tests"]] == [
        ("config", ["touch", str(mark)]),
        ("config", ["test", "-f", "src/one/a.py"]),
        ("option", None),
    ]
    assert (done["tested"], done["tested_tree"], mark.exists()) == (True, done["tree"], True)
    mark.unlink()
    again = found.accept().ok().json()
    assert (again["already_accepted"], again["tested"], mark.exists()) == (True, True, False)

    asking(project, ["sh", "-c", "echo $HOME; true"], trusted=False)
    changed = found.accept().failed().json()["unmet"][0]
    assert "it has changed since it was trusted" in changed["what"]


def test_a_word_of_the_list_is_never_read_by_a_shell(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["test", "$HOME; touch x", "=", "$HOME; touch x"])
    assert found.accept().ok().json()["tests"][0]["exit_code"] == 0


def test_a_program_that_is_not_there_fails_like_in_a_shell(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["no-such-program"])
    data = found.accept().failed().json()
    assert (_codes(data), data["tests"][0]["exit_code"]) == (["TEST_FAILED"], 127)
    assert "not installed" in Path(data["tests"][0]["log"]).read_text()


def test_the_list_of_the_tested_work_is_not_asked(project: Project) -> None:
    asking(project, ["false"])
    found = story(project, Task("WP01", owns=("a/**",)))
    config = project.path / ".kittify/config.yaml"
    found.work("WP01", {".kittify/config.yaml": config.read_text().replace("false", "true"), "a/f.txt": "a\n"})
    assert _codes(found.accept().failed().json()) == ["TEST_FAILED"]


def test_tests_that_were_trusted_and_are_gone_are_missed(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["false"])
    asking(project, trusted=False)
    told = found.accept().failed().json()
    assert _codes(told) == ["TESTS_UNTRUSTED"]
    assert "is gone" in told["unmet"][0]["what"]
    trust_all(project.path)
    assert found.accept().ok().json()["tested"] is False


def test_in_a_session_of_an_agent_the_test_comes_first_so_that_somebody_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ready(project, accepted=False)
    mark = project.path.parent / "ran"
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "c-1")

    refused = project.run("accept", "--mission", found.slug, "--test", f"touch {mark}", "--json")

    error = refused.failed("USAGE_ERROR", 2).json()
    assert error["hint"] == f"spec-kitty accept --test 'touch {mark}' --mission {found.slug}"
    assert not mark.exists()
    project.run("accept", "--test", f"touch {mark}", "--mission", found.slug, "--actor", "claude", "--json").ok()
    assert mark.exists()


def test_without_tests_a_reason_is_recorded(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["false"])
    found.accept("--untested", " ").failed("USAGE_ERROR", 2)
    found.accept("--untested", "x", "--test", "y").failed("USAGE_ERROR", 2)
    done = found.accept("--untested", "the server is down").ok().json()
    assert (done["tested"], done["untested"], done["tests"]) == (False, "the server is down", [])
    assert _accepted(found)["untested"] == "the server is down"
    assert "not tested: the server is down" in project.run(
        "accept", "--mission", found.slug, "--untested", "the server is down"
    ).ok().out  # fmt: skip
    assert found.accept("--untested", "the server is down").ok().json()["already_accepted"] is True
    assert _codes(found.accept().failed().json()) == ["TEST_FAILED"], "without a reason the tests are asked for again"
    merged = found.merge().ok().json()
    assert (merged["tested"], merged["untested"]) == (False, "the server is down")
    assert (_receipt(found)["tested"], _receipt(found)["untested"]) == (False, "the server is down")


def test_programs_get_the_same_conditions(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["false"], trusted=False)
    words = ("orchestrator-api", "accept-mission", "--mission", found.slug, "--actor", "orch")
    told = project.run(*words).json()
    assert told["error_code"] == "MISSION_NOT_READY"
    assert [each["code"] for each in told["data"]["unmet"]] == ["TESTS_UNTRUSTED"]
    asking(project, ["false"])
    assert [each["code"] for each in project.run(*words).json()["data"]["unmet"]] == ["TEST_FAILED"]
    asking(project, ["true"])
    assert project.run(*words).json()["success"] is True
    assert _accepted(found)["tested"] is True


# -- what is told --------------------------------------------------------------------------------------------------


def test_an_acceptance_without_tests_says_so_everywhere(project: Project) -> None:
    found = ready(project, accepted=False)
    data = found.accept().ok().json()
    assert (data["tested"], data["tested_tree"], data["untested"]) == (False, None, None)
    assert _accepted(found)["tested"] is False
    assert "not tested: no command ran" in project.run("accept", "--mission", found.slug).ok().out
    said = project.run("merge", "--mission", found.slug).ok().out
    assert "not tested: no command ran when it was accepted" in said
    assert _receipt(found)["tested"] is False
    assert _receipt(found)["merged_tree"] == _receipt(found)["result"]["tree"]


def test_what_was_tested_as_it_is_merged_says_so(project: Project) -> None:
    found = ready(project, accepted=False)
    data = found.accept("--test", "true").ok().json()
    merged = found.merge().ok().json()
    told = _receipt(found)
    assert merged["tested"] is told["tested"] is True
    assert merged["tested_tree"] == told["tested_tree"] == data["tree"]
    assert [(each["command"], each["exit_code"]) for each in told["tests"]] == [("true", 0)]
    assert told["tests"][0]["log_sha256"] == data["tests"][0]["log_sha256"]
    findings = project.run("doctor", "merge", "--json").json()["findings"]
    assert [each["code"] for each in findings if each["severity"] not in ("ok", "note")] == []


@pytest.mark.parametrize(
    "lie", [{"tested_tree": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}, {"tested": True, "tested_tree": None}]
)
def test_a_receipt_that_lies_about_its_tests_is_found_out(project: Project, lie: dict[str, object]) -> None:
    found = ready(project, accepted=False)
    found.accept("--test", "true").ok()
    found.merge().ok()
    path = found.mission.folder / "merge-receipt.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | lie))
    findings = project.run("doctor", "merge", "--json").json()["findings"]
    assert any("was tested" in each["message"] for each in findings if each["code"] == "RECEIPT_MISMATCH")


def test_a_target_that_moved_after_the_tests_makes_what_is_merged_untested(project: Project) -> None:
    found = ready(project, accepted=False)
    found.accept("--test", "true").ok()
    found.git.commit("meanwhile", other_txt="x\n")
    merged = found.merge().ok().json()
    assert "TESTED_TREE_DIFFERS" in _codes(merged, "warnings")
    assert (merged["tested"], _receipt(found)["tested"]) == (False, False)
    assert merged["tested_tree"] != merged["merged_tree"]


def test_where_the_project_asks_for_tests_a_target_that_moved_is_tested_again(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["test", "-f", "src/one/a.py"])
    first = found.accept().ok().json()
    found.git.commit("meanwhile", other_txt="x\n")
    refused = found.merge().failed("TESTED_TREE_DIFFERS").json()
    assert refused["hint"] == f"spec-kitty accept --mission {found.slug}"
    assert "TESTED_TREE_DIFFERS" in _codes(found.run("why").json())
    second = found.accept().ok().json()
    assert (second["already_accepted"], second["tested"]) == (False, True)
    assert second["tested_tree"] != first["tested_tree"]
    assert found.merge().ok().json()["tested"] is True


def test_an_acceptance_from_before_the_project_asked_for_tests_is_not_enough(project: Project) -> None:
    found = ready(project)
    asking(project, ["true"])
    assert "accept.tests" in found.merge().failed("TESTED_TREE_DIFFERS").json()["error"]
    found.accept().ok()
    found.merge().ok()


def test_no_log_of_earlier_evidence_is_written_over(project: Project) -> None:
    found = ready(project, accepted=False)
    logs = [found.accept("--test", "date +%N; echo one").ok().json()["tests"][0] for _ in range(2)]
    logs.append(found.accept("--test", "echo two").ok().json()["tests"][0])
    assert len({each["log"] for each in logs}) == 3
    assert [Path(each["log"]).read_text().splitlines()[-1] for each in logs] == ["one", "one", "two"]
    assert len({each["log_sha256"] for each in logs}) == 3


@needs_posix("Windows ends what was started by a program of its own")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_acceptance_that_is_stopped_ends_its_tests(project: Project, sign: signal.Signals) -> None:
    found = ready(project, accepted=False)
    mark = project.path.parent / "pid"
    words = [str(SCRIPT), "accept", "--mission", found.slug, "--test", f"sleep 300 & echo $! > {mark}; wait"]
    env = {**os.environ, "SPEC_KITTY_SESSION": "s"}
    running = subprocess.Popen(words, cwd=project.path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if mark.exists() and mark.read_text().strip():
            break
        time.sleep(0.05)
    pid = int(mark.read_text())
    running.send_signal(sign)
    assert running.wait(timeout=30) != 0
    for _ in range(100):
        if not is_running(pid):
            break
        time.sleep(0.05)
    assert not is_running(pid)
    assert not (project.path / ".worktrees" / f"{found.slug}-accept").exists()
    found.accept("--test", "true").ok()


def test_a_checklist_runs_what_was_typed_and_not_what_the_project_asks_for(project: Project) -> None:
    found = ready(project, accepted=False)
    asking(project, ["false"])
    data = found.accept("--mode", "checklist").ok().json()
    assert (data["ready"], data["tests"], _codes(data, "warnings")) == (True, [], ["TESTS_NOT_RUN"])
    assert Repo(project.path).status() == ""
