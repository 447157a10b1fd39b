"""Section `merge`: merges that did not come to their end."""

from __future__ import annotations

from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.merge.intent import Pending, pending

SECTION = "merge"
_SAID = {
    "intent": ("MERGE_INTERRUPTED", "was interrupted; the next command that changes state finishes or drops it"),
    "push": ("MERGE_NOT_PUSHED", "is made here and was not pushed yet"),
    "conflict": ("MERGE_CONFLICT", "waits for its conflicts to be resolved"),
}


def examine(subject: Subject) -> list[Finding]:
    """Every merge that is under way in this clone."""
    try:
        under_way = pending(subject.repo)
    except SpecKittyError as error:
        return [of_error(SECTION, error)]
    slugs = {place.slug for place in subject.places}
    found = [_finding(each) for each in under_way if subject.every or each.slug in slugs]
    return found or [Finding(SECTION, Severity.OK, "MERGES", "no merge is under way")]


def _finding(each: Pending) -> Finding:
    code, said = _SAID[each.kind]
    return Finding(SECTION, Severity.WARNING, code, f"the merge of {each.slug} {said}", each.fix)
