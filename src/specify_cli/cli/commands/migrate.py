"""`spec-kitty migrate`: install the user's own folder of mission types and templates."""

from __future__ import annotations

from specify_cli.cli.options import DryRunFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.core.user_install import Installed, install
from specify_cli.kernel.text import plural


def migrate(dry_run: DryRunFlag = False) -> Reply:
    """Install mission types and templates for all projects.

    They go into ~/.kittify (SPEC_KITTY_HOME names another folder) and can be edited there: what a project has of its
    own still comes first. Run again it changes nothing; after an update of the program it brings what nobody edited up
    to date. A file that was edited is kept as it is.
    """
    done = install(dry_run=dry_run)
    data = {
        "result": "success",
        "dry_run": dry_run,
        "changed": bool(done.created or done.updated) and not dry_run,
        "folder": str(done.folder),
        "created": list(done.created),
        "updated": list(done.updated),
        "kept": list(done.kept),
        "unchanged": list(done.unchanged),
    }
    return Reply(data, _text(done, dry_run=dry_run))


def _text(done: Installed, *, dry_run: bool) -> str:
    folder = safe(done.folder)
    if done.created or done.updated:
        verb = "Would install" if dry_run else "Installed"
        counts = [plural(len(done.created), "new file")] if done.created else []
        counts += [f"{len(done.updated)} brought up to date"] if done.updated else []
        lines = [f"{style(verb, 'bold', 'green')} in {folder}: {', '.join(counts)}."]
    else:
        lines = [f"{folder} is as this version has it; nothing to do."]
    if done.kept:
        lines += ["Kept, because somebody wrote or edited them:", *(f"  {safe(name)}" for name in done.kept)]
    return "\n".join([*lines, "", f"  Next: {style('spec-kitty config --show-origin', 'bold')}"])
