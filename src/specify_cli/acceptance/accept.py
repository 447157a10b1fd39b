"""Accepting a mission: every condition at once, evidence on the forecast merge, then the record of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import field

from specify_cli.acceptance.evidence import Evidence, TestCommand, accept_with, run_tests
from specify_cli.conditions import accept_rules
from specify_cli.conditions.accept_facts import (
    accept_facts,
    canceled_in,
    check_open,
    last_acceptance,
    not_proven,
    untrusted_tests,
)
from specify_cli.conditions.accept_rules import SETTLED, TestRun
from specify_cli.conditions.merge_rules import WANTS as MERGE_WANTS
from specify_cli.conditions.merge_rules import Accepted, changed_lanes
from specify_cli.context.overview import merge_command
from specify_cli.core.commits import milestone, publish_mode, require_identity
from specify_cli.core.mission_lanes import lanes_of
from specify_cli.core.work_packages import WorkPackage, require_plan
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, Unmet
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen, replace
from specify_cli.mission_metadata import load_meta, record_acceptance
from specify_cli.status.emit import Writer, writing
from specify_cli.status.holders import self_reviewed
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces.copies import left_in_lanes
from specify_cli.workspaces.coverage import coverage_of
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.forecast import forecast
from specify_cli.workspaces.forecast_models import Forecast

CHECKLIST = "checklist"
MODES = ("auto", "pr", "local", CHECKLIST)


@frozen
class AcceptOptions:
    """What was asked for.

    Args:
        mode: `pr` or `local` (`auto` is that of the last acceptance, else local), or `checklist`, which only reports.
        tests: command lines to run on the forecast merge, beside the tests that the project asks for.
        untested: why nothing is tested, in the words of who accepts; no test runs then.
        lenient: documents and requirements are warnings.
        commit: whether to commit the record.
    """

    mode: str = "auto"
    tests: tuple[str, ...] = ()
    untested: str | None = None
    lenient: bool = False
    commit: bool = True

    @property
    def recorded_mode(self) -> str:
        """The mode as it is recorded."""
        return "local" if self.mode == "auto" else self.mode


@frozen
class Proof:
    """What was tested, as the `accepted` event and the JSON answer hold it.

    Args:
        tests: what ran, and how it ended.
        tree: the tree that it ran on; None where nothing ran.
        untested: why nothing ran, in the words of who accepted.
    """

    tests: tuple[Mapping[str, object], ...] = ()
    tree: str | None = None
    untested: str | None = None

    @property
    def tested(self) -> bool:
        """Whether something was tested, and passed."""
        return bool(self.tests) and all(test.get("exit_code") == 0 for test in self.tests)

    def to_dict(self) -> dict[str, object]:
        """The keys of the event and of the JSON answer."""
        return {
            "tests": [dict(test) for test in self.tests],
            "tested": self.tested,
            "tested_tree": self.tree,
            "untested": self.untested,
        }


@frozen
class Acceptance:
    """How an acceptance ended.

    Args:
        ready: whether every condition holds.
        accepted: whether the mission is accepted now.
        already: it was, and nothing has changed since; where a condition is unmet now, `merge` does not ask for it.
        unmet: what stands in the way.
        canceled: work packages that were given up, with their subtasks and requirements.
        self_reviewed: work packages that were approved by who had implemented them.
        tests: what ran now.
        evidence: what the acceptance rests on: the tests, those of an earlier one included.
        waiting: how many tests did not run, because other conditions come first.
        merge: the forecast; None without lanes.
        coverage: what of it was reviewed.
        commit: the commit of the record.
        merge_step: the command that merges it.
    """

    mission_slug: str
    mission_id: str | None
    mode: str
    ready: bool
    accepted: bool = False
    already: bool = False
    unmet: tuple[Unmet, ...] = ()
    warnings: tuple[Notice, ...] = ()
    canceled: tuple[WorkPackage, ...] = ()
    canceled_ids: tuple[str, ...] = ()
    self_reviewed: tuple[str, ...] = ()
    tests: tuple[TestRun, ...] = ()
    evidence: Proof = Proof()
    waiting: int = 0
    merge: Forecast | None = field(default=None, repr=False)
    coverage: Coverage = field(default_factory=Coverage, repr=False)
    accepted_by: str | None = None
    accepted_at: str | None = None
    commit: str | None = None
    merge_step: Command | None = None

    @property
    def next_step(self) -> Command:
        """The command that comes next."""
        if not self.ready:
            return next(
                (each.fix for each in self.unmet if each.fix), spec_kitty("why", "--mission", self.mission_slug)
            )
        if self.accepted and self.merge_step is not None:
            return self.merge_step
        return spec_kitty("accept", "--mission", self.mission_slug)

    def to_dict(self, *, report: bool = False) -> dict[str, object]:
        """The JSON answer; with conditions unmet it has the shape of a failure, unless only a report was wanted."""
        data: dict[str, object] = {
            "result": "success",
            "mission_slug": self.mission_slug,
            "mission_id": self.mission_id,
            "mode": self.mode,
            "ready": self.ready,
            "accepted": self.accepted,
            "already_accepted": self.already,
            "unmet": [each.to_dict() for each in self.unmet],
            "canceled": self._canceled(),
            "self_reviewed": list(self.self_reviewed),
            "reviewed": self.coverage.reviewed(),
            "forced": list(self.coverage.forced),
            "no_change": self.coverage.no_change,
            "unreviewed": [each.to_dict() for each in (*self.coverage.uncovered, *self.coverage.arrived)],
            "forecast": [step.to_dict() for step in self.merge.steps] if self.merge else [],
            "tree": self.merge.tree if self.merge else None,
            **self.evidence.to_dict(),
            "accepted_by": self.accepted_by,
            "accepted_at": self.accepted_at,
            "commit": self.commit,
            "next_step": self.next_step,
            "warnings": [notice.to_dict() for notice in self.warnings],
        }
        if not self.ready and self.mode != CHECKLIST and not report:
            data |= {
                "result": "error",
                "error_code": "NOT_ACCEPTABLE",
                "error": self._refusal(),
                "hint": self.next_step,
                "details": {"unmet": data["unmet"]},
            }
        return data

    def _refusal(self) -> str:
        count = plural(len(self.unmet), "condition")
        if not self.already:
            return f"{self.mission_slug} is not ready: {count} unmet"
        return (
            f"{count} unmet; {self.mission_slug} was accepted by {self.accepted_by} at {self.accepted_at}: that stands"
        )

    def _canceled(self) -> list[dict[str, object]]:
        known = {package.id: package for package in self.canceled}
        return [
            {
                "wp_id": wp_id,
                "subtasks": list(known[wp_id].subtasks) if wp_id in known else [],
                "requirement_refs": list(known[wp_id].requirement_refs) if wp_id in known else [],
            }
            for wp_id in self.canceled_ids
        ]


def accept(
    place: MissionPlace, config: Config, options: AcceptOptions, *, actor: str, session: str | None = None
) -> Acceptance:
    """Examine a mission and, when nothing is missing, record that it is accepted.

    Nothing is recorded where a condition is unmet. Lanes stay as they are: a work package is done when it is merged.

    Args:
        place: the mission.
        config: the project's settings.
        options: what was asked for.
        actor: who accepts.

    Raises:
        Refused: `TARGET_NOT_CHECKED_OUT`, `NO_GIT_IDENTITY` (not for a checklist); `MISSION_CLOSED`.
        Conflict: `MISSION_MOVED`: somebody moved a work package in the meantime.
    """
    place.repo.require_git()
    if options.mode != CHECKLIST:
        place.feature_dir.exists()
        require_identity(place)
    packages, status = require_plan(place), read_status(place)
    check_open(place, status)
    manifest = lanes_of(place)
    canceled = canceled_in(status.snapshot)
    merge = forecast(place, manifest, canceled=canceled) if manifest else None
    by_other = config.review_by == "other"
    coverage = Coverage()
    if manifest is not None and merge is not None:
        coverage = coverage_of(place, merge, status.events, packages, manifest, by_other=by_other)
    untrusted = untrusted_tests(place, config) if options.untested is None else None
    facts = accept_facts(place, packages, manifest, status, merge, coverage=coverage, untrusted=untrusted)
    unmet, allowed = accept_rules.split(accept_rules.unmet(facts), lenient=options.lenient)
    asked = _asked(config, options)
    before = last_acceptance(status.mission_events)
    good = merge is not None and before is not None and _still_good(before, merge, config, options, place)
    evidence = Evidence()
    if asked and not unmet and not good and manifest and merge and (options.mode != CHECKLIST or options.tests):
        evidence = run_tests(place, config, manifest, merge.result, merge.tree, asked)
        unmet = [*evidence.unmet, *accept_rules.failed_tests(evidence.runs, bare=evidence.bare)]
    waiting = 0 if good or evidence.runs else len(asked)
    runs = tuple(test.to_dict() for test in evidence.runs)
    found = Acceptance(
        place.slug,
        place.mission_id,
        options.mode,
        ready=not unmet,
        unmet=tuple(unmet),
        warnings=(
            *(Notice(each.code, each.what, each.fix) for each in allowed),
            *evidence.warnings,
            *_waiting(waiting),
            *_lost(status),
            *coverage.notices(),
            *(left_in_lanes(place, merge) if merge is not None else ()),
        ),
        canceled=tuple(package for package in packages if package.id in canceled),
        canceled_ids=facts.canceled,
        self_reviewed=tuple(self_reviewed(status.events)),
        tests=evidence.runs,
        evidence=Proof(runs, merge.tree if merge is not None and runs else None, options.untested),
        waiting=waiting,
        merge=merge,
        coverage=coverage,
        merge_step=merge_command(place, status, mode=options.recorded_mode),
    )
    if unmet and before is not None and merge is not None and _stands(before, merge, config, place, unmet):
        return replace(found, accepted=True, already=True, accepted_by=before.by, accepted_at=before.at)
    if unmet or merge is None or options.mode == CHECKLIST:
        return found
    return _recorded(place, config, options, found, merge, actor, session)


def _asked(config: Config, options: AcceptOptions) -> list[TestCommand]:
    """The tests that the project asks for, then those that were typed."""
    if options.untested is not None:
        return []
    listed = [TestCommand(shlex.join(argv), argv) for argv in config.accept_tests]
    return [*listed, *(TestCommand(line) for line in options.tests)]


def _waiting(count: int) -> tuple[Notice, ...]:
    if not count:
        return ()
    said = f"{plural(count, 'test')} did not run: tests come last, when all other conditions hold"
    return (Notice("TESTS_NOT_RUN", said, None),)


def _lost(status: Status) -> tuple[Notice, ...]:
    return tuple(Notice("LOST_CLAIM", claim.message, claim.fix) for claim in status.snapshot.lost_claims)


def _recorded(
    place: MissionPlace,
    config: Config,
    options: AcceptOptions,
    found: Acceptance,
    merge: Forecast,
    actor: str,
    session: str | None,
) -> Acceptance:
    with writing(place, publish=publish_mode(config), doing=f"accept {place.slug}") as log:
        before = last_acceptance(log.mission_events)
        if before is not None and not found.tests and _still_good(before, merge, config, options, place):
            done = replace(
                found,
                mode=before.mode,
                accepted=True,
                already=True,
                accepted_by=before.by,
                accepted_at=before.at,
                evidence=Proof(before.tests, before.tested_tree, before.untested),
            )
        else:
            _check_settled(place, log)
            event = log.record("accepted", actor=actor, session=session, data=_evidence(options, found, merge))
            record_acceptance(
                place.feature_dir,
                accepted_by=actor,
                mode=options.recorded_mode,
                accept_commit=merge.target,
                at=event.at,
            )
            done = replace(
                found,
                accepted=True,
                accepted_by=actor,
                accepted_at=event.at,
                warnings=(*found.warnings, *_not_repeated(place, found, before)),
            )
    if not options.commit:
        return done
    # Of an acceptance that was there before, the commit may have failed, or be about to be made.
    committed = milestone(place, config, "accept")
    return replace(done, commit=committed.commit, warnings=(*done.warnings, *committed.warnings))


def _not_repeated(place: MissionPlace, found: Acceptance, before: Accepted | None) -> tuple[Notice, ...]:
    if found.tests or before is None or not before.tests:
        return ()
    said = f"the acceptance before this one rests on {plural(len(before.tests), 'test')}, this one on none"
    return (Notice("TESTS_NOT_REPEATED", said, accept_with(place.slug, ["TEXT"])),)


def _check_settled(place: MissionPlace, log: Writer) -> None:
    moved = [wp_id for wp_id, state in log.snapshot.work_packages.items() if not _settled(state["lane"])]
    if moved:
        raise Conflict(
            f"{', '.join(moved)} moved while mission {place.slug} was examined",
            "MISSION_MOVED",
            hint=spec_kitty("why", "--mission", place.slug),
        )


def _settled(lane: Lane) -> bool:
    return lane in SETTLED or lane is Lane.CANCELED


def _still_good(before: Accepted, merge: Forecast, config: Config, options: AcceptOptions, place: MissionPlace) -> bool:
    """Whether an acceptance stands as it is: asked again, nothing changes."""
    same_mode = before.mode == options.recorded_mode or options.mode == "auto"
    same_way = options.untested == before.untested if options.untested or config.accept_tests else True
    return not options.tests and same_mode and same_way and _stands(before, merge, config, place)


def _stands(
    before: Accepted, merge: Forecast, config: Config, place: MissionPlace, unmet: Sequence[Unmet] = ()
) -> bool:
    """Whether `merge` still takes an acceptance, in spite of what is unmet now."""
    if changed_lanes(before, merge.tips) or any(each.code in MERGE_WANTS for each in unmet):
        return False
    if not (load_meta(place.feature_dir) or {}).get("accepted_at"):
        return False
    return not not_proven(place, before, config.accept_tests, merge.tree, place.git)


def _evidence(options: AcceptOptions, found: Acceptance, merge: Forecast) -> dict[str, object]:
    return {
        "mode": options.recorded_mode,
        "target": merge.target,
        "lanes": merge.tips,
        "tree": merge.tree,
        **found.evidence.to_dict(),
        "canceled": list(found.canceled_ids),
        "reviewed": found.coverage.heads,
        "forced": list(found.coverage.forced),
        "no_change": found.coverage.no_change,
        "lenient": [notice.code for notice in found.warnings] if options.lenient else [],
    }
