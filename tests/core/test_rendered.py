from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from specify_cli.core.rendered import render_views, ticks
from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import Refused
from specify_cli.status.mission_log import MissionEvent
from tests.support.git import Repo
from tests.support.status import SLUG, committed_place, minute, place_in, ulid

TASKS = """# Work packages

## WP01 Clock

- [ ] T001 Draw it
- [x] T002 Wind it
- [ ] T003 Sell it
"""


def event(type: str, number: int = 1, **data: object) -> MissionEvent:
    return MissionEvent.from_dict(
        {
            "event_id": ulid(number),
            "at": minute(number),
            "actor": "ada",
            "session": None,
            "mission_id": None,
            "mission_slug": SLUG,
            "type": type,
            "wp_id": "WP01",
            "data": data,
        }
    )


def tick(subtask: str, number: int = 1, *, done: bool = True) -> MissionEvent:
    return event("subtask", number, subtask=subtask, done=done)


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    found = committed_place(git)
    (found.feature_dir / "tasks.md").write_bytes(TASKS.encode())
    return found


def files_of(place: MissionPlace) -> Mapping[str, bytes]:
    folder = place.feature_dir
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_last_event_about_a_subtask_counts() -> None:
    events = [tick("T001"), tick("T002", 2, done=False), tick("T001", 3, done=False), event("note", 4, text="x")]
    assert ticks(events) == {"T001": False, "T002": False}
    assert ticks([event("subtask", 1, done=True)]) == {}


def test_ticks_are_drawn_and_boxes_ticked_by_hand_stay(place: MissionPlace) -> None:
    assert render_views(place, [tick("T001"), tick("T002", 2, done=False), tick("T999", 3)]) == ["tasks.md"]
    assert place.read("tasks.md") == TASKS.replace("- [ ] T001", "- [x] T001")


def test_with_nothing_new_nothing_is_written(place: MissionPlace) -> None:
    windows = TASKS.replace("\n", "\r\n").encode()
    (place.feature_dir / "tasks.md").write_bytes(windows)
    assert render_views(place, [tick("T002")]) == []
    assert (place.feature_dir / "tasks.md").read_bytes() == windows
    (place.feature_dir / "tasks.md").unlink()
    assert render_views(place, [tick("T001")]) == []


def test_feedback_becomes_a_file_once_and_is_never_changed(place: MissionPlace) -> None:
    name = "tasks/WP01-clock/review-cycle-1.md"
    finding = event("review_finding", file=name, text="The hands are \u00e9 missing.\n")
    assert render_views(place, [finding]) == [name]
    path = place.feature_dir / name
    assert path.read_text() == "The hands are \u00e9 missing.\n"
    path.write_text("edited by a person\n")
    assert render_views(place, [finding]) == []
    assert path.read_text() == "edited by a person\n"


@pytest.mark.parametrize(
    "name",
    [
        "{outside}/review-cycle-1.md",
        "../outside/review-cycle-1.md",
        "tasks/../../review-cycle-1.md",
        "tasks/../review-cycle-1.md",
        "tasks/./review-cycle-1.md",
        "meta.json",
        "tasks/WP01-clock.md",
        "tasks/WP01/review-cycle-1.md/x",
        "tasks/WP01/review-cycle-1.md\n",
        ".git/hooks/pre-commit",
        "tasks/link/review-cycle-1.md",
        "",
        7,
        None,
    ],
)
def test_an_event_of_somebody_else_writes_nowhere_else(name: object, place: MissionPlace, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (place.feature_dir / "tasks").mkdir()
    (place.feature_dir / "tasks" / "link").symlink_to(tmp_path / "outside")
    before = files_of(place)
    asked = name.format(outside=tmp_path / "outside") if isinstance(name, str) else name
    assert render_views(place, [event("review_finding", file=asked, text="x")]) == []
    assert files_of(place) == before
    assert list((tmp_path / "outside").iterdir()) == []


def test_feedback_without_text_is_nothing(place: MissionPlace) -> None:
    assert render_views(place, [event("review_finding", file="tasks/WP01/review-cycle-1.md")]) == []


def test_a_link_in_the_place_of_a_document_is_not_written_through(place: MissionPlace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(TASKS)
    (place.feature_dir / "tasks.md").unlink()
    (place.feature_dir / "tasks.md").symlink_to(outside)
    with pytest.raises(Refused, match="symbolic link"):
        render_views(place, [tick("T001")])
    assert outside.read_text() == TASKS


def test_without_a_home_nothing_is_drawn(git: Repo, place: MissionPlace) -> None:
    git.commit("tasks")
    git("switch", "-q", "-c", "elsewhere")
    assert render_views(place_in(git.path), [tick("T001")]) == []
    assert git.status() == ""
