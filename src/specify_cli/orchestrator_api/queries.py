"""The version of the contract, and the state of a mission. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.lazy import load
from specify_cli.orchestrator_api.envelope import CONTRACT_VERSION, MIN_PROVIDER_VERSION
from specify_cli.orchestrator_api.missions import Data, identity, opened
from specify_cli.status.reading import read_status
from specify_cli.status.views import by_lane


def contract_version(provider_version: str | None, *, schemas: bool) -> Data:
    """The version of the contract; with a provider's version, whether that one is still spoken to.

    Raises:
        Refused: `CONTRACT_VERSION_MISMATCH`.
    """
    told: Data = {"api_version": CONTRACT_VERSION, "min_supported_provider_version": MIN_PROVIDER_VERSION}
    if provider_version is not None:
        _check_provider(provider_version, told)
    if schemas:
        told["schemas"] = load("specify_cli.orchestrator_api.schemas:schemas")()
    return told


def _check_provider(version: str, told: Mapping[str, object]) -> None:
    make = load("packaging.version:Version")
    try:
        known = make(version) >= make(MIN_PROVIDER_VERSION)
        said = f"provider {version} is older than {MIN_PROVIDER_VERSION}, the oldest that is spoken to"
    except ValueError:
        known, said = False, f"{version!r} is no version"
    if not known:
        hint = command("pip", "install", "--upgrade", "spec-kitty-orchestrator")
        details = {**told, "provider_version": version}
        raise Refused(said, "CONTRACT_VERSION_MISMATCH", hint=hint, details=details)


def mission_state(mission: str) -> Data:
    """Every work package, of the plan or only of the log: its lane, what it depends on, and who moved it last."""
    with opened(mission) as context:
        place = context.place
        snapshot = read_status(place).snapshot
        packages = load_work_packages(place)
        needs = {package.id: list(package.dependencies) for package in packages}
        broken = {each.id: [problem.message for problem in each.problems] for each in packages if each.problems}
        board = by_lane(snapshot, needs)
        states = snapshot.work_packages
        return identity(place) | {
            "read_from": place.source.to_dict(),
            "summary": {lane: len(ids) for lane, ids in board.items()},
            "work_packages": [
                {
                    "wp_id": wp_id,
                    "lane": snapshot.lane_of(wp_id).value,
                    "dependencies": needs.get(wp_id, []),
                    "last_actor": states[wp_id]["actor"] if wp_id in states else None,
                    **({"problems": broken[wp_id]} if wp_id in broken else {}),
                }
                for wp_id in sorted({*states, *needs}, key=lambda name: (len(name), name))
            ],
        }
