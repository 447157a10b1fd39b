"""What programs get by their contract, what git refuses by itself, and a bug."""

from __future__ import annotations

from specify_cli.context import overview
from specify_cli.home import MissionPlace
from specify_cli.status.models import Lane
from tests.hints.scenes_finish import ACCEPT, AT, CUP, accepted, approved, cup
from tests.support.cli import Result, run_here
from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.orchestrator import Api
from tests.support.project import Task
from tests.support.scenes import TEA, Scene, Then, World

PROGRAM = "orchestrator-api"
CREATE = "agent mission create kettle"
CLAIM = f"agent action implement WP01 --agent codex --mission {TEA}"


def contract(world: World, *words: str) -> Result:
    """A command of the contract, which answers in JSON without being asked to."""
    return run_here(PROGRAM, *words, cwd=world.path)


def not_accepted(world: World) -> Result:
    return contract(world, "accept-mission", "--mission", CUP, "--actor", "orch")


def merged(world: World) -> None:
    accepted(world).merge().ok()


def merged_again(world: World) -> Result:
    return contract(world, "merge-mission", "--mission", CUP)


def reset(world: World) -> None:
    """The branch of WP03 was moved back to where it held only one of those that it builds on."""
    tasks = Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02"))
    api = Api(finalized_mission(world.project, *tasks, name="cup"))
    before = api.bring("WP01", "approved").head()
    api.bring("WP02", "approved")
    api.start("WP03")("reset", "-q", "--hard", before)


def started(world: World) -> Result:
    return Api(Mission(world.project, CUP)).act("start-implementation", "WP03")


def bare(world: World) -> None:
    world.git("config", "core.bare", "true")


def of_somebody_else(world: World) -> None:
    world.git("config", "--global", "--unset", "safe.directory")
    world.patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")


def misplaced(world: World) -> None:
    """The setting that says where the main working tree lies counts for every worktree."""
    world.git("config", "core.worktree", str(world.path))
    world.git("config", "extensions.worktreeConfig", "true")


def cut_off(world: World) -> None:
    """A clone that does not have the beginning of what was reviewed."""
    tip = approved(world).worktree("WP01").head()
    host = world.scratch / "host.git"
    world.git("clone", "-q", "--bare", str(world.path), str(host))
    Repo(host)("push", "-q", str(host), f"{tip}:refs/heads/kept")
    world.git("remote", "add", "origin", str(host))
    world.git.write(".git/shallow", f"{tip}\n")


def broken(world: World) -> Result:
    """A command meets what nobody thought of."""

    def is_accepted(place: MissionPlace, _status: object) -> bool:
        raise RuntimeError(place.slug)

    cup(world).mission.force("WP01", Lane.APPROVED)
    with world.patch.context() as patch:
        patch.setattr(overview, "is_accepted", is_accepted)
        return world.run(f"status {AT}")


SCENES = (
    Scene("MISSION_NOT_READY", not_accepted, lambda world: approved(world).mission.force("WP01", Lane.PLANNED),
          Then.INSTEAD),
    Scene("ALREADY_MERGED", merged_again, merged, Then.INSTEAD),
    Scene("ANCESTRY_NOT_ESTABLISHED", started, reset),
    Scene("REVISION_UNKNOWN", "agent tests stale-check --base nowhere", then=Then.SHOWS,
          corrected="agent tests stale-check --base HEAD"),
    Scene("REPOSITORY_BARE", CREATE, bare),
    Scene("REPOSITORY_NOT_YOURS", CREATE, of_somebody_else),
    Scene("WORKTREE_MISPLACED", CLAIM, misplaced),
    Scene("HISTORY_CUT_OFF", ACCEPT, cut_off),
    Scene("INTERNAL_ERROR", broken, approved, Then.INSTEAD),
)  # fmt: skip
