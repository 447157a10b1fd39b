"""What an upgrade did or would do, as JSON answers show it."""

from __future__ import annotations

from specify_cli.kernel.notices import Notice
from specify_cli.upgrade.plan import Mission
from specify_cli.upgrade.runner import Done, Undone


def result_of(done: Done, *, dry_run: bool) -> str:
    """`success`, `partial` where a mission was left out, `nothing_to_do`, or `dry_run`."""
    if dry_run:
        return "dry_run"
    if done.plan.skipped or any(each.code == "CHANGED_MEANWHILE" for each in done.notices):
        return "partial"
    return "success" if done.backup or done.finished else "nothing_to_do"


def warnings_of(done: Done) -> list[Notice]:
    """Everything a person should know, missions that were left out first."""
    left_out = [
        Notice(each.error.code, f"mission {each.slug} stays as it is: {each.error.message}", each.error.hint)
        for each in done.plan.skipped
    ]
    return [*left_out, *done.plan.notices, *done.notices]


def document_of(done: Done, *, dry_run: bool) -> dict[str, object]:
    """The whole answer."""
    plan = done.plan
    changes = {path: content for unit in plan.units for path, content in unit.changes.items()}
    return {
        "result": result_of(done, dry_run=dry_run),
        "project": plan.project.root,
        "from_version": plan.project.version,
        "to_version": plan.options.target,
        "changed": bool(done.backup or done.finished),
        "pending": dry_run and not plan.is_empty,
        "migrations": [
            {"id": each.id, "summary": each.summary, "result": each.result, "where": each.where, "failed": each.failed}
            for each in plan.applied
        ],
        "missions": [_mission(each) for each in plan.missions],
        "skipped": [
            {"mission_slug": each.slug, "error_code": each.error.code, "error": each.error.message,
             "hint": each.error.hint, "details": each.error.details}
            for each in plan.skipped
        ],
        "worktrees": [each.to_dict() for each in plan.worktrees],
        "queues": [each.to_dict() for each in plan.queues],
        "files": {
            "written": sorted(str(path) for path, content in changes.items() if content is not None),
            "removed": sorted(str(path) for path, content in changes.items() if content is None),
        },
        "backup": done.backup,
        "finished": done.finished,
        "warnings": [each.to_dict() for each in warnings_of(done)],
    }  # fmt: skip


def _mission(mission: Mission) -> dict[str, object]:
    return {
        "mission_slug": mission.slug,
        "folder": mission.folder,
        "changed": bool(mission.changes),
        "work_packages": [
            {"wp_id": each.wp_id, "lane": each.lane.value, "source": each.source, "reason": each.reason,
             "events": [event.event_id for event in each.events]}
            for each in mission.verdicts
        ],
    }  # fmt: skip


def document_of_rollback(undone: Undone) -> dict[str, object]:
    """The answer of a rollback."""
    return {
        "result": "rolled_back",
        "project": undone.project.root,
        "backup": undone.kept.parent / undone.of,
        "restored": sorted(map(str, undone.restored)),
        "changed_since": sorted(map(str, undone.changed_since)),
        "kept_in": undone.kept,
        "warnings": [each.to_dict() for each in undone.notices],
    }
