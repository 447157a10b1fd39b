"""The machine contract 1.3.0, frozen: keys and types of every answer, every code with its exit code, every flag.

The table is kept by hand and compared with what is printed; nothing here is computed from the code it holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from specify_cli.cli.commands import Branch, Leaf
from tests.support.cli import Result, run_here
from tests.support.git import Repo
from tests.support.missions import created_mission
from tests.support.orchestrator import APPROVED, Api, envelope, evidence, failed, ok, orchestrated
from tests.support.project import Project, Task
from tests.support.source import PACKAGE, ROOT

LANES = ("planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done", "blocked", "canceled")
MISSION = {"mission_slug": "str", "mission_id": "str", "mission_number": "str", "mission_type": "str"}
MOVE = {"wp_id": "str", "from_lane": "str", "to_lane": "str", "policy_metadata_recorded": "bool"}
LANE = {"lane_id?": "str", "lane_branch?": "str", "lane_base_ref?": "str"}
READ_FROM = {"read_from": {"source": "str", "ref": "str|null", "path": "str|null"}}
WARNINGS = {"warnings?": [{"code": "str", "message": "str", "hint": "str|null"}]}

# Command -> its options, and the keys of `data` with their types; `?` marks a key that need not be there.
FROZEN: Mapping[str, tuple[set[str], Mapping[str, Any]]] = {
    "contract-version": (
        {"--provider-version", "--schemas"},
        {"api_version": "str", "min_supported_provider_version": "str", "schemas?": "object"},
    ),
    "mission-state": (
        {"--mission"},
        {
            **MISSION,
            **READ_FROM,
            "summary": dict.fromkeys(LANES, "int"),
            "work_packages": [{"wp_id": "str", "lane": "str", "dependencies": ["str"], "last_actor": "str|null"}],
        },
    ),
    "list-ready": (
        {"--mission"},
        {
            **MISSION,
            **READ_FROM,
            "ready_work_packages": [{"wp_id": "str", "lane": "str", "dependencies_satisfied": "bool"}],
        },
    ),
    "start-implementation": (
        {"--mission", "--wp", "--actor", "--policy"},
        {**MISSION, **MOVE, "no_op": "bool", "workspace_path": "str", "prompt_path": "str", **LANE, **WARNINGS},
    ),
    "resolve-workspace": (
        {"--mission", "--wp"},
        {**MISSION, "wp_id": "str", "workspace_path": "str", "prompt_path": "str", **LANE},
    ),
    "start-review": (
        {"--mission", "--wp", "--actor", "--policy", "--review-ref"},
        {**MISSION, **MOVE, "no_op": "bool", "prompt_path": "str", **WARNINGS},
    ),
    "transition": (
        {
            "--mission", "--wp", "--to", "--actor", "--note", "--policy", "--force", "--review-ref", "--evidence-json",
            "--review-result-json", "--subtasks-complete", "--no-subtasks-complete",
            "--implementation-evidence-present", "--no-implementation-evidence-present", "--no-change",
        },
        {**MISSION, **MOVE, **WARNINGS},
    ),
    "append-history": (
        {"--mission", "--wp", "--actor", "--note"},
        {**MISSION, "wp_id": "str", "history_entry_id": "str"},
    ),
    "accept-mission": (
        {"--mission", "--actor"},
        {**MISSION, "accepted": "bool", "mode": "str", "accepted_at": "str", **WARNINGS},
    ),
    "merge-mission": (
        {"--mission", "--target", "--strategy", "--push"},
        {
            **MISSION, "merged": "bool", "target_branch": "str", "strategy": "str", "merged_wps": ["str"],
            "worktree_removed": "bool", **WARNINGS,
        },
    ),
}  # fmt: skip

TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,), "bool": (bool,), "int": (int,), "object": (dict,), "str|null": (str, type(None)),
}  # fmt: skip
PAIR = (Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",)))
SCHEMAS = ROOT / "docs" / "reference" / "schemas" / "orchestrator-api"
UPSTREAM = json.loads((PACKAGE / "core" / "upstream_contract.json").read_text(encoding="utf-8"))["orchestrator_api"]
ADDED = json.loads((PACKAGE / "orchestrator_api" / "contract_additions.json").read_text(encoding="utf-8"))


def unlike(value: object, shape: Any, where: str = "data") -> list[str]:
    """Where a value is not what the table says: keys missing or too many, a wrong type."""
    if isinstance(shape, str):
        right = isinstance(value, TYPES[shape]) and (shape == "bool" or not isinstance(value, bool))
        return [] if right else [f"{where} is {value!r}, not {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [each for index, item in enumerate(value) for each in unlike(item, shape[0], f"{where}[{index}]")]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    known = {name.removesuffix("?"): part for name, part in shape.items()}
    wrong = [f"{where}.{name} is not in the table" for name in value.keys() - known.keys()]
    wrong += [f"{where}.{name} is missing" for name in shape if not name.endswith("?") and name not in value]
    return wrong + [
        each for name, item in value.items() if name in known for each in unlike(item, known[name], f"{where}.{name}")
    ]


def violations(data: object, schema: Mapping[str, Any]) -> list[str]:
    """Where data breaks a JSON Schema."""
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


def story(api: Api) -> dict[str, list[dict[str, Any]]]:
    """Every command succeeding at least once, from the first question to the merge: command -> its data."""
    told: dict[str, list[dict[str, Any]]] = {}

    def say(command: str, *words: str, wp: str | None = None) -> None:
        result = api.act(command, wp, *words) if wp else api.ask(command, *words)
        assert envelope(result)["command"] == f"orchestrator-api.{command}"
        told.setdefault(command, []).append(ok(result))

    told["contract-version"] = [ok(api.call("contract-version")), ok(api.call("contract-version", "--schemas"))]
    for wp in ("WP01", "WP02"):
        say("mission-state")
        say("list-ready")
        for _ in range(2):
            say("start-implementation", wp=wp)
        tree = Repo(Path(told["start-implementation"][-1]["workspace_path"]))
        tree.commit("work", **{f"{wp}_py": "x\n"})
        say("append-history", "--note", "two\nlines", wp=wp)
        say("transition", "--to", "for_review", "--subtasks-complete", "--note", "there", wp=wp)
        say("resolve-workspace", "--wp", wp)
        for _ in range(2):
            say("start-review", "--review-ref", "R-1", wp=wp)
        say("transition", "--to", "approved", "--review-result-json", json.dumps(APPROVED), *evidence(), wp=wp)
    for _ in range(2):
        say("accept-mission", "--actor", "orch")
    say("merge-mission", "--target", "main", "--strategy", "merge")
    say("mission-state")
    return told


def test_every_answer_has_the_keys_and_types_of_the_table(project: Project) -> None:
    told = story(orchestrated(project, *PAIR))
    assert told.keys() == FROZEN.keys()
    schemas = told["contract-version"][1]["schemas"]
    for command, answers in told.items():
        for data in answers:
            assert unlike(data, FROZEN[command][1]) == [], command
            assert violations(data, schemas[command]) == [], command
    ended = told["mission-state"][-1]
    assert ended["summary"] == dict.fromkeys(LANES, 0) | {"done": 2}
    assert told["merge-mission"][0]["merged_wps"] == ["WP01", "WP02"]


def test_the_table_is_able_to_fail() -> None:
    shape = {"a": "str", "b?": ["int"]}
    assert unlike({"a": "x", "b": [1]}, shape) == []
    assert unlike({"b": [True, "x"], "c": 1}, shape) == [
        "data.c is not in the table",
        "data.a is missing",
        "data.b[0] is True, not int",
        "data.b[1] is 'x', not int",
    ]


# -- schemas -------------------------------------------------------------------------------------------------------


def shape_of(schema: Any) -> Any:
    """A JSON Schema in the words of the table."""
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return "bool" if values == [True] else "str"
    kind = schema["type"]
    if isinstance(kind, list):
        return {("string", "null"): "str|null"}[tuple(kind)]
    if kind == "array":
        return [shape_of(schema["items"])]
    if kind != "object" or "properties" not in schema:
        return {"string": "str", "boolean": "bool", "integer": "int", "object": "object"}[kind]
    return {
        name if name in schema["required"] else f"{name}?": shape_of(part)
        for name, part in schema["properties"].items()
    }


def test_the_schemas_say_what_the_table_says() -> None:
    printed = ok(run_here("orchestrator-api", "contract-version", "--schemas"))["schemas"]
    assert printed.keys() == {"envelope", *FROZEN}
    assert {name: shape_of(schema) for name, schema in printed.items() if name != "envelope"} == {
        command: shape for command, (_, shape) in FROZEN.items()
    }
    assert {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")} == printed


def test_every_envelope_keeps_its_schema() -> None:
    schema = json.loads((SCHEMAS / "envelope.json").read_text(encoding="utf-8"))
    for words in (["contract-version"], ["contract-version", "--provider-version", "0.0.9"], ["nonsense"], []):
        assert violations(run_here("orchestrator-api", *words).json(), schema) == []
    assert violations({"success": 1, "error_code": "FEATURE_NOT_FOUND"}, schema)


# -- names ---------------------------------------------------------------------------------------------------------


def test_the_commands_are_those_of_the_contract_and_of_the_additions() -> None:
    listed = run_here("orchestrator-api", "--help").ok().out.partition("Commands:")[2].partition("Options:")[0]
    commands = {line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "}
    assert commands == {*UPSTREAM["allowed_commands"], *ADDED["commands"]} == FROZEN.keys()


@pytest.mark.parametrize("command", FROZEN)
def test_the_options_are_those_of_the_contract_and_of_the_additions(command: str) -> None:
    told = run_here("orchestrator-api", command, "--help").ok().out
    options = {word.rstrip(",") for line in told.splitlines() for word in line.split() if word.startswith("--")}
    assert options - {"--help"} == FROZEN[command][0]
    assert not options & set(UPSTREAM["forbidden_cli_flags"])
    added = {*ADDED["cli_flags"].get(command, []), *ADDED["commands"].get(command, [])}
    assert added <= FROZEN[command][0]


@pytest.mark.parametrize(
    "words",
    [
        *([name, "--mission", "001-x"] for name in UPSTREAM["forbidden_commands"]),
        *([name, flag, "001-x"] for name in FROZEN for flag in UPSTREAM["forbidden_cli_flags"]),
        *([name, "--json"] for name in FROZEN),
        [],
        ["--bogus"],
        ["mission-state"],
        ["mission-state", "--mission"],
        ["mission-state", "--mission", "001-x", "extra"],
        ["append-history", "--mission", "001-x", "--wp", "WP01", "--actor", "a"],
        ["transition", "--mission", "001-x", "--wp", "WP01", "--to", "done", "--actor", "a", "--force=maybe"],
    ],
    ids=" ".join,
)
def test_a_line_that_cannot_be_parsed_is_an_envelope_too(words: list[str]) -> None:
    result = run_here("orchestrator-api", *words)
    failed(result, "USAGE_ERROR", 2)
    assert envelope(result)["command"] == "orchestrator-api.unknown"
    assert result.err == ""


def test_help_is_the_one_path_in_prose() -> None:
    for words in ([], *([name] for name in FROZEN)):
        assert run_here("orchestrator-api", *words, "--help").ok().out.startswith("Usage: ")


def test_json_before_the_group_changes_nothing(project: Project) -> None:
    assert run_here("--json", "orchestrator-api", "contract-version").ok().json()["success"] is True
    told = run_here("--json", "orchestrator-api", "list-ready", "--mission", "nope", cwd=project.path)
    failed(told, "MISSION_NOT_FOUND")


# -- codes ---------------------------------------------------------------------------------------------------------

MACHINE = "specify_cli.orchestrator_api.commands:failures"


def usage_in_the_body(project: Project) -> None:
    api = orchestrated(project)
    for words in (["--evidence-json", "{'"], ["--evidence-json", "[]"], ["--review-result-json", '{"reviewer": "x"}']):
        failed(api.move("WP01", "blocked", *words), "USAGE_ERROR")
    failed(api.act("append-history", "WP01", "--note", " "), "USAGE_ERROR")


def policy_missing(project: Project) -> None:
    failed(Api(created_mission(project), policy=None).act("start-implementation", "WP01"), "POLICY_METADATA_REQUIRED")


def policy_invalid(project: Project) -> None:
    failed(Api(created_mission(project), policy="{}").act("start-review", "WP01"), "POLICY_VALIDATION_FAILED")


def mission_unknown(project: Project) -> None:
    api = orchestrated(project)
    for name in ("nope", "../x", "", "kitty-specs"):
        failed(api.call("mission-state", "--mission", name), "MISSION_NOT_FOUND")
    second = created_mission(project, name="tea-pot")
    told = failed(api.call("list-ready", "--mission", str(second.place.mission_id)[:6]), "MISSION_NOT_FOUND")
    assert (told["candidates"], told["reason"]) == ([api.mission.slug, second.slug], "MISSION_AMBIGUOUS")


def work_package_unknown(project: Project) -> None:
    api = orchestrated(project)
    for wp in ("WP99", "wp01"):
        for command in ("start-implementation", "start-review"):
            failed(api.act(command, wp), "WP_NOT_FOUND")
        failed(api.move(wp, "claimed"), "WP_NOT_FOUND")
        failed(api.act("append-history", wp, "--note", "x"), "WP_NOT_FOUND")
        failed(api.ask("resolve-workspace", "--wp", wp), "WP_NOT_FOUND")


def transition_rejected(project: Project) -> None:
    told = failed(orchestrated(project).move("WP01", "done", *evidence()), "TRANSITION_REJECTED")
    assert told["unmet"]


def already_claimed(project: Project) -> None:
    api = orchestrated(project)
    api.start("WP01")
    told = failed(api.named("other").act("start-implementation", "WP01"), "WP_ALREADY_CLAIMED")
    assert (told["claimed_by"], told["requesting_actor"]) == ("orch", "other")
    assert told["mission_slug"] == api.mission.slug


def mission_not_ready(project: Project) -> None:
    api = orchestrated(project, *PAIR)
    told = failed(api.ask("accept-mission", "--actor", "orch"), "MISSION_NOT_READY")
    assert told["incomplete_wps"] == ["WP01", "WP02"]
    assert {each["code"] for each in told["unmet"]} == {"WP_NOT_APPROVED", "SUBTASKS_OPEN"}


def preflight_failed(project: Project) -> None:
    told = failed(orchestrated(project, *PAIR).ask("merge-mission"), "PREFLIGHT_FAILED")
    assert told["target_branch"] == "main"
    assert len(told["errors"]) == 4


def version_mismatch(project: Project) -> None:
    for version in ("0.0.9", "0.1.0rc1", "abc"):
        told = failed(run_here("orchestrator-api", "contract-version", "--provider-version", version), VERSION)
        assert told["provider_version"] == version
    for version in ("0.1.0", "0.1.2", "7"):
        ok(run_here("orchestrator-api", "contract-version", "--provider-version", version))


VERSION = "CONTRACT_VERSION_MISMATCH"


def strategy_unknown(project: Project) -> None:
    told = failed(Api(created_mission(project)).ask("merge-mission", "--strategy", "octopus"), "UNSUPPORTED_STRATEGY")
    assert (told["strategy"], told["supported"]) == ("octopus", ["merge", "rebase", "squash"])


def allocation_failed(project: Project) -> None:
    api = Api(created_mission(project))
    told = failed(api.act("start-implementation", "WP01"), "LANE_ALLOCATION_FAILED")
    assert told["reason"] == "LANES_MISSING"
    assert api.mission.status.snapshot.lane_of("WP01") == "planned"


def dependencies_unsatisfied(project: Project) -> None:
    told = failed(orchestrated(project, *PAIR).act("start-implementation", "WP02"), "DEPENDENCIES_NOT_SATISFIED")
    assert told["unsatisfied_dependencies"] == ["WP01"]


def ancestry_lost(project: Project) -> None:
    api = orchestrated(project, Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    before = api.bring("WP01", "approved").head()
    api.bring("WP02", "approved")
    tree = api.start("WP03")
    tree("reset", "-q", "--hard", before)
    told = failed(api.act("start-implementation", "WP03"), "ANCESTRY_NOT_ESTABLISHED")
    branch = f"kitty/mission-{api.mission.slug}-lane-b"
    assert branch in told["missing_refs"]
    tree("merge", "-q", "--no-edit", *told["missing_refs"])
    assert ok(api.act("start-implementation", "WP03"))["no_op"] is True


def journal_unwritable(project: Project) -> None:
    api = orchestrated(project)
    api.mission.place.mission_journal.unlink()
    api.mission.place.mission_journal.mkdir()
    told = failed(api.act("append-history", "WP01", "--note", "x"), "HISTORY_COMMIT_FAILED")
    assert told["reason"] == "LOG_NOT_A_FILE"


def a_bug(project: Project) -> None:
    told = failed(fails(project, "broken"), "INTERNAL_ERROR", 70)
    assert Path(told["log"]).is_file()
    told = failed(fails(project, "stopped"), "INTERNAL_ERROR", 130)
    assert told["reason"] == "INTERRUPTED"


def fails(project: Project, how: str) -> Result:
    """A command of the contract in which something happens that no use case foresees."""
    leaf = Leaf(f"tests.support.commands:{how}", "Fail.")
    table = {"orchestrator-api": Branch({"list-ready": leaf}, "Failing.", machine=MACHINE)}
    result = run_here("orchestrator-api", "list-ready", cwd=project.path, table=table)
    assert envelope(result)["command"] == "orchestrator-api.list-ready"
    return result


def test_a_full_disk_is_no_bug(project: Project) -> None:
    assert failed(fails(project, "full_disk"), "MISSION_NOT_READY")["reason"] == "DISK_FULL"


PROVOKED: Mapping[str, Callable[[Project], None]] = {
    "USAGE_ERROR": usage_in_the_body,
    "POLICY_METADATA_REQUIRED": policy_missing,
    "POLICY_VALIDATION_FAILED": policy_invalid,
    "MISSION_NOT_FOUND": mission_unknown,
    "WP_NOT_FOUND": work_package_unknown,
    "TRANSITION_REJECTED": transition_rejected,
    "WP_ALREADY_CLAIMED": already_claimed,
    "MISSION_NOT_READY": mission_not_ready,
    "PREFLIGHT_FAILED": preflight_failed,
    "CONTRACT_VERSION_MISMATCH": version_mismatch,
    "UNSUPPORTED_STRATEGY": strategy_unknown,
    "LANE_ALLOCATION_FAILED": allocation_failed,
    "DEPENDENCIES_NOT_SATISFIED": dependencies_unsatisfied,
    "ANCESTRY_NOT_ESTABLISHED": ancestry_lost,
    "HISTORY_COMMIT_FAILED": journal_unwritable,
    "INTERNAL_ERROR": a_bug,
}


@pytest.mark.parametrize("code", PROVOKED)
def test_every_code_comes_with_its_exit_code(code: str, project: Project) -> None:
    PROVOKED[code](project)


def test_every_allowed_code_is_provoked_and_no_other_exists() -> None:
    schema = json.loads((SCHEMAS / "envelope.json").read_text(encoding="utf-8"))
    known = set(schema["properties"]["error_code"]["enum"]) - {None}
    assert known == {*UPSTREAM["allowed_error_codes"], *ADDED["error_codes"]} == PROVOKED.keys()
    assert not known & set(UPSTREAM["forbidden_error_codes"])


def test_a_broken_installation_answers_in_the_envelope(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ImportError('typer is broken')\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    program = [sys.executable, "-m", "specify_cli", "orchestrator-api", "list-ready", "--mission", "x"]
    done = subprocess.run(program, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["error_code"], told["success"]) == (70, "INTERNAL_ERROR", False)
    assert "typer is broken" in told["data"]["message"]
