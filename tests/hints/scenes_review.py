"""Faults of what was reviewed, tested and accepted."""

from __future__ import annotations

import json

from specify_cli.status.models import Lane
from tests.hints.scenes_finish import ACCEPT, AT, CUP, MERGE, accepted, approved, cup
from tests.support.git import Repo
from tests.support.project import Task
from tests.support.scenes import Scene, Then, World
from tests.support.stories import Story, story
from tests.support.trusting import trust_all

LEFT = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other\n"
MOVE = "agent tasks move-task WP01 --to"
GUIDE = f"kitty-specs/{CUP}/research.md"
CLAUDE, CODEX = f"--agent claude {AT}", f"--agent codex {AT}"
APPROVE = f"{MOVE} approved --note read {CODEX}"


def approve(world: World) -> None:
    """Codex reads the work once more and approves it."""
    world.run(f"agent action review WP01 {CODEX}").ok()
    world.run(APPROVE).ok()


def late(world: World) -> None:
    """A commit came in after the approval."""
    approved(world).worktree("WP01").commit("late", late_txt="late\n")


def on_the_mission_branch(world: World) -> None:
    """Somebody committed to the mission's own branch."""
    found = approved(world)
    world.git("worktree", "add", "-q", str(world.scratch / "aside"), f"kitty/mission-{found.slug}")
    Repo(world.scratch / "aside").commit("aside", aside_txt="aside\n")
    world.git("worktree", "remove", "--force", str(world.scratch / "aside"))


def reviewing(world: World) -> Repo:
    """Codex reviews the work of a mission."""
    found = story(world.project, Task("WP01", owns=("a/**",)), name="cup")
    lane = found.work("WP01", {"a/f.txt": "a\n"}, approve=False)
    world.run(f"{MOVE} for_review {CLAUDE}").ok()
    world.run(f"agent action review WP01 {CODEX}").ok()
    return lane


def read_something_else(world: World) -> None:
    reviewing(world).commit("during the review", late_txt="late\n")


def for_review(world: World) -> Repo:
    found = story(world.project, Task("WP01", owns=("a/**",)), name="cup")
    lane = found.work("WP01", {"a/f.txt": "a\n"}, approve=False)
    world.run(f"{MOVE} for_review {CLAUDE}").ok()
    return lane


def went_on(world: World) -> None:
    for_review(world).commit("went on", late_txt="late\n")


def a_document(world: World) -> Story:
    """A document of lane-planning is approved."""
    found = story(world.project, Task("WP01", owns=(GUIDE,), mode="planning_artifact"), name="cup")
    found.mission.claim("WP01")
    found.git.write(GUIDE, "approved\n")
    found.git.commit("WP01: the document")
    found.approve("WP01")
    return found


def edited(world: World) -> None:
    a_document(world).git.write(GUIDE, "edited\n")


def given_a_requirement(world: World) -> None:
    """Approved work is to fulfil one more requirement."""
    found = approved(world)
    spec = found.mission.folder / "spec.md"
    spec.write_text(spec.read_text(encoding="utf-8") + "- **FR-004**: It rings.\n", encoding="utf-8")
    world.run(f"agent tasks map-requirements --wp WP01 --refs FR-004 {AT}").ok()


def marked(world: World) -> None:
    """Conflict markers are committed in the work, and approved."""
    story(world.project, Task("WP01", owns=("a/**",)), name="cup").work("WP01", {"a/f.txt": LEFT})


def mended(world: World) -> None:
    lane = cup(world).worktree("WP01")
    lane.write("a/f.txt", "a\n")
    lane.commit("mended")


def headless(world: World) -> None:
    """The approval of an older version names no commit."""
    found = story(world.project, Task("WP01", owns=("a/**",)), name="cup")
    found.work("WP01", {"a/f.txt": "a\n"}, approve=False)
    found.approve("WP01", workspace=None)
    world.pot.force("WP01", Lane.DONE)  # nobody asks about that one any more


def forced_over(world: World) -> None:
    """The work went to review by force, with no commit recorded."""
    found = story(world.project, Task("WP01", owns=("a/**",)), name="cup")
    found.work("WP01", {"a/f.txt": "a\n"}, approve=False)
    found.mission.force("WP01", Lane.FOR_REVIEW)
    found.mission.force("WP01", Lane.IN_REVIEW, actor="codex")


def changing(world: World) -> None:
    story(world.project, Task("WP01", owns=("a/**",)), name="cup").work("WP01", {"a/f.txt": "a\n"}, approve=False)


def asking(world: World, *tests: list[str]) -> None:
    """The project asks for tests."""
    config = world.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}accept: {{tests: {json.dumps(tests)}}}\n", encoding="utf-8")
    world.git.commit("ask for tests")


def untrusted(world: World) -> None:
    asking(world, ["true"])
    approved(world)


def agree(world: World) -> None:
    """Say yes to what is shown."""
    trust_all(world.path)


def moved_on(world: World) -> None:
    """The target moved after the tests that the project asks for."""
    untrusted(world)
    agree(world)
    world.run(ACCEPT).ok()
    world.git.commit("meanwhile", other_txt="x\n")


def note_in_the_lane(world: World) -> None:
    found = approved(world)
    lane = found.worktree("WP01")
    lane.write(f"kitty-specs/{found.slug}/notes.md", "mine\n")
    lane.commit("a note")


def unplanned(world: World) -> None:
    world.run("agent mission create cup").ok()


def unfinished(world: World) -> None:
    """A mission that is only a plan has written nothing yet."""
    world.run("agent mission create cup --mission-type plan").ok()


def falsified(world: World) -> None:
    """A receipt says something else than was merged."""
    found = accepted(world)
    found.merge().ok()
    receipt = found.mission.folder / "merge-receipt.json"
    text = json.loads(receipt.read_text(encoding="utf-8"))
    receipt.write_text(json.dumps({**text, "tested": True}), encoding="utf-8")


def restored(world: World) -> None:
    world.git("checkout", "-q", "HEAD", "--", f"kitty-specs/{CUP}/merge-receipt.json")


SCENES = (
    Scene("UNREVIEWED_COMMITS", ACCEPT, late, reviews=True, after=approve),
    Scene("UNREVIEWED_COMMITS", MERGE, late, reviews=True, after=approve),
    Scene("UNREVIEWED_COMMITS", ACCEPT, on_the_mission_branch, steps=2, reviews=True, after=approve),
    Scene("REVIEW_OUTDATED", APPROVE, read_something_else),
    Scene("REVIEW_OUTDATED", ACCEPT, edited, reviews=True),
    Scene("REVIEW_OUTDATED", ACCEPT, given_a_requirement, reviews=True, after=approve),
    Scene("CONFLICT_MARKERS", ACCEPT, marked, Then.SHOWS, after=mended),
    Scene("APPROVAL_WITHOUT_HEAD", "upgrade", headless, reviews=True, after=approve),
    Scene("REVIEW_EVIDENCE_MISSING", APPROVE, forced_over, fill={"REF": "HEAD"}, reviews=True),
    Scene("CHANGES_THERE", f"{MOVE} for_review --no-change 'all there' {CLAUDE}", changing, Then.INSTEAD),
    Scene("LANE_MOVED", f"agent action review WP01 {CODEX}", went_on, Then.INSTEAD),
    Scene("TEST_FAILED", f"{ACCEPT} --test 'test -f b.txt'", approved, Then.SHOWS, corrected=f"{ACCEPT} --test 'true'"),
    Scene("TESTS_UNTRUSTED", ACCEPT, untrusted, Then.SHOWS, after=agree),
    Scene("TESTS_UNTRUSTED", "doctor worktrees", untrusted, Then.SHOWS, after=agree),
    Scene("TESTED_TREE_DIFFERS", MERGE, moved_on),
    Scene("LEFT_IN_LANE", ACCEPT, note_in_the_lane),
    Scene("NO_WORK_PACKAGES", ACCEPT, unplanned, Then.INSTEAD),
    Scene("DOCUMENT_UNFINISHED", ACCEPT, unfinished, Then.INSTEAD),
    Scene("RECEIPT_MISMATCH", "doctor merge", falsified, Then.SHOWS, after=restored),
)
