"""`spec-kitty sync workspace`."""

from __future__ import annotations

from specify_cli.cli.output import Reply, safe, style
from specify_cli.context.resolver import resolve_mission
from specify_cli.merge.intent import settle
from specify_cli.next.refresh import refresh


def workspace() -> Reply:
    """Bring what the work builds on into the lane worktree one stands in.

    Other lanes may have moved on since the work package here was claimed. Their commits are merged into this lane,
    computed before any file moves; where that conflicts, nothing is changed and the merge to make by hand is named.
    """
    context = resolve_mission(None)
    settle(context.repo)
    done = refresh(context)
    brought = list(done.brought) if done else []
    data = {
        "result": "success",
        "changed": bool(brought),
        "mission_slug": context.place.slug,
        "wp_id": done.wp_id if done else None,
        "lane_id": done.lane_id if done else None,
        "workspace_path": done.path if done else context.repo.checkout,
        "brought": brought,
    }
    if done is None:
        text = "Nothing is under way in this lane, so it is left as it is."
    elif not brought:
        text = f"{style(done.wp_id, 'bold')}: all that it builds on is in its worktree already."
    else:
        text = "\n".join(
            [f"{style(done.wp_id, 'bold')}: brought into its worktree", *(f"  {safe(one)}" for one in brought)]
        )
    return Reply(data, text)
