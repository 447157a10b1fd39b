"""Every command meets every file with a megabyte of what none should hold, and ends: soon, small, not as a bug."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel import frontmatter, yaml
from tests.e2e.test_hostile import JSON, MARKDOWN, MEMORY, SECONDS, SIZE, YAML
from tests.fields.test_every_field import WPS
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.importing import FIXTURES, TOOLS
from tests.support.measuring import Commands
from tests.support.missions import created_mission, finalized_mission
from tests.support.orchestrator import POLICY
from tests.support.project import Project, Task
from tests.support.ruining import Target, targets
from tests.support.soak import FULL
from tests.support.stories import one

# Of the pairs of a file and a command, so many a file outside of a full soak.
FEW = 3
IMPORT = 6.0  # seconds: what is found is all carried over, as 50,000 work packages
# Words with `{m}` are about the mission, those with `{p}` about one whose plan is not final, `{d}` about a merged one.
COMMANDS = (
    "status", "next", "why", "doctor", "init --ai claude", "upgrade --dry-run", "upgrade", "upgrade --rollback",
    "mission list", "mission types", "mission info {m}", "mission promote {m}", "next --agent claude {m}",
    "next --agent claude --result success {m}", "status {m}", "why {m}", "why WP01 {m}", "accept {m}",
    "merge --dry-run {m}", "merge --dry-run {d}", "merge {m}", "analyze {m}", "research {m}", "context list",
    "context info", "context cleanup", "agent mission create tea", "specify cup", "agent mission branch-context {m}",
    "agent mission check-prerequisites {m}", "agent mission setup-plan {p}", "plan {p}", "tasks {p}",
    "agent mission finalize-tasks {p}", "agent mission finalize-tasks {m}", "agent mission accept {m}",
    "agent mission merge {m}", "agent action implement WP01 --agent claude {m}",
    "agent action implement WP02 --agent ada {m}", "agent action review WP01 --agent ada {m}", "implement WP02 {m}",
    "agent tasks move-task WP01 --to for_review --agent claude {m}",
    "agent tasks mark-status T001 --status done --agent claude {m}", "agent tasks list-tasks {m}",
    "agent tasks list-dependents WP01 {m}", "agent tasks add-history WP01 --note x --agent claude {m}",
    "agent tasks map-requirements --wp WP01 --refs FR-001 {m}", "agent tasks validate-workflow WP01 {m}",
    "agent tasks status {m}", "agent tasks finalize-tasks {p}",
    "agent status emit WP01 --to blocked --reason x --actor claude {m}",
    "agent status validate {m}", "agent status doctor {m}", "agent status materialize {m}",
    "agent context resolve --action implement --wp-id WP01 {m}", "agent config list", "agent config add codex",
    "agent config remove claude", "agent config status", "agent config sync", "agent config set auto_commit false",
    "agent config integrate", "agent config integrate agents-md,claude-hook,claude-permissions", "agent session-start",
    "agent release prep --channel alpha", "agent tests stale-check --base HEAD", "materialize {m}",
    "orchestrator-api contract-version", "orchestrator-api mission-state {m}", "orchestrator-api list-ready {m}",
    "orchestrator-api start-implementation {m} --wp WP02 --actor ada --policy {policy}",
    "orchestrator-api resolve-workspace {m} --wp WP01",
    "orchestrator-api start-review {m} --wp WP01 --actor ada --policy {policy}",
    "orchestrator-api transition {m} --wp WP01 --to blocked --actor claude --policy {policy}",
    "orchestrator-api append-history {m} --wp WP01 --actor claude --note x",
    "orchestrator-api accept-mission {m} --actor ada", "orchestrator-api merge-mission {m}",
    "auth status", "auth logout", "sync now", "sync status", "sync diagnose", "sync doctor", "sync queue list",
    "sync queue show 1", "sync queue retry --all", "sync queue drop --all", "sync workspace", "sync server",
    "tracker providers", "tracker status", "tracker unbind", "tracker map list",
    "tracker map add --wp-id WP01 --external-id X-1 {m}", "tracker sync pull", "tracker sync push {m}",
    "tracker sync run {m}", "config", "charter init --defaults",
    "charter show", "charter context --action implement", "hooks list", "hooks trust --yes", "doctor {m}",
    "doctor --fix", "verify-setup", "validate-encoding {m}", "validate-encoding --fix {m}", "migrate", "footprint",
    "uninstall --dry-run",
)  # fmt: skip
ELSEWHERE = {
    "import": "its files are another tool's: below",
    "demo": "makes a project of its own",
    "auth login": "needs a server",
    "sync watch": "does not end by itself",
    "tracker discover": "needs a server",
    "tracker bind": "needs a server",
    "tracker sync publish": "is not there any more",
    "mission from-ticket": "needs a tracker",
}
KINDS = {".json": "json", ".jsonl": "lines", ".yml": "yaml", ".yaml": "yaml", ".md": "text"}  # of imported files
NAMES = (
    "meta.json", "lanes.json", "status.events.jsonl", "mission-events.jsonl", "journal", "journal of the mission",
    "prompt", "record", "lease", "config.yaml", "metadata.yaml", "manifest.json", "trust.json",
    "merge-receipt.json", "wps.yaml", "001-tea-timer/spec.md", "001-tea-timer/plan.md", "001-tea-timer/tasks.md",
    "002-planned/spec.md", "002-planned/plan.md", "002-planned/tasks.md", "002-planned/research.md",
    "002-planned/data-model.md", "charter/charter.md", "project/.gitignore", "consent.json", "checkout.json",
    "merge intent", "merge that stopped", "upgrade.json", "creating.json", "backup.json", "config.toml",
    "AGENTS.md", "settings.json", "mission type", "template", "command", "hook", "verdict", "checklist",
    "landing-receipt.json", "half-made worktree", "credentials", "clock.json",
)  # fmt: skip
HOW = {"json": JSON, "lines": JSON, "yaml": YAML, "header": YAML, "text": MARKDOWN}


class Scene:
    """A project with a mission under way, one that is planned and one that is merged; kept whole beside itself."""

    def __init__(self, folder: Path, made: Path) -> None:
        shutil.copytree(made, folder / "project", symlinks=True)
        project = Project(folder / "project", Repo(folder / "project"))
        mission = finalized_mission(project, Task("WP01", subtasks=("T001",)), Task("WP02", needs=("WP01",)))
        mission.work("WP01", "src/wp01/a.py")
        planned = created_mission(project, Task("WP01"), name="planned")
        (planned.folder / "wps.yaml").write_text(WPS)
        merged = one(project, {"b/b.py": "b\n"}, name="merged")
        merged.merge().ok()
        entry = {"sha256": "0" * 64, "at": "2026-11-30T12:00:00+00:00"}
        (mission.place.state / "trust.json").write_text(json.dumps({"worktree-setup": entry}))
        self.path, self.commands = project.path, Commands()
        self.slugs = {"m": mission.slug, "p": planned.slug, "d": merged.slug}
        texts = [
            *(mission.folder / name for name in ("spec.md", "plan.md", "tasks.md")),
            *(planned.folder / name for name in ("spec.md", "plan.md", "tasks.md", "research.md", "data-model.md")),
            project.path / ".kittify" / "charter" / "charter.md",
            project.path / ".gitignore",
        ]
        named = {f"{path.parent.name}/{path.name}": Target(path.name, path, "text") for path in texts}
        self.files = {each.name: each for each in targets(mission, merged.mission, planned)} | named
        state, home = mission.place.state, folder / "home"
        for name, path, kind in (
            ("consent.json", state / "consent.json", "json"),
            ("checkout.json", state / "checkout.json", "json"),
            ("merge intent", state / "merge" / f"{mission.place.key}.json", "json"),
            ("merge that stopped", state / "merge" / f"{mission.place.key}.conflict.json", "json"),
            ("upgrade.json", state / "upgrade.json", "json"),
            ("creating.json", state / "creating.json", "json"),
            ("backup.json", project.path / ".kittify" / "backups" / "20260101T000000Z" / "backup.json", "json"),
            ("config.toml", home / ".spec-kitty" / "config.toml", "text"),
            ("AGENTS.md", project.path / "AGENTS.md", "text"),
            ("settings.json", project.path / ".claude" / "settings.json", "json"),
            ("mission type", project.path / ".kittify" / "missions" / "software-dev" / "mission.yaml", "yaml"),
            ("template", project.path / ".kittify" / "overrides" / "templates" / "spec.md", "text"),
            ("command", project.path / ".kittify" / "overrides" / "command-templates" / "implement.md", "text"),
            ("hook", project.path / ".kittify" / "hooks" / "worktree-setup", "text"),
            ("verdict", mission.folder / "tasks" / "WP01-work" / "review-cycle-1.md", "text"),
            ("checklist", mission.folder / "checklists" / "requirements.md", "text"),
            ("landing-receipt.json", merged.mission.folder / "landing-receipt.json", "json"),
            ("half-made worktree", state / "workspaces" / mission.place.key / "lane-a.making", "json"),
            ("credentials", home / ".spec-kitty" / "credentials", "text"),
            ("clock.json", home / ".spec-kitty" / "clock.json", "json"),
        ):
            self.files[name] = Target(name, path, kind)
        self._whole = folder / "whole"
        shutil.copytree(self.path, self._whole, symlinks=True)
        self._seen = _seen(self.path)

    def again(self) -> None:
        """Put everything back that is not as it was."""
        now = _seen(self.path)
        for name in now.keys() - self._seen.keys():
            (self.path / name).unlink()
        for name in sorted(name for name, stamp in self._seen.items() if now.get(name) != stamp):
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            shutil.copy2(self._whole / name, path, follow_symlinks=False)

    def ends(self, line: str, most: float = SECONDS) -> str:
        """Run a command; what was wrong with how it ended, or nothing."""
        missions = {key: f"--mission {slug}" for key, slug in self.slugs.items()}
        policy = json.dumps(POLICY).replace(" ", "")
        words = line.format(**missions, policy=policy).split()
        form = [] if words[0] == "orchestrator-api" else ["--json"]
        code, memory, seconds = self.commands.cost([*words, *form], cwd=self.path)
        if most <= seconds < 2 * most:  # on a busy machine computing takes longer, too
            seconds = min(seconds, self.commands.cost([*words, *form], cwd=self.path)[2])
        good = code in (0, 1) and memory < MEMORY and seconds < most
        return "" if good else f"with {code}, after {seconds:.1f} s, with {memory:.0f} MiB"


def _seen(folder: Path) -> dict[str, tuple[int, int]]:
    """Path -> what tells whether a file has changed."""
    found = {}
    for above, _, inside in os.walk(folder):
        for name in inside:
            path = Path(above, name)
            stamp = path.lstat()
            found[path.relative_to(folder).as_posix()] = (stamp.st_size, stamp.st_mtime_ns)
    return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, _made_project: Path) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("walk")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        made = Scene(folder, _made_project)
        yield made
        made.commands.close()


def texts_for(target: Target) -> dict[str, str]:
    """What a file is given: texts that are none, and its own with one field swollen to a megabyte."""
    kind = target.kind
    before = target.path.read_text(encoding="utf-8") if target.path.exists() else ""
    found = {}
    for name, text in HOW[kind].items():
        if kind == "header":
            found[name] = f"---\n{text}\n---\n\n# WP01\n"
        else:
            found[name] = f"{before}\n{text}\n" if kind in ("lines", "text") else text
    if kind == "header":
        found |= {name: before + text for name, text in MARKDOWN.items()}
    if before and kind != "text":
        found |= dict(_swollen(kind, before))
    return found


def _swollen(kind: str, before: str) -> Iterator[tuple[str, str]]:
    """A text of which each field in turn holds far too much of what it should."""
    if kind == "lines":
        lines = before.splitlines()
        for name, value in _each_swollen(json.loads(lines[-1])):
            yield name, "\n".join([*lines, json.dumps(value), ""])
        yield "its lines", before * (SIZE // len(before))
        return
    body = ""
    if kind == "json":
        whole = json.loads(before)
    elif kind == "header":
        document = frontmatter.parse(before, "prompt")
        whole, body = document.fields, document.body
    else:
        whole = yaml.mapping(before, "file")
    for name, value in _each_swollen(whole):
        if kind == "json":
            yield name, json.dumps(value)
            continue
        text = "".join(f"{json.dumps(key)}: {json.dumps(item)}\n" for key, item in value.items())
        yield name, f"---\n{text}---\n{body}" if kind == "header" else text


def _each_swollen(whole: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """A value, each time with one field of it repeated up to a megabyte."""
    if isinstance(whole, dict):
        for key, item in whole.items():
            for where, swollen in _each_swollen(item, f"{name}.{key}"):
                yield where, whole | {key: swollen}
        if whole:
            key, item = next(iter(whole.items()))
            count = SIZE // (len(json.dumps(item)) + 20)
            yield f"{name} keys", whole | {f"{key}{at}": item for at in range(count)}
    elif isinstance(whole, list) and whole:
        yield f"{name} entries", whole * (SIZE // (len(json.dumps(whole)) + 2))
        for where, swollen in _each_swollen(whole[0], f"{name}.0"):
            yield where, [swollen, *whole[1:]]
    elif isinstance(whole, str):
        yield f"{name} text", (whole or "x") * (SIZE // len(whole or "x"))


def test_the_walk_has_every_file(scene: Scene) -> None:
    assert tuple(scene.files) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_any_command_on_a_hostile_file_ends(scene: Scene, name: str) -> None:
    target = scene.files[name]
    texts = list(texts_for(target).items())
    first = NAMES.index(name) * FEW
    wrong = []
    for at in range(first, first + (max(len(COMMANDS), len(texts)) if FULL else FEW)):
        said, text = texts[at % len(texts)]
        line = COMMANDS[at % len(COMMANDS)]
        target.path.parent.mkdir(parents=True, exist_ok=True)
        kept = target.path.read_bytes() if target.path.exists() else None
        target.path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            if how := scene.ends(line):
                wrong.append(f"{name}, {said}: {line} ended {how}")
        finally:
            scene.again()
            target.path.unlink(missing_ok=True)
            if kept is not None:
                target.path.write_bytes(kept)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("tool", TOOLS)
def test_an_import_of_a_hostile_file_ends(scene: Scene, tool: str, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / tool, tmp_path / "other")
    wrong = []
    for number, path in enumerate(sorted(each for each in (tmp_path / "other").rglob("*") if each.suffix in KINDS)):
        kept = path.read_bytes()
        texts = list(texts_for(Target(path.name, path, KINDS[path.suffix])).items())
        for said, text in texts if FULL else [texts[number % len(texts)]]:
            path.write_text(text, encoding="utf-8", errors="surrogatepass")
            if how := scene.ends(f"import --from {tool} {tmp_path}/other --dry-run", IMPORT):
                wrong.append(f"{path.name}, {said}: ended {how}")
        path.write_bytes(kept)
    assert not wrong, "\n".join(wrong)
