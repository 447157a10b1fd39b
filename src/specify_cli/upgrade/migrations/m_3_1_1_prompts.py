"""Headers of prompts in the shape that readers take: the work package's own id, and subtasks as ids."""

from __future__ import annotations

from collections.abc import Iterator

from specify_cli.home import prompt_id, prompt_names
from specify_cli.kernel import files, frontmatter
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.text import is_ulid
from specify_cli.kernel.yaml import ABSENT
from specify_cli.upgrade.case import MissionCase, MissionMigration


def detect(case: MissionCase) -> bool:
    """A header that can be read has one of these shapes."""
    return any(changes for _, changes in _changes(case))


def apply(case: MissionCase) -> None:
    """Draft the headers; everything else in them stays as it is."""
    for name, changes in list(_changes(case)):
        path = case.folder / name
        data = case.draft.read(path) or b""
        text = frontmatter.update(files.decode(data), changes, str(path))
        case.draft.write(path, files.encode(text.replace("\n", "\r\n") if b"\r\n" in data else text))


def _changes(case: MissionCase) -> Iterator[tuple[str, dict[str, object]]]:
    for name in prompt_names(case.names):
        try:
            fields = frontmatter.parse(case.text(name) or "", name).fields
        except Refused:
            continue  # what reads it back names it, and nobody edits what cannot be read
        changes = _of_id(fields, prompt_id(name)) | _of_subtasks(fields)
        if changes:
            yield name, changes


def _of_id(fields: dict[str, object], wp_id: str) -> dict[str, object]:
    """3.1.1's own upgrade put a ULID in the id's place; events of it name the ULID, so it is kept."""
    given = fields.get("work_package_id")
    if not wp_id or fields.get("wp_code") != wp_id or not is_ulid(str(given)):
        return {}
    return {"work_package_id": wp_id, "work_package_ulid": given, "wp_code": ABSENT}


def _of_subtasks(fields: dict[str, object]) -> dict[str, object]:
    """`- T002: done` is `- {id: T002, status: done}`."""
    listed = fields.get("subtasks")
    if not isinstance(listed, list) or not any(isinstance(each, dict) and "id" not in each for each in listed):
        return {}
    return {"subtasks": [_subtask(each) for each in listed]}


def _subtask(entry: object) -> object:
    if not isinstance(entry, dict) or "id" in entry or len(entry) != 1:
        return entry
    ((key, value),) = entry.items()
    return {"id": key} if value is None else {"id": key, "status": value}


MIGRATION = MissionMigration(
    "m_3_1_1_prompts", "3.1.1", "bring headers of prompts into the shape that is read", detect, apply
)
