"""`spec-kitty agent mission …`: create a mission and bring its documents along."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.acting import acting, notices
from specify_cli.cli.options import AgentFlag, MissionFlag, MissionTypeFlag, SessionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.text import wrapped
from specify_cli.context.actor import given_session, named
from specify_cli.context.missions import config_of
from specify_cli.context.models import Context
from specify_cli.core.finalize import finalize
from specify_cli.core.finalize_result import FinalizeResult
from specify_cli.core.migrate_hint import migrate_hint
from specify_cli.core.mission_creation import check_slug, create_mission_core
from specify_cli.core.mission_sizes import Size
from specify_cli.core.mission_target import STARTED_FROM, begun_at
from specify_cli.core.planning import PLAN, SPEC, documents_present, set_up_plan
from specify_cli.core.work_packages import MISSION
from specify_cli.home import MissionPlace
from specify_cli.kernel import paths
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import NotFound, UsageError
from specify_cli.kernel.given import words_of
from specify_cli.kernel.text import plural
from specify_cli.lanes.models import ExecutionLane
from specify_cli.merge.intent import settle
from specify_cli.status.lines import LIMIT
from specify_cli.status.reading import read_status

SizeFlag = Annotated[
    Size, typer.Option("--size", help="Tiny: one document and one work package. Full: research documents too.")
]
RequestFlag = Annotated[
    str | None,
    typer.Option("--request", metavar="TEXT", help="What the person asked for, word for word; @file and - are read."),
]
# Of an event in the log, without its other keys.
REQUEST_LIMIT = LIMIT - 4096
ValidateOnly = Annotated[bool, typer.Option("--validate-only", help="Check and compute, write nothing.")]


def create(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Lower-case words joined by dashes.")],
    mission_type: MissionTypeFlag = None,
    target_branch: Annotated[
        str | None, typer.Option("--target-branch", metavar="BRANCH", help="Where the work lands; else this branch.")
    ] = None,
    start_branch: Annotated[
        str | None, typer.Option("--start-branch", metavar="BRANCH", help="Make this branch for the mission.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="BRANCH", help="Where a branch made for the mission begins; else this branch."),
    ] = None,
    request: RequestFlag = None,
    number: Annotated[
        int | None, typer.Option("--number", metavar="N", min=1, help="Display number; else the next one.")
    ] = None,
    size: SizeFlag = Size.NORMAL,
    agent: AgentFlag = None,
    session: SessionFlag = None,
) -> Reply:
    """Create a mission: its folder, its identity and an empty specification.

    With `missions: {start_branch: true}` in .kittify/config.yaml, or with --base, the mission gets a branch
    `mission/<slug>` and a worktree `.worktrees/<slug>-home`, and your checkout stays as it is. So it does with
    --start-branch where you stand on the branch of another mission; elsewhere that switches your checkout.

    --request keeps the words that the mission began with: the prompt of its first step and `mission info` show them.
    """
    if target_branch and (start_branch or base):
        option, value = ("--start-branch", start_branch) if start_branch else ("--base", str(base))
        hint = spec_kitty("agent mission create", slug, option, value)
        raise UsageError(f"give --target-branch or {option}, not both", "USAGE_ERROR", hint)
    words = None if request is None else words_of(request, REQUEST_LIMIT)
    settle(paths.discover(paths.starting_point()))
    actor = named(agent, session)
    made = create_mission_core(
        None,
        slug,
        mission=mission_type,
        size=size,
        target_branch=target_branch,
        start_branch=start_branch,
        base=base,
        number=number,
        actor=actor.name if actor else None,
        session=given_session(session).id,
        request=words,
    )
    branches = _branches(made.place)
    step = spec_kitty("next", "--agent", "NAME", "--mission", made.mission_slug)
    data: dict[str, object] = {
        "result": "success",
        **{name: made.meta[name] for name in ("mission_id", "mission_slug", "mission_number", "mission_type")},
        **{name: made.meta[name] for name in ("slug", "friendly_name", "created_at")},
        "size": size.value,
        "feature_dir": str(made.feature_dir),
        "spec_file": str(made.created_files[1]),
        "meta_file": str(made.created_files[0]),
        "created_files": [str(path) for path in made.created_files],
        "home": str(made.place.home.path) if made.place.home else None,
        "started_from": made.meta.get(STARTED_FROM) or None,
        **branches,
        "next_step": step,
        "commit": made.committed.commit,
        "warnings": notices((*made.committed.warnings, *migrate_hint(made.place.repo))),
    }
    begun = made.meta.get(STARTED_FROM)
    after = f", and from there on {style(safe(begun), 'bold')}" if begun else ""
    lines = [
        f"{style(made.mission_slug, 'bold')} created, to land on {style(safe(made.target_branch), 'bold')}{after}",
        f"  id        {made.meta['mission_id']}",
        f"  write     {safe(made.created_files[1])}",
        "",
        f"  Next: {style(step, 'bold')}",
    ]
    return Reply(data, "\n".join(lines))


def branch_context(
    target_branch: Annotated[
        str | None, typer.Option("--target-branch", metavar="BRANCH", help="Where a new mission would land.")
    ] = None,
    mission: MissionFlag = None,
) -> Reply:
    """Show the current branch and the branch a mission lands on.

    Without a mission it tells what `agent mission create` would use.
    """
    repo = paths.discover(paths.starting_point())
    repo.require_git()
    here = repo.here()
    current = here.branch if here else None
    if mission is not None:
        place = reading(mission).place
        base = begun_at(place.meta, read_status(place).mission_events)
        data: dict[str, object] = {"result": "success", "mission_slug": place.slug, **_branches(place)}
    else:
        place, base = None, current if config_of(repo, None).start_branch and target_branch is None else None
        data = {"result": "success", **_branch_keys(current, target_branch or current)}
    data["started_from"] = base or None
    lands = data["target_branch"]
    on = f"on {style(safe(current or 'no branch'), 'bold')}"
    if lands is None:
        step = command("git", "switch", "main")
        return Reply(data, f"{on}, so a mission has nowhere to land\n  Next: {style(step, 'bold')}")
    said = f"{on}, missions land on {style(safe(lands), 'bold')}"
    if place is None and base:
        said = f"{on}, missions get a branch of their own and land on {style(safe(base), 'bold')}"
    elif base:
        said += f", and from there on {style(safe(base), 'bold')}"
    step = command("git", "switch", lands)
    if place is not None and place.home is not None:
        step = command("cd", place.home.path)
    told = "" if data["branch_matches_target"] else f"\n  Next: {style(safe(step), 'bold')}"
    return Reply(data, f"{said}{told}")


def check_prerequisites(
    mission: MissionFlag = None,
    paths_only: Annotated[bool, typer.Option("--paths-only", help="Only the paths.")] = False,
    include_tasks: Annotated[bool, typer.Option("--include-tasks", help="The work packages too.")] = False,
) -> Reply:
    """Show which documents a mission has and lacks."""
    context = reading(mission)
    place = context.place
    folder = place.shown
    found: dict[str, object] = {
        "mission_slug": place.slug,
        "feature_dir": str(folder),
        "spec_file": str(folder / (MISSION if place.is_tiny else SPEC)),
        "plan_file": str(folder / PLAN),
        "tasks_file": str(folder / "tasks.md"),
        "tasks_dir": str(folder / "tasks"),
    }
    if paths_only:
        listed = "\n".join(f"  {name:<12} {safe(path)}" for name, path in found.items())
        return Reply({"result": "success", **found}, listed)
    present = documents_present(place)
    available = [name for name, there in present.items() if there]
    missing = [name for name in (SPEC, PLAN, MISSION) if not present.get(name, True)]
    data = {"result": "success", **found, **_branches(place), "available_docs": available, "missing": missing}
    if include_tasks:
        data["tasks"] = [name for name in place.names("tasks") if name.startswith("WP")]
    marks = [f"  {style('✓', 'green') if there else style('·', 'dim')} {name}" for name, there in present.items()]
    step = style(spec_kitty("next", "--agent", "NAME", "--mission", place.slug), "bold")
    return Reply(data, "\n".join([style(place.slug, "bold"), *marks, "", f"  Next: {step}"]))


def setup_plan(mission: MissionFlag = None, agent: AgentFlag = None, session: SessionFlag = None) -> Reply:
    """Scaffold plan.md of a mission, unless somebody wrote it already."""
    try:
        context, _ = acting(mission, agent, session)
    except NotFound:
        check_slug((mission or "unnamed").lower())  # no mission, because the name can be none: INVALID_SLUG
        raise
    place = context.place
    done = set_up_plan(place, context.config)
    data = {
        "result": "success",
        "mission_slug": place.slug,
        "plan_file": str(done.plan),
        "feature_dir": str(place.feature_dir),
        "spec_file": str(done.spec),
        "plan_written": done.written,
        **_branches(place),
        "detection_method": context.how,
        "commit": done.committed.commit,
        "warnings": notices(done.committed.warnings),
    }
    told = "scaffolded" if done.written else "was there already and is left as it is"
    step = style(spec_kitty("next", "--agent", "NAME", "--mission", place.slug), "bold")
    return Reply(data, f"{style(PLAN, 'bold')} {told}\n  write     {safe(done.plan)}\n\n  Next: {step}")


def finalize_tasks(mission: MissionFlag = None, validate_only: ValidateOnly = False) -> Reply:
    """Check the work packages, compute the lanes and commit both.

    Run twice, the second time changes nothing. With --validate-only it shows what would change.
    """
    context, actor = acting(mission) if not validate_only else (reading(mission), None)
    name = actor.name if actor else "finalize-tasks"
    done = finalize(context.place, context.config, validate_only=validate_only, actor=name)
    return Reply({**done.to_dict(), "detection_method": context.how}, _finalized(context, done))


def _finalized(context: Context, done: FinalizeResult) -> str:
    manifest = done.plan.manifest
    assert manifest is not None
    packages = plural(len(done.plan.packages), "work package")
    verb = "would be finalized" if done.validate_only else "finalized"
    lines = [f"{packages} {verb} in {plural(len(manifest.lanes), 'lane')}, {done.parallel_width} at once"]
    lines += [_lane_line(lane, max(len(each.lane_id) for each in manifest.lanes)) for lane in manifest.lanes]
    changed = [header.package.id for header in done.plan.headers if header.changes]
    if changed and not done.validate_only:
        lines.append("  changed   " + wrapped(", ".join(changed), indent=12, hang=12).lstrip())
    lines += [wrapped(safe(each), indent=2, hang=4) for each in done.plan.ownership_warnings]
    step = style(spec_kitty("next", "--agent", "NAME", "--mission", context.place.slug), "bold")
    return "\n".join([*lines, "", f"  Next: {step}"])


def _lane_line(lane: ExecutionLane, columns: int) -> str:
    after = f" after {', '.join(lane.depends_on_lanes)}" if lane.depends_on_lanes else ""
    head = f"  {style(lane.lane_id, 'bold')}{' ' * (columns - len(lane.lane_id))}  "
    return head + wrapped(f"{', '.join(lane.wp_ids)}{after}", indent=columns + 4, hang=columns + 6).lstrip()


def _branches(place: MissionPlace) -> dict[str, object]:
    here = place.repo.here()
    return _branch_keys(here.branch if here else None, place.target_branch)


def _branch_keys(current: str | None, target: str | None) -> dict[str, object]:
    matches = current is not None and current == target
    return {
        "current_branch": current,
        "target_branch": target,
        "branch_matches_target": matches,
        "branch_context": {
            "current_branch": current,
            "target_branch": target,
            "planning_base_branch": target,
            "merge_target_branch": target,
            "branch_matches_target": matches,
        },
    }
