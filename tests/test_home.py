from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.home import MissionPlace, fetch_command, home_of
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Repository, discover
from tests.support.git import Repo, make_repo

SLUG = "001-tea-timer"
MISSION_ID = "01KNRK00000000000000000000"


def place_in(folder: Path, *, mission_id: str | None = MISSION_ID) -> MissionPlace:
    repo = discover(folder)
    return MissionPlace(repo, SLUG, mission_id, "main", home_of(repo, "main"))


@pytest.fixture
def mission(git: Repo) -> Repo:
    """A repository with a mission on main."""
    git.write(f"kitty-specs/{SLUG}/spec.md", "# Th\u00e9\r\nwith windows\r\n")
    git.write(f"kitty-specs/{SLUG}/tasks/WP02-b.md", "b\n")
    git.write(f"kitty-specs/{SLUG}/tasks/WP01-a.md", "a\n")
    git.write(f"kitty-specs/{SLUG}/tasks/WP01-a/review-cycle-1.md", "no\n")
    git.commit("mission")
    return git


def test_the_home_is_where_the_target_is_checked_out(mission: Repo, tmp_path: Path) -> None:
    mission("worktree", "add", "-q", "-b", "side", "../side")
    for folder in (mission.path, tmp_path / "side"):
        home = home_of(discover(folder), "main")
        assert home is not None
        assert home.path == mission.path
    mission("switch", "-q", "-c", "other")
    assert home_of(discover(mission.path), "main") is None
    Repo(tmp_path / "side")("switch", "-q", "main")
    moved = home_of(discover(mission.path), "main")
    assert moved is not None
    assert moved.path == tmp_path / "side"


def test_while_the_target_is_rebased_its_checkout_stays_home(mission: Repo) -> None:
    mission("switch", "-q", "-c", "side", "HEAD~1")
    mission.commit("theirs", README_md="theirs\n")
    mission("switch", "-q", "main")
    mission.commit("ours", README_md="ours\n")
    mission("rebase", "-q", "side", check=False)
    home = home_of(discover(mission.path), "main")
    assert home is not None
    assert home.busy == "rebase"


def test_documents_are_read_in_the_home(mission: Repo) -> None:
    place = place_in(mission.path)
    folder = mission.path / "kitty-specs" / SLUG
    assert place.folder == place.feature_dir == folder
    assert place.git.root == mission.path
    assert place.read("spec.md") == "# Th\u00e9\nwith windows\n"
    (folder / "spec.md").write_text("changed, not committed\n")
    assert place.read("spec.md") == "changed, not committed\n"
    assert place.read("gone.md") is None
    assert place.read_bytes("tasks/WP01-a.md") == b"a\n"
    assert place.read_many(["spec.md", "gone.md"]) == {"spec.md": "changed, not committed\n", "gone.md": None}
    assert place.names() == ["spec.md", "tasks/"]
    assert place.names("tasks") == ["WP01-a.md", "WP01-a/", "WP02-b.md"]
    assert place.names("gone") == place.names("spec.md") == []


def test_without_a_home_they_are_read_at_the_tip(mission: Repo) -> None:
    mission("switch", "-q", "-c", "other")
    mission("rm", "-q", "-r", "kitty-specs")
    mission.commit("nothing here")
    place = place_in(mission.path)
    assert place.folder is None
    assert place.read("spec.md") == "# Th\u00e9\nwith windows\n"
    assert place.read("gone.md") is None
    assert place.read_many(["tasks/WP01-a.md", "gone.md"]) == {"tasks/WP01-a.md": "a\n", "gone.md": None}
    assert place.read_many([]) == {}
    assert place.names() == ["spec.md", "tasks/"]
    assert place.names("tasks") == ["WP01-a.md", "WP01-a/", "WP02-b.md"]
    with pytest.raises(Refused, match="on branch main, which no checkout has") as told:
        _ = place.feature_dir
    assert told.value.code == "TARGET_NOT_CHECKED_OUT"
    assert told.value.hint == f"git -C {mission.path} switch main"
    assert told.value.details == {"target_branch": "main"}


def test_the_command_that_mends_it_can_be_pasted(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "my repo")
    lost = MissionPlace(discover(repo.path), SLUG, None, "main", None)
    with pytest.raises(Refused) as told:
        _ = lost.feature_dir
    assert told.value.hint == f"git -C '{tmp_path / 'my repo'}' switch main"


@pytest.mark.parametrize(
    ("remotes", "holder", "expected"),
    [
        ([], None, "origin"),
        (["upstream"], None, "upstream"),
        (["fork", "origin"], None, "origin"),
        (["fork", "origin"], "fork", "fork"),
        (["origin", "team/tea"], "team/tea", "team/tea"),
    ],
)
def test_a_branch_is_fetched_from_the_remote_that_has_it(
    tmp_path: Path, remotes: list[str], holder: str | None, expected: str
) -> None:
    git = make_repo(tmp_path / "here")
    git.commit("begin")
    for name in remotes:
        git("remote", "add", name, str(tmp_path / "nowhere"))
    if holder:
        git("update-ref", f"refs/remotes/{holder}/lane/a", "HEAD")
    assert str(fetch_command(discover(git.path), "lane/a")).endswith(f" fetch {expected} lane/a:lane/a")


def test_the_journal_is_out_of_the_tree_and_named_by_the_id(mission: Repo) -> None:
    state = mission.path / ".git" / "spec-kitty"
    place = place_in(mission.path)
    assert place.state == state
    assert place.key == MISSION_ID
    assert place.journal == state / "journal" / f"{MISSION_ID}.jsonl"
    assert place.mission_journal == state / "journal" / f"{MISSION_ID}.mission.jsonl"
    assert place.lock == state / "locks" / f"{MISSION_ID}.lock"
    old = place_in(mission.path, mission_id=None)
    assert (old.key, old.journal) == (SLUG, state / "journal" / f"{SLUG}.jsonl")
    assert (place.relative, place.where("spec.md")) == (f"kitty-specs/{SLUG}", f"kitty-specs/{SLUG}/spec.md")


def test_prompts_go_to_the_home_else_to_the_state(mission: Repo) -> None:
    assert place_in(mission.path).runtime == mission.path / ".kittify" / "runtime"
    mission("switch", "-q", "-c", "other")
    assert place_in(mission.path).runtime == mission.path / ".git" / "spec-kitty" / "runtime"


def test_outside_git_all_is_in_the_project(tmp_path: Path) -> None:
    folder = tmp_path / "kitty-specs" / SLUG
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text("# Tea\n")
    place = MissionPlace(Repository(tmp_path, None, None, None), SLUG, None, "main", None)
    assert place.folder == place.feature_dir == folder
    assert place.read("spec.md") == "# Tea\n"
    assert place.names() == ["spec.md"]
    assert place.state == tmp_path / ".kittify" / "runtime" / "state"
    assert place.runtime == tmp_path / ".kittify" / "runtime"
