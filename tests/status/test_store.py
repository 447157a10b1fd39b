from __future__ import annotations

import json
import shlex
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from specify_cli.home import MissionPlace, home_of
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Checkout, discover
from specify_cli.status import lines, store
from specify_cli.status.emit import writing
from specify_cli.status.reading import status_events
from tests.support.git import Repo
from tests.support.limits import run_python
from tests.support.status import MISSION_ID, SLUG, bare_place, chain, committed_place, minute, moved, place_in, ulid

Lines = list[dict[str, object]]


def dicts(*lanes: str, start: int = 0) -> Lines:
    return [event.to_dict() for event in chain(*lanes, start=start)]


def copy_of(place: MissionPlace) -> Path:
    return place.feature_dir / store.EVENTS_FILENAME


def ids(reading: store.Reading[lines.Line]) -> list[str]:
    return sorted(str(entry["event_id"]) for entry in reading.objects)


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    return place_in(git.path)


def test_what_is_appended_is_in_the_journal_and_not_in_the_tree(git: Repo, place: MissionPlace) -> None:
    events = dicts("planned", "claimed", "in_progress")
    log = store.status_log(place)
    assert store.append(log, events) == ()
    assert log.journal == git.path / ".git" / "spec-kitty" / "journal" / f"{MISSION_ID}.jsonl"
    assert log.journal.read_bytes() == lines.encode(events)
    assert stat.S_IMODE(log.journal.stat().st_mode) == 0o600
    assert git.status() == ""
    found = store.read(log)
    assert found.objects == events
    assert found.unpublished == (0, 1)
    assert found.origin(1) == (str(log.journal), 2)


def test_nothing_to_append_touches_nothing(place: MissionPlace) -> None:
    assert store.append(store.status_log(place), []) == ()
    assert not place.journal.exists()


def test_publishing_appends_what_the_copy_lacks_in_fold_order(place: MissionPlace) -> None:
    log = store.status_log(place)
    events = dicts("planned", "claimed", "in_progress", "for_review")
    theirs = moved("planned", "claimed", wp_id="WP02", at=minute(1), event_id=ulid(1500)).to_dict()
    copy_of(place).write_bytes(lines.encode([theirs]))
    store.append(log, [events[2], events[0], events[1]])
    assert len(store.read(log).unpublished) == 3
    assert store.publish(log) == 3
    assert copy_of(place).read_bytes() == lines.encode([theirs, *events])
    assert len(store.read(log).unpublished) == 0
    assert store.publish(log) == 0
    assert ids(store.read(log)) == sorted(str(entry["event_id"]) for entry in [theirs, *events])


def test_publishing_never_changes_a_line(place: MissionPlace) -> None:
    log = store.status_log(place)
    odd = b'  {"wp_id":"WP09",  "event_id":"x"}\r\nnot json\n{"event_id": "annotation", "kind": "annotation"}'
    copy_of(place).write_bytes(odd)
    events = dicts("planned", "claimed")
    store.append(log, events)
    assert store.publish(log) == 1
    assert copy_of(place).read_bytes() == odd + b"\n" + lines.encode(events)


def test_publishing_goes_on_after_the_copy_was_taken_back(git: Repo) -> None:
    place = committed_place(git)
    log = store.status_log(place)
    first, second = dicts("planned", "claimed", "in_progress")
    store.append(log, [first])
    store.publish(log)
    git.commit("milestone")
    store.append(log, [second])
    store.publish(log)
    git("checkout", "-q", "--", ".")
    assert len(store.read(log).unpublished) == 1
    git("reset", "-q", "--hard", "HEAD~1")
    git("clean", "-qfdx")
    assert ids(store.read(log)) == sorted([str(first["event_id"]), str(second["event_id"])])
    assert store.publish(log) == 2


def test_a_mission_folder_that_is_gone_is_not_made_by_publishing(place: MissionPlace) -> None:
    store.append(store.status_log(place), dicts("planned", "claimed"))
    place.feature_dir.rmdir()
    assert store.publish(store.status_log(place)) == 0
    assert not place.feature_dir.exists()


def test_without_a_home_the_tip_of_the_target_is_read_and_nothing_published(git: Repo) -> None:
    at_home = committed_place(git)
    published = dicts("planned", "claimed")
    store.append(store.status_log(at_home), published)
    store.publish(store.status_log(at_home))
    git.commit("milestone")
    git("switch", "-q", "-c", "elsewhere", "HEAD~2")
    away = place_in(git.path)
    assert away.home is None
    log = store.status_log(away)
    later = dicts("claimed", "in_progress", start=5)
    store.append(log, later)
    found = store.read(log)
    assert ids(found) == sorted(str(entry["event_id"]) for entry in [*published, *later])
    assert len(found.unpublished) == 1
    assert store.publish(log) == 0
    assert git.status() == ""
    assert found.origin(0) == (f"main:kitty-specs/{SLUG}/{store.EVENTS_FILENAME}", 1)


def test_the_home_may_be_a_linked_worktree(git: Repo, tmp_path: Path) -> None:
    committed_place(git)
    git("switch", "-q", "-c", "elsewhere")
    git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    place = place_in(git.path)
    assert place.home is not None
    store.append(store.status_log(place), dicts("planned", "claimed"))
    assert store.publish(store.status_log(place)) == 1
    assert (tmp_path / "linked" / "kitty-specs" / SLUG / store.EVENTS_FILENAME).exists()
    assert git.status() == ""


def test_a_checkout_amid_the_users_own_rebase_is_left_alone(git: Repo) -> None:
    place = committed_place(git)
    assert place.home is not None
    busy = replace(place, home=replace(place.home, busy="rebase"))
    store.append(store.status_log(busy, "always"), dicts("planned", "claimed"))
    assert store.publish(store.status_log(busy)) == 0
    assert not copy_of(place).exists()


def test_always_appends_to_the_copy_too(place: MissionPlace) -> None:
    log = store.status_log(place, "always")
    events = dicts("planned", "claimed", "in_progress")
    store.append(log, events[:1])
    store.append(log, events[1:])
    assert copy_of(place).read_bytes() == lines.encode(events) == place.journal.read_bytes()
    assert len(store.read(log).unpublished) == 0


def test_a_copy_that_cannot_be_written_is_a_warning_for_the_event_is_recorded(place: MissionPlace) -> None:
    copy_of(place).mkdir()
    (problem,) = store.append(store.status_log(place, "always"), dicts("planned", "claimed"))
    assert (problem.code, problem.severity) == ("COPY_NOT_WRITTEN", "warning")
    assert place.journal.exists()


def test_outside_git_the_file_in_the_tree_is_the_journal(tmp_path: Path) -> None:
    place = bare_place(tmp_path / "plain")
    log = store.status_log(place)
    store.append(log, dicts("planned", "claimed"))
    assert len(store.read(log).objects) == 1
    assert store.publish(log) == 0
    assert copy_of(place).exists()
    assert not place.journal.exists()


def test_a_torn_tail_is_set_aside_before_the_next_write(place: MissionPlace) -> None:
    log = store.status_log(place)
    first, second = dicts("planned", "claimed", "in_progress")
    store.append(log, [first])
    with place.journal.open("ab") as journal:
        journal.write(b'{"actor": "cla')
    torn = store.read(log)
    assert [problem.code for problem in torn.problems] == ["TORN_TAIL"]
    assert len(torn.objects) == 1
    (problem,) = store.append(log, [second])
    assert problem.code == "TORN_TAIL"
    assert place.journal.read_bytes() == lines.encode([first, second])
    (kept,) = (place.state / "quarantine").iterdir()
    assert kept.read_bytes() == b'{"actor": "cla'
    assert stat.S_IMODE((place.state / "quarantine").stat().st_mode) == 0o700
    assert store.read(log).problems == ()
    assert store.append(log, [second]) == ()


def test_a_whole_last_line_gets_its_newline(place: MissionPlace) -> None:
    log = store.status_log(place)
    first, second = dicts("planned", "claimed", "in_progress")
    store.append(log, [first])
    place.journal.write_bytes(place.journal.read_bytes().rstrip(b"\n"))
    assert store.append(log, [second]) == ()
    assert place.journal.read_bytes() == lines.encode([first, second])


def test_a_torn_journal_of_nothing_else_and_a_long_one(place: MissionPlace) -> None:
    log = store.status_log(place)
    place.journal.parent.mkdir(parents=True)
    place.journal.write_bytes(b"x" * 200_000)
    store.append(log, dicts("planned", "claimed"))
    assert len(store.read(log).objects) == 1
    assert len(place.journal.read_bytes()) < 1000
    place.journal.write_bytes(b'{"a": 1}\n' + b"x" * (lines.LIMIT + 70_000))
    store.append(log, dicts("planned", "claimed"))
    found = store.read(log)
    assert [problem.code for problem in found.problems] == ["OVERSIZED_LINE"]
    assert len(found.objects) == 2


def test_identical_duplicates_in_both_are_one_event_and_no_finding(place: MissionPlace) -> None:
    events = dicts("planned", "claimed", "in_progress")
    store.append(store.status_log(place), events)
    spaced = "".join(json.dumps(entry, indent=None, separators=(",", ":")) + "\n" for entry in events[::-1])
    copy_of(place).write_text(spaced + spaced)
    found = store.read(store.status_log(place))
    assert (len(found.objects), found.problems, found.unpublished) == (2, (), ())


def test_the_journal_counts_where_the_copy_says_otherwise(place: MissionPlace) -> None:
    (event,) = dicts("planned", "claimed")
    store.append(store.status_log(place), [event])
    copy_of(place).write_bytes(lines.encode([event | {"actor": "mallory"}]))
    found = store.read(store.status_log(place))
    assert found.objects == [event]
    (problem,) = found.problems
    assert (problem.code, problem.severity) == ("EVENT_ID_CONFLICT", "error")


def test_two_contents_in_one_copy_give_the_same_answer_in_any_order(place: MissionPlace) -> None:
    (event,) = dicts("planned", "claimed")
    other = event | {"actor": "abel"}
    seen = []
    for order in ([event, other], [other, event]):
        copy_of(place).write_bytes(lines.encode(order))
        found = store.read(store.status_log(place))
        seen.append(found.objects)
        assert [problem.code for problem in found.problems] == ["EVENT_ID_CONFLICT"]
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("copied", "recorded"),
    [("ab", "a"), ("ba", "a"), ("a", "ba"), ("a", "ab"), ("ab", "ca"), ("b", "a"), ("b", "ab"), ("", "ab")],
)
def test_of_two_contents_that_counts_which_both_files_have_else_the_journals_first(
    place: MissionPlace, copied: str, recorded: str
) -> None:
    (event,) = dicts("planned", "claimed")
    content = {"a": event | {"actor": "mona"}, "b": event | {"actor": "abel"}, "c": event | {"actor": "zora"}}
    expected = content["b" if (copied, recorded) == ("b", "ab") else "a"]
    copy_of(place).write_bytes(lines.encode(content[each] for each in copied))
    store.append(store.status_log(place), [content[each] for each in recorded])
    for read in (store.read, store.read_values):
        found = read(store.status_log(place))
        (object_,) = found.objects
        assert (object_ if isinstance(object_, dict) else object_.to_dict()) == expected
        assert {problem.code for problem in found.problems} == {"EVENT_ID_CONFLICT"}
        assert found.unpublished == ((0,) if not copied else ())
        assert found.unrecorded == ()
    fix = str(store.read(store.status_log(place)).problems[0].fix)
    assert fix.startswith(f"grep -n {event['event_id']} {place.journal}")
    done = subprocess.run(shlex.split(fix), capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(copied + recorded)


def test_a_line_of_an_older_version_is_recorded_under_todays_names_and_is_no_conflict(place: MissionPlace) -> None:
    (event,) = dicts("planned", "claimed")
    old = {"feature_slug" if key == "mission_slug" else key: value for key, value in event.items()}
    copy_of(place).write_bytes(lines.encode([old | {"to_lane": "doing", "novelty": 1}]))
    with writing(place) as writer:
        writer.move("WP01", "blocked", actor="claude")
    assert b'"novelty": 1' in place.journal.read_bytes()
    assert b"feature_slug" not in place.journal.read_bytes()
    for read in (store.read, store.read_values):
        found = read(store.status_log(place))
        assert (len(found.objects), found.problems, found.unrecorded) == (2, (), ())


def test_a_re_created_slug_does_not_meet_old_events(place: MissionPlace) -> None:
    old = [entry | {"mission_id": ulid(5)} for entry in dicts("planned", "claimed", "in_progress")]
    copy_of(place).write_bytes(lines.encode(old))
    found = store.read(store.status_log(place))
    assert found.objects == []
    (problem,) = found.problems
    assert (problem.code, problem.severity, problem.line) == ("FOREIGN_MISSION", "warning", 1)
    assert "2 events" in problem.message
    without_id = replace(place, mission_id=None)
    assert len(store.read(store.status_log(without_id)).objects) == 2


def test_annotations_and_unknown_keys_are_kept_and_published(place: MissionPlace) -> None:
    event = dicts("planned", "claimed")[0] | {"novelty": {"a": 1}}
    note: dict[str, object] = {"kind": "annotation", "event_id": ulid(77), "at": minute(0), "wp_id": "WP01"}
    log = store.status_log(place)
    store.append(log, [event, note])
    events, problems = status_events(store.read(log))
    assert (len(events), problems) == (1, [])
    assert store.publish(log) == 2
    assert b'"novelty": {"a": 1}' in copy_of(place).read_bytes()


def test_hostile_bytes_are_reported_with_file_and_line(place: MissionPlace) -> None:
    events = dicts("planned", "claimed", "in_progress")
    good = lines.encode(events).splitlines(keepends=True)
    copy_of(place).write_bytes(good[0] + b"\x00\x00\n" + b'{"a": "\xff\xfe"}\n' + good[1])
    found = store.read(store.status_log(place))
    assert len(found.objects) == 2
    assert [(p.code, p.line, p.file) for p in found.problems] == [
        ("CORRUPT_LINE", 2, str(copy_of(place))),
        ("CORRUPT_LINE", 3, str(copy_of(place))),
    ]


@pytest.mark.parametrize("where", ["copy", "journal"])
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_something_else_in_place_of_a_log_is_a_clear_error(place: MissionPlace, where: str, kind: str) -> None:
    path = copy_of(place) if where == "copy" else place.journal
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(place.repo.root / "README.md")
    with pytest.raises(Refused) as refused:
        store.read(store.status_log(place))
    assert refused.value.code == "LOG_NOT_A_FILE"
    assert str(path) in refused.value.message
    if where == "journal":
        with pytest.raises(Refused):
            store.append(store.status_log(place), dicts("planned", "claimed"))
    assert (place.repo.root / "README.md").read_text() == "# A project\n"


def test_a_mission_folder_that_leads_out_of_the_project_is_not_written_through(git: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (git.path / "kitty-specs").mkdir()
    (git.path / "kitty-specs" / SLUG).symlink_to(outside)
    repo = discover(git.path)
    place = MissionPlace(repo, SLUG, MISSION_ID, "main", home_of(repo, "main"))
    store.append(store.status_log(place), dicts("planned", "claimed"))
    with pytest.raises(Refused) as refused:
        store.publish(store.status_log(place))
    assert refused.value.code == "SYMLINK_REFUSED"
    assert list(outside.iterdir()) == []


_APPEND = """
import sys
from pathlib import Path
from specify_cli.kernel.errors import Refused
from specify_cli.status import store
from tests.support.status import chain, place_in
try:
    store.append(store.status_log(place_in(Path(sys.argv[1]))), [event.to_dict() for event in chain("claimed", "done")])
except Refused as error:
    print(error.code, error.details["path"])
"""


def test_a_journal_that_may_not_be_written_says_so(place: MissionPlace) -> None:
    store.append(store.status_log(place), dicts("planned", "claimed"))
    place.journal.chmod(0o400)
    done = run_python(_APPEND, str(place.repo.root), cwd=place.repo.root, mortal=True)
    assert done.stdout.split() == ["STATE_READ_ONLY", str(place.journal)], done.stderr
    assert len(store.read(store.status_log(place)).objects) == 1


def test_a_checkout_says_where_its_copy_is(place: MissionPlace) -> None:
    assert isinstance(place.home, Checkout)
    assert store.status_log(place).where == str(copy_of(place))
    assert store.mission_log_file(place).name == "mission-events.jsonl"
