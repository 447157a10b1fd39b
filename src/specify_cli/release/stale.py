"""Assertions that a change of the source has probably made wrong; pure, from syntax trees.

What a change takes away is compared with what tests still claim: a text that no source says any more, a value that a
named constant or a function no longer has, a name that nothing defines. Nothing is imported or run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain

from specify_cli.kernel.values import frozen
from specify_cli.release.claims import Claim, claims_of
from specify_cli.release.said import Literal, Said, joined, said, texts_of

# A shorter text says too little: "a" or "id" stands in everything.
SHORTEST_TEXT = 3
SHORTEST_PIECE = 5
# Methods that every program has; that one class of ours lost one says nothing of the others.
_COMMON = frozenset(chain.from_iterable(map(dir, (str, bytes, dict, list, set, int, float, BaseException, object))))


@frozen
class StaleAssertion:
    """An assertion that a change has probably made wrong.

    Args:
        file, line: where it stands.
        code: the assertion's first line.
        source: the changed file.
        reason: what changed.
    """

    file: str
    line: int
    code: str
    source: str
    reason: str

    def to_dict(self) -> dict[str, object]:
        """As it stands in the answer."""
        return {"file": self.file, "line": self.line, "code": self.code, "source": self.source, "reason": self.reason}


def find_stale(
    before: Mapping[str, str], after: Mapping[str, str], tests: Mapping[str, str], unchanged: Iterable[str] = ()
) -> list[StaleAssertion]:
    """The assertions that a change has probably made wrong, in order of file and line.

    Args:
        before: changed source files as they were; a new file is missing.
        after: the same as they are; a removed file is missing.
        tests: test files as they are.
        unchanged: the texts of all other source files: what they say and define is not gone.
    """
    still = joined([said(text) for text in (*after.values(), *unchanged)])
    found: list[StaleAssertion] = []
    claims = [claim for file, text in sorted(tests.items()) for claim in claims_of(file, text)]
    for source, text in sorted(before.items()):
        lost = _lost(said(text), said(after.get(source, "")), still)
        for claim in claims:
            reason = _wrong(claim, lost, still)
            if reason:
                found.append(StaleAssertion(claim.file, claim.line, claim.code, source, reason))
    unique = {(each.file, each.line): each for each in reversed(found)}
    return [unique[key] for key in sorted(unique)]


@frozen
class _Lost:
    """What a source file no longer says.

    Args:
        names: that nothing defines any more.
        values: constant or function -> the literals that it lost, and those that it has.
        texts: that no source says any more.
        blob: all of them in one text.
        starts: how those that are long enough to be a piece of another begin -> they.
    """

    names: frozenset[str]
    values: Mapping[str, tuple[frozenset[Literal], frozenset[Literal]]]
    texts: frozenset[str]
    blob: str
    starts: Mapping[str, list[str]]

    def around(self, claimed: str) -> list[str]:
        """The texts that a text was part of."""
        return [text for text in self.texts if claimed in text] if claimed in self.blob else []

    def within(self, claimed: str) -> list[str]:
        """The texts that a text was made of."""
        found = ((at, self.starts.get(claimed[at : at + SHORTEST_PIECE], ())) for at in range(len(claimed)))
        return [text for at, texts in found for text in texts if claimed.startswith(text, at)]


def _lost(old: Said, new: Said, still: Said) -> _Lost:
    both = {name: (had - new.values[name], new.values[name]) for name, had in old.values.items() if name in new.values}
    values = {name: each for name, each in both.items() if each[0]}
    texts, starts = old.texts - still.texts, defaultdict[str, list[str]](list)
    for text in texts:
        if len(text.strip()) >= SHORTEST_PIECE:
            starts[text[:SHORTEST_PIECE]].append(text)
    return _Lost(old.names - still.names - _COMMON, values, texts, "\0".join(texts), starts)


def _wrong(claim: Claim, lost: _Lost, still: Said) -> str:
    """Why a claim is probably wrong after a change, or nothing."""
    for name in sorted(lost.names & claim.mentions):
        return f"nothing is named {name} any more"
    for name in sorted(lost.values.keys() & claim.mentions):
        gone, now = lost.values[name]
        if (claimed := gone & claim.literals) and not _is_said(claimed, now):
            return f"{name} no longer has {_shown(claimed)}"
    for text in sorted(claim.texts, key=len, reverse=True):
        said_before = _gone(text, lost, still.texts)
        if said_before is not None:
            return f"no source says {said_before!r} any more"
    return ""


def _is_said(lost: frozenset[Literal], now: frozenset[Literal]) -> bool:
    """Whether what was lost is a text that lives on inside a longer one."""
    gone = texts_of(lost)
    return len(gone) == len(lost) and all(any(each in text for text in texts_of(now)) for each in gone)


def _shown(lost: frozenset[Literal]) -> str:
    return ", ".join(sorted(repr(value) for _, value in lost))


def _gone(claimed: str, lost: _Lost, still: frozenset[str]) -> str | None:
    """The text of old source that a claimed text was part or made of, where the source of today has neither."""
    if len(claimed.strip()) < SHORTEST_TEXT:
        return None
    whole, pieces = lost.around(claimed), lost.within(claimed)
    if not (whole or pieces) or any(claimed in text for text in still):
        return None
    if whole:
        return min(whole, key=len)
    best = max(pieces, key=len)
    kept = (text for text in still if len(text.strip()) >= SHORTEST_PIECE and text in claimed)
    return None if any(best in text for text in kept) else best
