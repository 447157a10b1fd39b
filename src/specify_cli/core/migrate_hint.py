"""One message, once: a project with templates of its own, and no `~/.kittify` beside them (seed 039, WP08).

Only `agent mission create` says it, because it is a command that writes; that it was said is remembered in the clone.
Reading commands neither say nor remember it.
"""

from __future__ import annotations

from specify_cli.core.project_resolver import COMMAND_TEMPLATES, OVERRIDES, TEMPLATES, TYPES, kittify_of, user_folder
from specify_cli.kernel import files
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository

_SAID = "said/migrate"


def migrate_hint(repo: Repository) -> tuple[Notice, ...]:
    """The message, where it is due for the first time in this clone.

    Raises:
        Refused: the git folder cannot be written.
    """
    user, said = user_folder(), repo.state / _SAID
    own = (kittify_of(repo) / name for name in (OVERRIDES, TYPES, TEMPLATES, COMMAND_TEMPLATES))
    if user is None or user.is_dir() or said.exists() or not any(folder.is_dir() for folder in own):
        return ()
    files.atomic_write(said, "", mkdir=True)
    told = f"this project has templates of its own, and there is no {user}: the rest comes from the program itself"
    return (Notice("GLOBAL_RUNTIME_MISSING", told, spec_kitty("migrate")),)
