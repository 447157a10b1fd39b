"""The demo from an empty folder to a merged mission, through the installed commands only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from specify_cli.demo import picture
from specify_cli.demo.diary import Entry
from specify_cli.demo.evidence import Span, busiest_moment, by_package, lane_of, mappings, spans
from specify_cli.demo.promises import Check, Facts, checks
from specify_cli.demo.start import START
from specify_cli.demo.story import AGENTS, SENT_BACK, SLUG, TEST_COMMAND
from specify_cli.demo.team import Stage, Team, Telling
from specify_cli.demo.tool import DemoFailed, Tool, surroundings
from specify_cli.kernel import clock, files
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import Conflict
from specify_cli.kernel.paths import at_home
from specify_cli.kernel.scratch import temporary_folder
from specify_cli.kernel.values import frozen

TARGET = "main"


@frozen
class Demo:
    """A demo that went as promised.

    Args:
        folder: all it wrote.
        kept: whether that is still there.
        seconds: from the first command to the last.
        checks: what was promised and held.
        merged_commit: what the merge made.
    """

    folder: Path
    kept: bool
    mission_slug: str
    seconds: float
    facts: Facts
    checks: Sequence[Check]
    merged_commit: str

    @property
    def project(self) -> Path:
        """The scratch repository."""
        return self.folder / "project"

    @property
    def worked(self) -> Sequence[Span]:
        """Who worked when."""
        return self.facts.worked

    @property
    def lanes(self) -> Mapping[str, object]:
        """The mission's lanes.json."""
        return self.facts.lanes

    def to_dict(self) -> dict[str, object]:
        """The JSON answer."""
        moment, lanes = busiest_moment(self.worked)
        code, said = self.facts.program
        return {
            "result": "success",
            "directory": str(self.folder),
            "project": str(self.project),
            "kept": self.kept,
            "mission_slug": self.mission_slug,
            "seconds": round(self.seconds, 2),
            "work_packages": by_package(self.worked, lane_of(self.lanes)),
            "lanes_at_once": {"count": len(lanes), "at": moment, "lanes": list(lanes)},
            "ordering_edges": self.lanes.get("ordering_edges"),
            "feedback": self.facts.feedback,
            "acceptance": {"tests": [dict(test) for test in self.facts.tests]},
            "merge": {"commit": self.merged_commit, "target": TARGET},
            "program_tests": {"command": TEST_COMMAND, "exit_code": code, "summary": said},
            "checks": [check.to_dict() for check in self.checks],
            "graph": picture.graph(self.lanes),
        }


def run(folder: Path | None, stage: Stage, *, keep: bool) -> Demo:
    """Run the whole demo.

    Args:
        folder: an empty or new folder, which is kept; None takes a temporary one.
        stage: where it shows what it does.
        keep: keep the temporary folder too. After a failure it is always kept.

    Raises:
        Conflict: the folder holds something (`FOLDER_NOT_EMPTY`).
        DemoFailed: a command failed or a promise did not hold (`DEMO_FAILED`).
    """
    scratch = _scratch(folder)
    try:
        done = _all(scratch, Telling(stage, clock.monotonic()), kept=keep or folder is not None)
    except DemoFailed as error:
        hint = command("cd", str(scratch))
        raise DemoFailed(error.message, error.code, hint, {**error.details, "directory": str(scratch)}) from error
    if not done.kept:
        files.remove_tree(scratch)
    return done


def _scratch(folder: Path | None) -> Path:
    if folder is None:
        return temporary_folder("spec-kitty-demo-")
    path = at_home(folder).absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Conflict(
            f"{path} holds something already, and the demo wants a folder of its own",
            "FOLDER_NOT_EMPTY",
            hint=spec_kitty("demo", "--dir", f"{path}-demo"),
        )
    files.make_folder(path)
    return path.resolve()


def _all(scratch: Path, telling: Telling, *, kept: bool) -> Demo:
    tool, project = Tool(surroundings(scratch)), scratch / "project"
    slug = _begin(tool, project, telling)
    files.make_folder(scratch / "agents")
    told = Team(scratch, project, slug, tool, telling).work()
    feedback, prompt = _second_attempt(told)
    merged = _merge(tool, project, slug, telling)
    tested = tool.line(TEST_COMMAND, cwd=project)
    seconds = clock.monotonic() - telling.since
    folder = project / "kitty-specs" / slug
    lanes = files.read_json(folder / "lanes.json") or {}
    events = _lines(folder / "status.events.jsonl")
    facts = Facts(
        lanes,
        events,
        spans(events, lane_of(lanes)),
        feedback,
        prompt,
        next((mappings(entry.more.get("tests")) for entry in told if entry.what == "accepted"), []),
        (tested.code, " ".join(tested.said.splitlines()[-1:])),
        tool.git("status", "--porcelain", cwd=project).strip(),
    )
    found = checks(facts)
    for check in found:
        telling.say(f"{'ok     ' if check.passed else 'NOT SO '} {check.detail}")
    _hold(found)
    return Demo(scratch, kept, slug, seconds, facts, found, merged)


def _begin(tool: Tool, project: Path, telling: Telling) -> str:
    """What a person does first: a repository, a set-up, a mission; its slug."""
    for name, text in START.items():
        files.atomic_write(project / name, text, mkdir=True)
    for words in (
        ("init", "--quiet", "--initial-branch", TARGET),
        ("config", "user.name", "Demo"),
        ("config", "user.email", "demo@example.org"),
    ):
        tool.git(*words, cwd=project)
    _commit_all(tool, project, "A calculator, to be written")
    telling.say(f"a repository with one commit: {project}")
    tool.ask("init", "--ai", ",".join(AGENTS), "--non-interactive", cwd=project)
    _commit_all(tool, project, "Set up spec-kitty")
    slug = str(tool.ask("agent", "mission", "create", SLUG, cwd=project).get("mission_slug"))
    telling.say(f"set up by init, and mission {slug} for {', '.join(AGENTS)}")
    return slug


def _commit_all(tool: Tool, project: Path, message: str) -> None:
    tool.git("add", "--all", cwd=project)
    tool.git("commit", "--quiet", "--message", message, cwd=project)


def _merge(tool: Tool, project: Path, slug: str, telling: Telling) -> str:
    """Merging is a person's decision: a look at the forecast, then the merge; its commit."""
    tool.ask("merge", "--mission", slug, "--dry-run", cwd=project)
    merged = tool.ask("merge", "--mission", slug, cwd=project)
    commit = str(merged.get("merged_commit") or tool.git("rev-parse", TARGET, cwd=project).strip())
    telling.look(tool, project, slug)
    telling.say(f"merged into {TARGET}: {commit[:12]}")
    return commit


def _second_attempt(told: Sequence[Entry]) -> tuple[str, str]:
    """What the reviewer wrote who sent the work package back, and the prompt of the attempt after that."""
    feedback = next((entry.text for entry in told if entry.what == "sent back"), "")
    prompts = [entry.more.get("prompt_file") for entry in told if (entry.what, entry.wp_id) == ("implement", SENT_BACK)]
    prompt = files.read_text(Path(str(prompts[1]))) if len(prompts) > 1 else ""
    return feedback, prompt or ""


def _hold(found: Sequence[Check]) -> None:
    broken = [check for check in found if not check.passed]
    if broken:
        reason = "; ".join(f"{check.name} ({check.detail})" for check in broken)
        details = {"checks": [check.to_dict() for check in found]}
        raise DemoFailed(f"the demo did not keep its promise: {reason}", "DEMO_FAILED", details=details)


def _lines(path: Path) -> list[dict[str, object]]:
    """The lines of a published log."""
    text = files.read_text(path) or ""
    return [files.parse_json(line, str(path)) for line in text.split("\n") if line]
