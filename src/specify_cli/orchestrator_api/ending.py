"""The end of a mission: accepted, and merged."""

from __future__ import annotations

from specify_cli.acceptance.accept import AcceptOptions, accept
from specify_cli.context.actor import who
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.merge import engine
from specify_cli.merge import intent as intents
from specify_cli.merge.engine import Merged
from specify_cli.merge.plan import STRATEGIES
from specify_cli.merge.wish import Wish
from specify_cli.orchestrator_api.acting import acting, orchestrator, warned
from specify_cli.orchestrator_api.missions import Data, identity, opened
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status

MODE = "orchestrator"


def accept_mission(mission: str, actor: str) -> Data:
    """Accept a mission that meets every condition; asked again, nothing changes.

    Raises:
        Refused: `MISSION_NOT_READY`, with every unmet condition; as `accept`.
        Conflict: as `accept`.
    """
    with acting(mission) as context:
        by = orchestrator(actor)
        found = accept(context.place, context.config, AcceptOptions(MODE), actor=by.name, session=by.session)
        if not found.ready:
            raise Refused(
                f"{context.place.slug} is not ready: {'; '.join(each.what for each in found.unmet)}",
                "MISSION_NOT_READY",
                hint=found.next_step,
                details={
                    "incomplete_wps": [each.subject for each in found.unmet if each.code == "WP_NOT_APPROVED"],
                    "unmet": [each.to_dict() for each in found.unmet],
                },
            )
        told: Data = {"accepted": True, "mode": "auto", "accepted_at": found.accepted_at}
        return identity(context.place) | told | warned(found.warnings)


def merge_mission(mission: str, target: str | None, strategy: str | None, *, push: bool) -> Data:
    """Merge an accepted mission into its target branch.

    Raises:
        Refused: `UNSUPPORTED_STRATEGY`, `ALREADY_MERGED`; as `engine.merge`.
        Conflict: as `engine.merge`.
    """
    if strategy is not None and strategy not in STRATEGIES:
        raise Refused(
            f"{strategy!r} is no strategy; there are {', '.join(sorted(STRATEGIES))}",
            "UNSUPPORTED_STRATEGY",
            details={"strategy": strategy, "supported": sorted(STRATEGIES)},
        )
    with opened(mission) as context:
        place = context.place
        place.require_writable()
        wish = Wish(who(None, context.repo, place).name, None, strategy, target, push)
        try:
            # A merge that waits only for its push is gone on with; nobody else is there to do it.
            pending = intents.read(intents.path_of(place.repo, place.key))
            merge = engine.resume if pending is not None and pending.awaits_push else engine.merge
            done = merge(place, context.config, wish)
            _check_new(place, done)
        except SpecKittyError as error:
            unmet = error.details.get("unmet")
            reasons = [str(each["what"]) for each in unmet] if isinstance(unmet, list) else [error.message]
            error.details |= {"target_branch": target or place.target_branch, "errors": reasons}
            raise
        states = read_status(place).snapshot.work_packages
        told: Data = {
            "merged": True,
            "target_branch": done.summary["target_branch"],
            "strategy": done.summary["strategy"],
            "merged_wps": [wp_id for wp_id, state in states.items() if state["lane"] is Lane.DONE],
            "worktree_removed": bool(done.worktrees_removed),
        }
        return identity(place) | told | warned(done.warnings)


def _check_new(place: MissionPlace, done: Merged) -> None:
    if done.already:
        raise Refused(
            f"mission {place.slug} was merged already, as {done.summary['merged_commit']}",
            "ALREADY_MERGED",
            hint=spec_kitty("status", "--mission", place.slug),
        )
