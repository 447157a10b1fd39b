"""`spec-kitty materialize`."""

from __future__ import annotations

from specify_cli.cli.acting import acting, notices
from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.core.commits import milestone
from specify_cli.core.work_packages import known_ids
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.text import plural
from specify_cli.status.reading import read_status
from specify_cli.status.reducer import SNAPSHOT_FILENAME
from specify_cli.status.views import BOARD_SUMMARY_FILENAME, PROGRESS_FILENAME, write_derived_views


def materialize(mission: MissionFlag = None) -> Reply:
    """Publish the logs of a mission now, and its derived views.

    What is recorded in this clone's journal goes into the mission's folder and is committed. status.json,
    progress.json and board-summary.json are written beside it; git ignores them, and nothing reads them back.
    """
    context, _ = acting(mission)
    place = context.place
    folder = place.feature_dir
    before = read_status(place).unpublished
    done = milestone(place, context.config, "publish the logs")
    write_derived_views(place, known=known_ids(place))
    published = max(before - read_status(place).unpublished, 0)
    data = {
        "result": "success",
        "mission_slug": place.slug,
        "detection_method": context.how,
        "published": published,
        "commit": done.commit,
        "files": [folder / name for name in (SNAPSHOT_FILENAME, PROGRESS_FILENAME, BOARD_SUMMARY_FILENAME)],
        "warnings": notices(done.warnings),
    }
    committed = f", committed as {done.commit[:10]}" if done.commit else ""
    lines = [
        f"{style(safe(place.slug), 'bold')}: {plural(published, 'event')} published{committed}",
        f"  views in  {safe(folder)}",
        "",
        f"  Next: {style(spec_kitty('status', '--mission', place.slug), 'bold')}",
    ]
    return Reply(data, "\n".join(lines))
