"""A pull request as people see it."""

from __future__ import annotations

from specify_cli.cli.text import safe, style
from specify_cli.merge.pull_request import Delivery, Stage, opening


def delivery_lines(found: Delivery) -> list[str]:
    """What became of it, and what a person does next; commands and addresses are never broken."""
    lines = []
    if found.pushed:
        lines.append(f"  pushed    {safe(found.head)} to {safe(found.remote)}")
    if found.stage in (Stage.OPENED, Stage.OPEN):
        lines.append(f"  {style('pull request', 'green')} {found.stage}: {safe(found.url)}")
    elif found.stage is Stage.PUSHED:
        command = opening(found.head, found.base or "", found.title or "", found.body_file or "")
        lines += [f"  open it   {safe(found.url or command)}", f"  its text  {safe(found.body_file)}"]
    elif found.stage is Stage.MERGED:
        lines.append(f"  merged into {safe(found.base)} already" + (f": {safe(found.url)}" if found.url else ""))
    else:
        lines.append(f"  its pull request follows once it is merged into {safe(found.head)}")
    when = "Once it is merged there" if found.stage in (Stage.OPENED, Stage.OPEN, Stage.PUSHED) else "Next"
    return [*lines, f"{when}: {style(safe(found.next_step), 'bold')}"]
