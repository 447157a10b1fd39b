"""Scripted agents under the real ones' names, for programs that start agents: who may write implements, else reviews.

They read the prompt on standard input as the real ones do, write and commit code in the folder they are started in,
and run it. Each turn is noted in `turns.log` (`claude` implements, `codex` reviews, whatever they were called by).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_AGENT = """#!{python}
import os, re, subprocess, sys, time
from pathlib import Path

folder = Path(sys.argv[0]).parent
role = "claude" if "Write" in " ".join(sys.argv) else "codex"
prompt = sys.stdin.read()
wp = re.search(r"^work_package_id: (WP\\d+)$", prompt, re.MULTILINE)[1]
code = Path("src") / wp.lower() / "code.py"

def note(text):
    with (folder / "turns.log").open("a") as log:
        log.write(f"{{role}} {{wp}} {{text}}\\n")

note("begins")
if wp in (folder / "slow").read_text().split():
    time.sleep(60)
if role == "claude":
    better = "review feedback" in prompt.lower() or wp not in (folder / "careless").read_text().split()
    doc = f'    "What {{wp}} does."\\n' if better else ""
    code.parent.mkdir(parents=True, exist_ok=True)
    code.write_text(f"def main():\\n{{doc}}    return {{wp!r}}\\n")
    boxes = re.findall(r"^subtasks: \\[(.*)\\]$", prompt, re.MULTILINE)[0].replace(",", " ").split()
    if boxes and "--ticks" in (folder / "careless").read_text():
        subprocess.run(["spec-kitty", "agent", "tasks", "mark-status", *boxes, "--status", "done"], check=True)
    subprocess.run(["git", "add", "-A"], check=True)
    subprocess.run(["git", "commit", "-q", "-m", f"{{wp}}: work"], check=True)
else:
    found = {{}}
    exec(code.read_text(), found)
    if found["main"]() != wp or not found["main"].__doc__:
        note("rejects")
        sys.exit(f"error: {{code}}: main has no docstring")
print('{{"result": {{}}}}')
note("ends")
"""


def make_agents(folder: Path, *, careless: str = "", slow: str = "") -> dict[str, str]:
    """Put the agents into a folder; the variables under which a program finds them, and the installed command.

    Args:
        careless: work packages whose first version is rejected; with `--ticks` subtasks are ticked.
        slow: work packages on which an agent never comes to an end.
    """
    folder.mkdir(parents=True)
    for name in ("claude", "codex"):
        path = folder / name
        path.write_text(_AGENT.format(python=sys.executable), encoding="utf-8")
        path.chmod(0o755)
    (folder / "careless").write_text(careless, encoding="utf-8")
    (folder / "slow").write_text(slow, encoding="utf-8")
    (folder / "turns.log").touch()
    return {"PATH": os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])}


def turns(folder: Path) -> list[str]:
    """Every turn so far: `claude WP01 begins`."""
    return (folder / "turns.log").read_text(encoding="utf-8").splitlines()
