"""From a command's name and words to its answer: runs the use case, puts what came of it into the envelope.

The contract's list of codes is closed: what the rest of the program refuses leaves under the code that stands for it
here, with our own code as `reason`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from specify_cli.kernel.commands import the_call
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.lazy import load
from specify_cli.kernel.values import frozen
from specify_cli.orchestrator_api.envelope import UNKNOWN, make_envelope

_HERE = "specify_cli.orchestrator_api"


@frozen
class Command:
    """A command of the contract.

    Args:
        target: `module:function` of its use case: takes the words by name, gives the data.
        failure: the code for whatever has none of its own.
    """

    target: str
    failure: str


COMMANDS: Mapping[str, Command] = {
    "contract-version": Command(f"{_HERE}.queries:contract_version", "CONTRACT_VERSION_MISMATCH"),
    "mission-state": Command(f"{_HERE}.queries:mission_state", "MISSION_NOT_READY"),
    "list-ready": Command(f"{_HERE}.readiness:list_ready", "MISSION_NOT_READY"),
    "resolve-workspace": Command(f"{_HERE}.workspaces:resolve_workspace", "LANE_ALLOCATION_FAILED"),
    "start-implementation": Command(f"{_HERE}.operations:start_implementation", "LANE_ALLOCATION_FAILED"),
    "start-review": Command(f"{_HERE}.operations:start_review", "TRANSITION_REJECTED"),
    "transition": Command(f"{_HERE}.moves:transition", "TRANSITION_REJECTED"),
    "append-history": Command(f"{_HERE}.history:append_history", "HISTORY_COMMIT_FAILED"),
    "accept-mission": Command(f"{_HERE}.ending:accept_mission", "MISSION_NOT_READY"),
    "merge-mission": Command(f"{_HERE}.ending:merge_mission", "PREFLIGHT_FAILED"),
}
# Our code -> the contract's, for every command; a code that stands for itself is one of the contract's own.
_CODES: Mapping[str, str] = {
    code: code
    for code in (
        "CONTRACT_VERSION_MISMATCH", "POLICY_METADATA_REQUIRED", "POLICY_VALIDATION_FAILED", "MISSION_NOT_FOUND",
        "WP_NOT_FOUND", "WP_ALREADY_CLAIMED", "TRANSITION_REJECTED", "DEPENDENCIES_NOT_SATISFIED", "USAGE_ERROR",
        "ANCESTRY_NOT_ESTABLISHED", "MISSION_NOT_READY", "UNSUPPORTED_STRATEGY", "INTERNAL_ERROR",
    )
} | {
    "MISSION_AMBIGUOUS": "MISSION_NOT_FOUND",
    "NOT_INITIALIZED": "MISSION_NOT_FOUND",
    "FOLDER_MISSING": "MISSION_NOT_FOUND",
    "MISSION_ID_MISSING": "MISSION_NOT_READY",
    "MISSION_META_MISSING": "MISSION_NOT_READY",
    "PROJECT_NEWER": "MISSION_NOT_READY",
    "LOCKED": "TRANSITION_REJECTED",
    "INTERRUPTED": "INTERNAL_ERROR",
}  # fmt: skip
# The same for the commands that claim and move; accept-mission and merge-mission have one code for all reasons.
_MOVING: Mapping[str, str] = {
    "LANE_BUSY": "TRANSITION_REJECTED",
    "WP_NOT_CLAIMABLE": "TRANSITION_REJECTED",
    "DECISION_OPEN": "TRANSITION_REJECTED",
    "LANE_BRANCH_MISSING": "LANE_ALLOCATION_FAILED",
    "DEPENDENCY_CONFLICT": "LANE_ALLOCATION_FAILED",
}
_MOVES = frozenset({"start-implementation", "start-review", "transition"})


@frozen
class Answer:
    """What a command answers, and its exit code."""

    envelope: Mapping[str, object]
    exit_code: int


def run(command: str, **words: object) -> Answer:
    """Run a command.

    Args:
        command: a key of `COMMANDS`.
        words: what its use case takes.
    """
    try:
        data = load(COMMANDS[command].target)(**words)
    except SpecKittyError as error:
        if "claimed_by" in error.details:
            error.details["requesting_actor"] = words.get("actor")
        return Answer(failure(command, error), 1)
    return Answer(make_envelope(command, True, data), 0)


def failure(command: str, error: SpecKittyError) -> dict[str, object]:
    """The envelope of a failure: its message, what it tells in its details, and the way out where there is one."""
    the_call().refused = True
    code = code_for(command, error)
    data: dict[str, object] = {"message": error.message, **error.details}
    if code != error.code:
        data["reason"] = error.code
    if code == "DEPENDENCIES_NOT_SATISFIED" and isinstance(waiting := error.details.get("waiting_for"), dict):
        data["unsatisfied_dependencies"] = list(waiting)
    if error.hint:
        data["hint"] = error.hint
    return make_envelope(command, False, data, code)


def code_for(command: str, error: SpecKittyError) -> str:
    """The contract's code for an error."""
    if "problems" in error.details:  # of the plan or of meta.json
        return "MISSION_NOT_READY"
    moving = _MOVING.get(error.code) if command in _MOVES else None
    return _CODES.get(error.code) or moving or COMMANDS[command].failure


def failures(words: Sequence[str]) -> Callable[[SpecKittyError, int], object]:
    """What shapes the failures that no use case meets: a line that cannot be parsed, a bug, Ctrl-C, a full disk.

    Args:
        words: the command line.
    """
    called = next((word for word in words if word in COMMANDS), None)

    def shape(error: SpecKittyError, exit_code: int) -> dict[str, object]:
        if called is None or exit_code == UsageError.exit_code:
            return make_envelope(UNKNOWN, False, {"message": error.message}, _CODES.get(error.code, "INTERNAL_ERROR"))
        return failure(called, error)

    return shape
