"""What a merge adds to a mission's logs and documents, and the commit that holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.kernel import clock, files
from specify_cli.kernel.values import frozen
from specify_cli.merge.case import Case
from specify_cli.merge.plan import Composed
from specify_cli.merge.rebase import Spans
from specify_cli.merge.receipt import RECEIPT
from specify_cli.mission_metadata import META, load_meta, merged_meta
from specify_cli.status import lines, store
from specify_cli.status.emit import Writer
from specify_cli.status.evidence import DoneEvidence, RepoEvidence, ReviewApproval, VerificationResult
from specify_cli.status.models import Lane
from specify_cli.workspaces.trees import Workbench

_TOUCHED = 100_000  # characters of file names in the evidence of one work package

Lines = Sequence[Mapping[str, object]]


@frozen
class Recorded:
    """What is added.

    Args:
        tip: the target's commit after the merge.
        moves, facts: lines for the two logs.
        loose: documents (name below the mission's folder -> text) that no commit holds, where the tool makes none.
    """

    tip: str
    moves: Lines = ()
    facts: Lines = ()
    loose: Mapping[str, str] | None = None


def record(case: Case, log: Writer, composed: Composed, spans: Spans, receipt: Mapping[str, object]) -> Recorded:
    """The moves to done, the fact that the mission is closed, its documents, and the commit on top of the code."""
    moves_before, facts_before = len(log.events), len(log.mission_events)
    actor, session, target = case.wish.actor, case.wish.session, case.forecast.target_branch
    for wp_id in case.moving:
        proof = _evidence(case, wp_id, composed, spans)
        log.move(wp_id, Lane.DONE, actor=actor, session=session, evidence=proof, reason=f"merged into {target}")
    closed = {"merged_commit": composed.code, "target": target, "strategy": case.strategy, "outcome": "merged"}
    log.record("mission_closed", actor=actor, session=session, data=closed)
    moves = [event.to_dict() for event in log.events[moves_before:]]
    facts = [event.to_dict() for event in log.mission_events[facts_before:]]
    meta = merged_meta(
        load_meta(case.place.feature_dir) or case.place.meta,
        merged_by=actor,
        merged_into=target,
        strategy=case.strategy,
        merged_commit=composed.code,
    )
    documents = {META: files.dump_json(meta), RECEIPT: files.dump_json(receipt)}
    if not case.config.auto_commit:
        return Recorded(composed.code, moves, facts, documents)
    contents = {name: files.encode(text) for name, text in documents.items()}
    for file, more in ((store.status_log(case.place), moves), (store.mission_log_file(case.place), facts)):
        contents[file.name] = published(file, more, files.read_bytes(file.copy) if file.copy is not None else None)
    return Recorded(_status_commit(case, composed.code, contents), moves, facts)


def _evidence(case: Case, wp_id: str, composed: Composed, spans: Spans) -> DoneEvidence:
    """Why a work package is done: its approval, the commit that holds it now, and the tests of the acceptance."""
    approval = [each for each in case.status.events if each.wp_id == wp_id and each.to_lane is Lane.APPROVED][-1]
    review = approval.evidence.review if approval.evidence else None
    span, accepted = spans.get(wp_id), case.accepted
    touched = case.git.changed_between(span.base, span.head) if span is not None and span.head else []
    tests, tree = (accepted.tests, accepted.tree) if accepted else ((), None)
    return DoneEvidence(
        review or ReviewApproval(approval.actor, "approved", approval.review_ref or approval.event_id),
        (RepoEvidence(case.repo_name, case.forecast.target_branch, composed.holding(wp_id), _some(touched)),),
        tuple(
            VerificationResult(
                str(test.get("command")),
                "passed" if test.get("exit_code") == 0 else "failed",
                f"exit code {test.get('exit_code')} after {test.get('seconds')} s on tree {tree}",
            )
            for test in tests
        ),
    )


def _some(paths: Sequence[str]) -> tuple[str, ...]:
    """As many as one event may hold."""
    room = _TOUCHED
    for count, path in enumerate(paths):
        room -= len(path)
        if room < 0:
            return (*paths[:count], f"… and {len(paths) - count} more")
    return tuple(paths)


def published(log: store.LogFile, more: Lines, copy: bytes | None) -> bytes:
    """A log's copy as it is once everything recorded, and what is about to be, is published.

    Args:
        copy: as it is now.
    """
    data = copy or b""
    if data and not data.endswith(b"\n"):
        tail = data.rpartition(b"\n")[2]
        data = data + b"\n" if lines.parse_line(tail) is not None else data[: len(data) - len(tail)]
    reading = store.read(log)
    missing = sorted((reading.objects[index] for index in reading.unpublished), key=_moment)
    return data + lines.encode([*missing, *more])


def _moment(entry: Mapping[str, object]) -> tuple[str, str]:
    return clock.sort_key(str(entry.get("at") or "")), str(entry.get("event_id") or "")


def _status_commit(case: Case, code: str, contents: Mapping[str, bytes]) -> str:
    """The commit on top of the code: the mission's folder as it is on disk, with these files in it.

    Args:
        code: the commit below.
        contents: name below the mission's folder -> content.
    """
    git, folder = case.git, case.place.relative
    scratch = Workbench(case.place).scratch("status")
    env = {"GIT_INDEX_FILE": str(scratch)}
    try:
        git.run("read-tree", code, env=env, write=True)
        git.run("add", "--all", "--sparse", "--", folder, env=env, write=True)
        listed = "".join(f"100644 {git.hash_object(data)}\t{folder}/{name}\0" for name, data in contents.items())
        git.run("update-index", "--add", "-z", "--index-info", input=listed, env=env, write=True)
        tree = git.run("write-tree", env=env, write=True).strip()
    finally:
        files.remove(scratch)
    return git.commit_tree(tree, [code], f"spec-kitty({case.place.slug}): merge\n")
