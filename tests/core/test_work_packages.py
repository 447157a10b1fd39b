from __future__ import annotations

import sys
from pathlib import Path

import pytest

from specify_cli.core.work_packages import (
    dependents_of,
    gather_work_packages,
    load_work_packages,
    require_plan,
    require_work_package,
)
from specify_cli.home import MissionPlace
from specify_cli.kernel import process
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import discover
from specify_cli.kernel.values import replace
from specify_cli.lanes.ownership import ExecutionMode
from tests.support.git import Repo
from tests.support.plan import Plan, plan_in
from tests.support.status import META, MISSION_ID, SLUG


@pytest.fixture
def plan(git: Repo) -> Plan:
    return plan_in(git)


def codes(caught: pytest.ExceptionInfo[Refused]) -> list[tuple[object, object, object]]:
    problems = caught.value.details["problems"]
    assert isinstance(problems, list)
    return [
        (problem["code"], problem["file"].removeprefix(f"kitty-specs/{SLUG}/"), problem["line"]) for problem in problems
    ]


def test_a_prompt_is_read_whole(plan: Plan) -> None:
    plan.prompt(
        "WP01",
        """title: Clock core  # short
dependencies: [WP02]
requirement_refs: [FR-001]
subtasks:
- T001
- id: T002
execution_mode: planning_artifact
owned_files: ["docs/**"]
authoritative_surface: docs/
lane: planned""",
    )
    package = load_work_packages(plan.place)[0]
    assert (package.id, package.title, package.file, package.stem) == (
        "WP01",
        "Clock core",
        "tasks/WP01-work.md",
        "WP01-work",
    )
    assert (package.dependencies, package.requirement_refs, package.subtasks) == (
        ("WP02",),
        ("FR-001",),
        ("T001", "T002"),
    )
    assert package.execution_mode is ExecutionMode.PLANNING_ARTIFACT
    assert package.manifest.owned_files == ("docs/**",)
    assert package.authoritative_surface == "docs/"
    assert package.fields["lane"] == "planned"
    assert package.body == "# WP01\n\nDo it.  \n"


def test_what_a_header_leaves_out_has_a_default(plan: Plan) -> None:
    plan.write("tasks/WP01.md", "---\ntags: []\n---\n\n# WP01: The clock #\n")
    package = load_work_packages(plan.place)[0]
    assert (package.id, package.title, package.dependencies) == ("WP01", "The clock", ())
    assert package.execution_mode is ExecutionMode.CODE_CHANGE
    assert package.authoritative_surface == ""


def test_one_text_may_stand_for_a_list(plan: Plan) -> None:
    plan.prompt("WP03", "dependencies: WP01, WP02\nowned_files: src/**")
    package = load_work_packages(plan.place)[0]
    assert (package.dependencies, package.owned_files) == (("WP01", "WP02"), ("src/**",))


def test_work_packages_come_in_the_order_of_their_numbers_and_nothing_else_is_one(plan: Plan) -> None:
    for wp_id in ("WP100", "WP99", "WP02"):
        plan.prompt(wp_id, "title: x")
    plan.write("tasks/README.md", "no prompt")
    plan.write("tasks/WP1-x.md", "no prompt")
    plan.write("tasks/WP02-work/review-cycle-1.md", "no prompt")
    assert [package.id for package in load_work_packages(plan.place)] == ["WP02", "WP99", "WP100"]


def test_any_line_ending_will_do(plan: Plan) -> None:
    plan.write("tasks/WP01-x.md", "---\r\nwork_package_id: WP01\r\ntitle: Clock\r\n---\r\nBody\r\n")
    package = load_work_packages(plan.place)[0]
    assert (package.title, package.body) == ("Clock", "Body\n")


def test_without_a_home_prompts_are_read_from_the_tip_of_the_target(plan: Plan, git: Repo) -> None:
    plan.prompt("WP01", "title: Clock – ü")
    plan.prompt("WP02", "title: Bell\ndependencies: [WP01]")
    git.commit("plan")
    git("switch", "-q", "-c", "elsewhere")
    git("rm", "-rq", "kitty-specs")
    place = MissionPlace(discover(git.path), SLUG, MISSION_ID, "main", None, META)
    packages = load_work_packages(place)
    assert [(package.id, package.title) for package in packages] == [("WP01", "Clock – ü"), ("WP02", "Bell")]
    assert packages[0].body == "# WP01\n\nDo it.  \n"
    assert place.read_many(["tasks/WP09.md", "spec.md"])["tasks/WP09.md"] is None


def test_a_mission_without_prompts_has_no_work_packages(plan: Plan) -> None:
    assert load_work_packages(plan.place) == []


def test_everything_wrong_is_said_at_once_with_file_and_line(plan: Plan) -> None:
    plan.write("tasks/WP01-a.md", "---\nwork_package_id: WP01\n---\n")
    plan.write("tasks/WP01-b.md", "---\ntitle: x\nwork_package_id: WP01\n---\n")
    plan.write("tasks/WP02-x.md", "---\ntitle: x\nwork_package_id: WP03\n---\n")
    plan.write("tasks/WP04-x.md", "---\ntitle: [x\n---\n")
    plan.write("tasks/WP05-x.md", "---\ntitle: x\n")
    plan.write("tasks/WP06-x.md", "# WP06\n")
    plan.write("tasks/WP07-x.md", "---\nexecution_mode: code\nowned_files: {a: b}\nsubtasks: [[T001]]\n---\n")
    with pytest.raises(Refused) as caught:
        require_plan(plan.place)
    assert codes(caught) == [
        ("WP_DUPLICATE", "tasks/WP01-b.md", 3),
        ("WP_ID_MISMATCH", "tasks/WP02-x.md", 3),
        ("MALFORMED_YAML", "tasks/WP04-x.md", 3),
        ("HEADER_UNCLOSED", "tasks/WP05-x.md", 1),
        ("HEADER_MISSING", "tasks/WP06-x.md", 1),
        ("FIELD_INVALID", "tasks/WP07-x.md", 4),
        ("FIELD_INVALID", "tasks/WP07-x.md", 2),
        ("FIELD_INVALID", "tasks/WP07-x.md", 3),
    ]
    assert caught.value.code == "WP_DUPLICATE"
    assert "tasks/WP02-x.md line 3: work_package_id is 'WP03', and the file's name says WP02" in caught.value.message
    gathered = gather_work_packages(plan.place)
    assert [package.id for package in gathered.with_header.packages] == ["WP01", "WP01", "WP02", "WP07"]
    known = load_work_packages(plan.place)
    assert [package.id for package in known] == ["WP01", "WP02", "WP04", "WP05", "WP06", "WP07"]
    assert all(package.problems for package in known)


def test_what_is_wrong_in_one_prompt_ends_its_work_package_alone(plan: Plan) -> None:
    plan.prompt("WP01", "title: Clock\nexecution_mode: by_hand\nmood: [good]")
    plan.prompt("WP02", "title: Bell")
    first, second = load_work_packages(plan.place)
    assert require_work_package([first, second], "WP02", SLUG) is second
    with pytest.raises(Refused, match="execution_mode is 'by_hand'") as caught:
        require_work_package([first, second], "WP01", SLUG)
    assert caught.value.code == "FIELD_INVALID"
    assert first.fields["mood"] == ["good"]


def test_the_id_that_an_upgrade_of_old_put_below_another_key_is_taken(plan: Plan) -> None:
    plan.write("tasks/WP01-x.md", f"---\nwork_package_id: {MISSION_ID}\nwp_code: WP01\n---\n")
    plan.write("tasks/WP02-x.md", f"---\nwork_package_id: {MISSION_ID}\nwp_code: WP07\n---\n")
    first, second = load_work_packages(plan.place)
    assert (first.id, first.problems) == ("WP01", ())
    assert [problem.code for problem in second.problems] == ["WP_ID_MISMATCH"]


def test_a_lane_that_does_not_exist_is_named_where_headers_tell_lanes(plan: Plan) -> None:
    plan.prompt("WP01", "lane: sleeping")
    plan.prompt("WP02", "lane: doing\nsubtasks:\n- T001: done\n- T002:")
    place = replace(plan.place, mission_id=None)
    first, second = load_work_packages(place)
    assert [(problem.code, problem.line) for problem in first.problems] == [("UNKNOWN_LANE", 3)]
    assert (second.subtasks, second.problems) == (("T001", "T002"), ())
    assert load_work_packages(plan.place)[0].problems == ()


def test_one_work_package_is_asked_for_by_its_id(plan: Plan) -> None:
    plan.prompt("WP01", "title: x")
    packages = load_work_packages(plan.place)
    assert require_work_package(packages, "WP01", "001-x") is packages[0]
    with pytest.raises(NotFound, match="it has WP01") as caught:
        require_work_package(packages, "WP02", "001-x")
    assert caught.value.code == "WP_NOT_FOUND"


def test_dependents_are_those_that_declare_it(plan: Plan) -> None:
    plan.prompt("WP01", "dependencies: []")
    plan.prompt("WP10", "dependencies: [WP01]")
    plan.prompt("WP02", "dependencies: [WP01, WP10]")
    packages = load_work_packages(plan.place)
    assert dependents_of(packages, "WP01") == ["WP02", "WP10"]
    assert dependents_of(packages, "WP02") == []


def test_plain_headers_are_read_without_a_yaml_library(plan: Plan, tmp_path: Path, git: Repo) -> None:
    for number in range(1, 201):
        plan.prompt(
            f"WP{number:02d}",
            f'title: Work {number}\ndependencies: []\nsubtasks: [T001]\nowned_files: ["src/{number}/**"]\n'
            'history: [{at: "2026-04-09T07:30:50Z", actor: planner, event: created}]',
        )
    script = (
        "import sys\n"
        "from specify_cli.home import MissionPlace, home_of\n"
        "from specify_cli.kernel.paths import discover\n"
        "from specify_cli.core.work_packages import load_work_packages\n"
        "from pathlib import Path\n"
        "repo = discover(Path.cwd())\n"
        f"place = MissionPlace(repo, {SLUG!r}, None, 'main', home_of(repo, 'main'))\n"
        "assert len(load_work_packages(place)) == 200\n"
        "heavy = [name for name in ('ruamel', 'pydantic', 'httpx', 'rich', 'filelock', 'asyncio')\n"
        "         if name in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    file = tmp_path / "read.py"
    file.write_text(script)
    done = process.run([sys.executable, str(file)], cwd=git.path)
    assert done.code == 0, done.err
