"""Documents of a mission beside those that its steps ask for: `mission promote` and `research`."""

from __future__ import annotations

from specify_cli.cli.acting import acting, notices
from specify_cli.cli.options import AgentFlag, MissionFlag, SessionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.core.mission_sizes import RESEARCH
from specify_cli.core.planning import set_up_documents
from specify_cli.core.promotion import promote as make_normal
from specify_cli.kernel.commands import spec_kitty


def promote(mission: MissionFlag = None, agent: AgentFlag = None, session: SessionFlag = None) -> Reply:
    """Make a tiny mission a normal one; nothing is done anew.

    mission.md becomes the specification, the plan, the outline and the prompt of WP01. Claims, history, lane and
    worktree go on as they are. Asked twice, the second time changes nothing.
    """
    context, _ = acting(mission, agent, session)
    place = context.place
    done = make_normal(place, context.config)
    data = {
        "result": "success",
        "mission_slug": place.slug,
        "promoted": done.promoted,
        "feature_dir": str(place.feature_dir),
        "written": [str(place.feature_dir / name) for name in done.written],
        "detection_method": context.how,
        "commit": done.committed.commit,
        "warnings": notices(done.committed.warnings),
    }
    told = "is a normal mission now" if done.promoted else "is not tiny, and is left as it is"
    lines = [f"{style(safe(place.slug), 'bold')} {told}", *(f"  written   {safe(name)}" for name in done.written)]
    step = style(spec_kitty("next", "--agent", "NAME", "--mission", place.slug), "bold")
    return Reply(data, "\n".join([*lines, "", f"  Next: {step}"]))


def research(mission: MissionFlag = None, agent: AgentFlag = None, session: SessionFlag = None) -> Reply:
    """Scaffold research.md and data-model.md of a mission.

    What is there already is left alone.
    """
    context, _ = acting(mission, agent, session)
    place = context.place
    done = set_up_documents(place, context.config, RESEARCH, "scaffold research")
    folder = place.feature_dir
    data = {
        "result": "success",
        "mission_slug": place.slug,
        "feature_dir": str(folder),
        "written": [str(folder / name) for name in done.written],
        "kept": [str(folder / name) for name in done.kept],
        "detection_method": context.how,
        "commit": done.committed.commit,
        "warnings": notices(done.committed.warnings),
    }
    lines = [f"  write     {safe(folder / name)}" for name in done.written]
    lines += [f"  {name} was there already and is left as it is" for name in done.kept]
    step = style(spec_kitty("next", "--agent", "NAME", "--mission", place.slug), "bold")
    return Reply(data, "\n".join([style(safe(place.slug), "bold"), *lines, "", f"  Next: {step}"]))
