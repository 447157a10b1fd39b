"""A `gh` that knows the issues of one repository and answers as the real one does, and a `bd` and an `fp`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_GH = r"""#!{python}
import json, os, sys
folder, words = {folder!r}, sys.argv[1:]
state = os.path.join(folder, "issues.json")
issues = json.load(open(state))
with open(os.path.join(folder, "gh.log"), "a") as log:
    log.write(json.dumps(words) + "\n")
fails = os.path.join(folder, "fails")
if os.path.exists(fails) and words[1] == open(fails).read():
    sys.exit("HTTP 502: Bad Gateway (https://api.github.example/graphql)")
options = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)
names = options.get("json", "").split(",")
def shown(each):
    return {{name: each[name] for name in names}}
def one():
    found = [each for each in issues if str(each["number"]) == words[3]]
    if not found:
        sys.exit("GraphQL: Could not resolve to an issue or pull request with the number of %s." % words[3])
    return found[0]
if words[:2] == ["repo", "view"]:
    print(json.dumps({{"nameWithOwner": "ada/tea"}}))
elif words[0] != "issue" or options["repo"] != "ada/tea":
    sys.exit("GraphQL: Could not resolve to a Repository with the name '%s'." % options.get("repo"))
elif words[1] == "list":
    wanted = [each for each in issues if options["state"] == "all" or each["state"] == "OPEN"]
    wanted = [each for each in wanted if options.get("search", "").lower() in each["title"].lower()]
    print(json.dumps([shown(each) for each in wanted[:int(options["limit"])]]))
elif words[1] == "view":
    print(json.dumps(shown(one())))
elif words[1] == "comment":
    one()["comments"].append({{"body": sys.stdin.read()}})
elif words[1] == "close":
    one()["state"] = "CLOSED"
    one()["comments"].append({{"body": options["comment"]}})
with open(state, "w") as sink:
    json.dump(issues, sink)
"""

_BD = r"""#!{python}
import json, os, sys
state = os.path.join({folder!r}, "beads.json")
issues, words = json.load(open(state)), sys.argv[1:]
assert words[0] == "--json"
if words[1] == "list":
    print(json.dumps(issues))
elif words[1] == "update":
    each = next((each for each in issues if each["id"] == words[2]), None)
    if each is None:
        sys.exit("issue not found: " + words[2])
    each["status"] = words[3].partition("=")[2]
    json.dump(issues, open(state, "w"))
    print(json.dumps([each]))
"""

_FP = r"""#!{python}
import os, sys
state = os.path.join({folder!r}, "fp.txt")
lines, words = open(state).read().splitlines(), sys.argv[1:]
if words[:2] == ["issue", "list"]:
    print("Issues\n\n" + "\n".join(lines))
else:
    status = words[2].partition("=")[2]
    new = "%s [%s] %%s" % (words[3], status)
    done = [line if line.split()[0] != words[3] else new % line.split("] ")[-1] for line in lines]
    open(state, "w").write("\n".join(done))
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs, and where they keep what they know.

    Args:
        folder: with their state, and `bin`, which is on PATH.
    """

    folder: Path

    def issues(self) -> list[dict[str, Any]]:
        """The issues on GitHub."""
        found: list[dict[str, Any]] = json.loads((self.folder / "issues.json").read_text(encoding="utf-8"))
        return found

    def calls(self) -> list[list[str]]:
        """The words that `gh` was called with."""
        return [json.loads(line) for line in (self.folder / "gh.log").read_text(encoding="utf-8").splitlines()]

    def breaks(self, verb: str) -> None:
        """From now on this verb of `gh` fails."""
        (self.folder / "fails").write_text(verb, encoding="utf-8")

    def mends(self) -> None:
        """It works again."""
        (self.folder / "fails").unlink()

    def beads(self, *issues: dict[str, Any]) -> list[dict[str, Any]]:
        """What `bd` knows; set it, where something is given."""
        path = self.folder / "beads.json"
        if issues:
            path.write_text(json.dumps(issues), encoding="utf-8")
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return found


def programs(folder: Path, patch: pytest.MonkeyPatch) -> Programs:
    """Put a `gh`, a `bd` and an `fp` on PATH."""
    tools = folder / "bin"
    tools.mkdir(parents=True)
    for name, script in {"gh": _GH, "bd": _BD, "fp": _FP}.items():
        (tools / name).write_text(script.format(python=sys.executable, folder=str(folder)), encoding="utf-8")
        (tools / name).chmod(0o755)
    patch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    url = "https://github.example/ada/tea/issues/"
    issues = [
        {"id": f"I_{number}", "number": number, "title": title, "state": state, "url": f"{url}{number}", "body": "",
         "updatedAt": "2026-11-20T10:00:00Z", "comments": []}
        for number, title, state in [(12, "Tea gets cold", "OPEN"), (13, "Cup too hot", "OPEN"), (14, "Old", "CLOSED")]
    ]  # fmt: skip
    (folder / "issues.json").write_text(json.dumps(issues), encoding="utf-8")
    (folder / "fp.txt").write_text("FP-1 [todo] [high] Boil water\nFP-2 [done] Buy tea\n", encoding="utf-8")
    found = Programs(folder)
    found.beads(
        {"id": "bd-1", "title": "Boil", "status": "open", "updated_at": "2026-11-20T10:00:00Z", "priority": 1},
        {"id": "bd-2", "title": "Pour", "status": "closed", "updated_at": "2026-11-20T10:00:00Z", "assignee": "bob"},
    )
    return found
