"""Section `merge`: merges that did not come to their end, receipts of those that did, missions that will meet."""

from __future__ import annotations

from specify_cli.conditions import accept_rules
from specify_cli.conditions.accept_facts import canceled_in
from specify_cli.context.overview import landing_command, lands_on
from specify_cli.core.mission_lanes import lanes_of
from specify_cli.core.mission_target import begun_at
from specify_cli.core.radar import notices, radar
from specify_cli.core.work_packages import load_work_packages
from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.text import plural
from specify_cli.merge.intent import Pending, damaged, pending
from specify_cli.merge.verifying import Verdict, Verified, verify, verify_landing
from specify_cli.status.reading import read_status
from specify_cli.workspaces.coverage import coverage_of
from specify_cli.workspaces.forecast import forecast
from specify_cli.workspaces.records import workspace_records
from specify_cli.workspaces.trees import throw_away

SECTION = "merge"
_SAID = {
    "intent": ("MERGE_INTERRUPTED", "was interrupted; the next command that changes state finishes or drops it"),
    "push": ("MERGE_NOT_PUSHED", "is made here and was not pushed yet"),
    "conflict": ("MERGE_CONFLICT", "waits for its conflicts to be resolved"),
}
_VERDICTS = {
    Verdict.UNCHECKABLE: (Severity.NOTE, "RECEIPT_UNCHECKABLE"),
    Verdict.REWRITTEN: (Severity.NOTE, "RECEIPT_REWRITTEN"),
    Verdict.INVALID: (Severity.ERROR, "RECEIPT_INVALID"),
    Verdict.MISMATCH: (Severity.ERROR, "RECEIPT_MISMATCH"),
}


def examine(subject: Subject) -> list[Finding]:
    """Every merge that is under way in this clone, receipts that are not right, and open missions that collide."""
    slugs = {place.slug for place in subject.places}
    found = [_finding(each) for each in pending(subject.repo) if subject.every or each.slug in slugs]
    found += [of_error(SECTION, error) for error in damaged(subject.repo)]
    found += [*_collisions(subject), *_receipts(subject), *_not_landed(subject), *_unreviewed(subject)]
    return found or [Finding(SECTION, Severity.OK, "MERGES", "no merge is under way, no open missions collide")]


def _collisions(subject: Subject) -> list[Finding]:
    slug = None if subject.every or not subject.places else subject.places[0].slug
    found = notices(radar(subject.repo, slug), slug)
    return [Finding(SECTION, Severity.WARNING, each.code, each.message, each.hint) for each in found]


def _not_landed(subject: Subject) -> list[Finding]:
    """Missions that are merged into their own branch, and not on the branch that this one began at."""
    found = []
    for place in subject.places if subject.repo.has_git else ():
        try:
            base, left = begun_at(place.meta, ()), lands_on(place)
            there = place.git.branch_tip(place.target_branch) is not None if base else False
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
            continue
        if left is not None:
            said = f"{place.slug} is merged into {place.target_branch} and has not landed on {left} yet"
            found.append(Finding(SECTION, Severity.NOTE, "NOT_LANDED", said, landing_command(place, left)))
        elif base and there and place.meta.get("merged_at"):
            said = f"{place.slug} has landed on {base}, and its branch {place.target_branch} is still here"
            fix = spec_kitty("merge", "--into", base, "--mission", place.slug)
            found.append(Finding(SECTION, Severity.NOTE, "WORKTREE_NOT_NEEDED", said, fix))
    return found


def _unreviewed(subject: Subject) -> list[Finding]:
    """Commits in the lanes of open missions that no review covers: accept and merge will refuse them."""
    found = []
    for place in subject.places if subject.repo.has_git else ():
        if place.meta.get("merged_at") or not workspace_records(place):
            continue
        try:
            manifest, status = lanes_of(place), read_status(place)
            if manifest is None:
                continue
            packages = load_work_packages(place)
            with throw_away(place) as git:
                merge = forecast(place, manifest, canceled=canceled_in(status.snapshot), elsewhere=git)
                coverage = coverage_of(
                    place, merge, status.events, packages, manifest,
                    by_other=subject.config.review_by == "other", elsewhere=git,
                )  # fmt: skip
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
            continue
        unmet = accept_rules.unreviewed(coverage, place.slug)
        found += [
            Finding(SECTION, Severity.WARNING, each.code, f"{place.slug}: {each.what}", each.fix) for each in unmet
        ]
    return found


def _finding(each: Pending) -> Finding:
    code, said = _SAID[each.kind]
    return Finding(SECTION, Severity.WARNING, code, f"the merge of {each.slug} {said}", each.fix)


def _receipts(subject: Subject) -> list[Finding]:
    """What is wrong with receipts or cannot be told, one by one; how many are right, in one line."""
    found: list[Finding] = []
    right = 0
    for place in subject.places if subject.repo.has_git else ():
        try:
            verified = [*verify(place), *verify_landing(place)]
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
            continue
        right += sum(each.verdict is Verdict.RIGHT for each in verified)
        found += [_verdict(place, each) for each in verified if each.verdict is not Verdict.RIGHT]
    if right:
        said = f"{plural(right, 'receipt')} computed again: the same merge"
        found.append(Finding(SECTION, Severity.OK, "RECEIPTS", said))
    return found


def _verdict(place: MissionPlace, each: Verified) -> Finding:
    severity, code = _VERDICTS[each.verdict]
    return Finding(SECTION, severity, code, f"the receipt of {place.slug} {each.said}", each.fix)
