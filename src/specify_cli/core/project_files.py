"""What the files that `init` writes say (formats.md, «What init writes»). Pure: values in, texts out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.core.identity import ProjectNames

CONFIG = ".kittify/config.yaml"
METADATA = ".kittify/metadata.yaml"

FIXED: Mapping[str, str] = {
    ".kittify/.gitignore": "runtime/\nbackups/\nlocal.yaml\n",
    "kitty-specs/.gitattributes": "* text eol=lf\n*.jsonl merge=union\n",
    # What a mission consists of is never hidden by a rule for other files, such as `*.jsonl` in the root's .gitignore.
    "kitty-specs/.gitignore": "!*.jsonl\n!*.json\n!*.md\n!*.yaml\nstatus.json\nprogress.json\nboard-summary.json\n",
}


def config_text(
    names: ProjectNames, agents: Sequence[str], skills: Sequence[str] = (), integrations: Sequence[str] = ()
) -> str:
    """A new `.kittify/config.yaml`.

    Texts that could be taken for a number or a word of YAML are quoted, so that every command can read the file
    without a YAML library.
    """
    as_skills = f"  skills: [{', '.join(skills)}]\n" if skills else ""
    integrated = f"  integrations: [{', '.join(integrations)}]\n" if integrations else ""
    repo_slug = "null" if names.repo_slug is None else _quoted(names.repo_slug)
    return f"""\
# Settings of this project for spec-kitty, shared by everyone who works on it.
vcs: {{type: git}}
agents:
  available: [{", ".join(agents)}]
{as_skills}{integrated}  auto_commit: true   # false: spec-kitty never commits
status: {{publish: milestone}}   # always: the log in the tree is written at every move
project:
  uuid: {_quoted(names.uuid)}
  slug: {_quoted(names.slug)}
  repo_slug: {repo_slug}
merge: {{strategy: squash, auto: false}}   # merge, squash or rebase
review: {{by: any, self: false}}   # by: other wants a reviewer who did not write the work
leases: {{quiet_minutes: 15}}
"""


def metadata_text(version: str, at: str, environment: Mapping[str, str]) -> str:
    """A new `.kittify/metadata.yaml`.

    Args:
        version: of this program.
        at: timestamp of the set-up.
        environment: `python_version`, `platform` and `platform_version`.
    """
    facts = "".join(f"  {name}: {_quoted(value)}\n" for name, value in environment.items())
    return f"""\
spec_kitty:
  version: {version}
  initialized_at: {_quoted(at)}
  last_upgraded_at: null
environment:
{facts}migrations:
  applied: []
"""


def _quoted(text: str) -> str:
    """The text as a YAML scalar that no reader takes for anything else; what cannot be printed is left out."""
    return json.dumps("".join(filter(str.isprintable, text)), ensure_ascii=False)
