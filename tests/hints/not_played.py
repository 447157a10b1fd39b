"""Codes that come with a command and are not played as a scene, by the reason."""

from __future__ import annotations

from collections.abc import Mapping

NOT_PLAYED: Mapping[str, str] = {
    "somebody else acts amid one call, at a moment that only a test inside the program can choose": """
        ACCOUNT_CHANGED BODIES_PARKED COPY_NOT_WRITTEN MISSION_ID_IMMUTABLE
    """,
    "no command of ours hands over such a value; only programs that use the package do": """
        ISSUE_ID_INVALID ORIGIN_CONFLICT
    """,
    "the machine has to be another one, or to fail; for an administrator it is not read-only": """
        BACKUP_UNREADABLE DATABASE_FAILED DISK_FULL HOME_MISSING NO_HOME NOT_UTF8 PYTHON_TOO_OLD SHELL_UNKNOWN
        STATE_READ_ONLY
    """,
    "what mends it is a newer version, from the network": """
        CONTRACT_VERSION_MISMATCH DATABASE_NEWER
    """,
    "only the demo gives it, when a prompt is broken": """
        PROMPT_INCOMPLETE
    """,
}
