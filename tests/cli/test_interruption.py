"""Ctrl-C at the real command, while it waits."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from tests.support.cli import SCRIPT
from tests.support.project import Project, Task


@pytest.mark.parametrize("form", [["--json"], []])
def test_ctrl_c_ends_a_waiting_command_in_the_form_that_was_asked_for(form: list[str], project: Project) -> None:
    slug = project.finalized(Task("WP01"))
    project.run("next", "--agent", "claude", "--mission", slug, "--json").ok()
    argv = [str(SCRIPT), "next", "--agent", "codex", "--mission", slug, "--wait", "60", *form]
    with subprocess.Popen(argv, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        assert process.poll() is None, "it does not wait"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    if form:
        assert json.loads(out)["error_code"] == "INTERRUPTED"
    else:
        assert err.splitlines()[-1] == "Error: interrupted"
