"""Codes that come with a command and are not played as a scene, by the reason."""

from __future__ import annotations

from collections.abc import Mapping

NOT_PLAYED: Mapping[str, str] = {
    "the server fails in a way that only the tests of that client stage": """
        ACCOUNT_CHANGED ANSWER_TOO_LARGE BODIES_PARKED ISSUE_ID_INVALID ORIGIN_CONFLICT ORIGIN_FAILED
    """,
    "the machine has to be another one, or to fail at a moment of its own": """
        BACKUP_UNREADABLE DATABASE_FAILED DATABASE_NEWER DISK_FULL HOME_MISSING INTERNAL_ERROR NO_HOME NOT_UTF8
        PYTHON_TOO_OLD SHELL_UNKNOWN STATE_READ_ONLY
    """,
    "another process writes at a moment that only a test inside the program can choose": """
        MISSION_ID_IMMUTABLE COPY_NOT_WRITTEN
    """,
    "a release is checked by a script, and not by a command of a project": """
        CHANGELOG_ENTRY_EMPTY CHANGELOG_ENTRY_MISSING METADATA_INVALID METADATA_MISSING REVISION_UNKNOWN
        TAG_ELSEWHERE TAG_MISMATCH TAGS_UNAVAILABLE
    """,
    "a program gets it, by a contract whose answers hold no command": """
        ALREADY_MERGED ANCESTRY_NOT_ESTABLISHED CONTRACT_VERSION_MISMATCH MISSION_NOT_READY
    """,
    "the history has to be cut off just where git can still merge": """
        HISTORY_CUT_OFF
    """,
    "git refuses the folder itself, for whom it belongs to or where it lies": """
        REPOSITORY_BARE REPOSITORY_NOT_YOURS WORKTREE_MISPLACED
    """,
    "only the demo gives it, when a prompt is broken": """
        PROMPT_INCOMPLETE
    """,
}
