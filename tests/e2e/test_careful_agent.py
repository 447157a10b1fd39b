"""A careful person and three careful agents: what was printed to them is all they run, from `init` to `merge`.

Two work packages side by side, a third that builds on one of them, a rejection and its rework, a question that the
person answers, a commit after an approval, a conflict between two lanes, an acceptance with a test, and the merge.
What they write they know by heart; how the tool is used they do not: `tests.support.printed` refuses every command that
nobody showed them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from specify_cli.core.agent_table import AGENTS
from tests.support.git import Repo
from tests.support.printed import Reader, Said
from tests.support.trades import START

pytestmark = pytest.mark.e2e
README = Path(__file__).parents[2] / "README.md"
CHECK = f"{sys.executable} -m unittest discover -s tests -t ."
SLUG = "001-greet-guests"
NOT_A_PLAIN_CALL = ("--result", "--decision-id", "--wait")


# -- what they know by heart ---------------------------------------------------------------------------------------


def _document(title: str, **parts: str) -> str:
    body = "\n\n".join(f"## {heading.replace('_', ' ')}\n\n{text}" for heading, text in parts.items())
    return f"# {title}\n\n{body}\n"


@dataclass(frozen=True, slots=True)
class Package:
    """A work package, as it is planned."""

    number: int
    title: str
    module: str
    needs: str = ""

    @property
    def section(self) -> str:
        """Its part of tasks.md."""
        return (
            f"## WP0{self.number} {self.title}\n\n**Goal**: {self.title}.\n**Requirements**: FR-00{self.number}\n"
            f"**Dependencies**: {self.needs or 'None'}\n\n- [ ] T00{self.number} Do it, tested\n"
        )

    @property
    def prompt(self) -> str:
        """Its prompt file."""
        return (
            f"---\nwork_package_id: WP0{self.number}\ntitle: {self.title}\ndependencies: [{self.needs}]\n"
            f"requirement_refs: [FR-00{self.number}]\nsubtasks: [T00{self.number}]\nexecution_mode: code_change\n"
            f"owned_files: [{self.module}.py, tests/test_{self.module}.py]\n---\n\n# WP0{self.number} {self.title}\n\n"
            "## Acceptance criteria\n\n- The tests pass.\n"
        )


PACKAGES = (
    Package(1, "Trim names", "names"),
    Package(2, "Say goodbye", "bye"),
    Package(3, "Greet", "greet", "WP01"),
)
DOCUMENTS = {
    "specify": {
        "spec.md": _document(
            "Guests",
            Goal="Guests are greeted.",
            Requirements="- **FR-001**: Names are trimmed.\n- **FR-002**: Guests are said goodbye to.\n"
            "- **FR-003**: `greet(name)` returns `Hello, <name>!`.",
        )
    },
    "plan": {
        "plan.md": _document(
            "Plan", Summary="Three functions.", Technical_context="Python.", Approach="A module each.", Testing="All."
        )
    },
    "tasks_outline": {"tasks.md": "# Work packages\n\n" + "\n".join(each.section for each in PACKAGES)},
    "tasks_packages": {f"tasks/WP0{each.number}-{each.module}.md": each.prompt for each in PACKAGES},
    "tasks_finalize": {},
}
AFTER = dict(pairwise([*DOCUMENTS, "implement WP01"]))


def _test(module: str, says: str) -> str:
    return (
        f"import unittest\n\nimport {module}\n\n\nclass Case(unittest.TestCase):\n    def test(self):\n        {says}\n"
    )


WORK = {
    "WP01": {
        "names.py": "def trim(name):\n    return name\n",
        "tests/test_names.py": _test("names", 'self.assertEqual(names.trim("a"), "a")'),
        "words.py": 'WORDS = ("hello",)\n',
    },
    "WP02": {
        "bye.py": 'def bye(name):\n    return f"Bye, {name}!"\n',
        "tests/test_bye.py": _test("bye", 'self.assertEqual(bye.bye("a"), "Bye, a!")'),
        "words.py": 'WORDS = ("bye",)\n',
    },
    "WP03": {
        "greet.py": 'from names import trim\n\n\ndef greet(name):\n    return f"Hello, {trim(name)}!"\n',
        "tests/test_greet.py": _test("greet", 'self.assertEqual(greet.greet(" a"), "Hello, a!")'),
    },
}


# -- who they are --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Agent(Reader):
    """An agent that knows the slash commands of its program.

    Args:
        at: the step it has, and the work package.
        place: where that is done.
    """

    at: str = ""
    place: Path = field(default_factory=Path)

    def slash(self, name: str) -> None:
        """Somebody types `/spec-kitty.name`."""
        self.open(self.folder / AGENTS[self.name].path(name))

    def takes(self, step: str, *parts: str, fill: Mapping[str, str] | None = None) -> Said:
        """Run a command that hands out a step, which must be this one; without parts, ask for it."""
        said = self.do("spec-kitty next", "--mission", *parts, fill=fill, without=() if parts else NOT_A_PLAIN_CALL)
        self.at, place, self.facts["<id>"] = _step(said)
        assert self.at == step, str(said)
        self.place = Path(place)
        return said

    def writes(self, files: Mapping[str, str]) -> None:
        """Write files where the step says."""
        for name, text in files.items():
            Repo(self.place).write(name, text)

    def hands_over(self, message: str) -> None:
        """Tick and hand over as the prompt says, with the commit in the same call."""
        wp_id, note = self.at.split()[1], "<what was built; what ran, with its result>"
        self.do("mark-status", f"T0{wp_id[-2:]}").ok()
        more = f'--commit "{message}"'
        self.do("move-task", wp_id, "--to for_review", note, fill={note: "built; the tests pass"}, add=more).ok()

    def approves(self, wp_id: str) -> None:
        """Take the review, and give the verdict as its prompt says."""
        self.takes(f"review {wp_id}")
        note = "<what you checked>"
        self.do("move-task", wp_id, "--to approved", note, fill={note: "the tests pass"}).ok()


def _step(said: Said) -> tuple[str, str, str]:
    """The step that an answer hands out, its folder and its id, from either form of the answer."""
    if said.out.startswith("{"):
        answer = said.json()
        what = " ".join(answer[key] for key in ("action", "wp_id") if answer[key])
        return what or answer["kind"], answer["workspace_path"] or "", answer["step_id"] or ""
    folder = re.search(r"^  work in   (.+)$", said.out, re.MULTILINE)
    return said.out.partition("\n")[0].partition(": ")[2], folder[1] if folder else "", ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A project of a person, and who works there."""

    home: Repo
    person: Reader
    claude: Agent
    codex: Agent
    gemini: Agent


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A clone with code and tests, and nothing of ours. Two of the agents have session ids, the third has none."""
    Repo(tmp_path)("init", "-q", "--bare", "-b", "main", "remote.git")
    Repo(tmp_path)("clone", "-q", "remote.git", "guests")
    home = Repo(tmp_path / "guests")
    for name, text in {**START, "words.py": "WORDS = ()\n"}.items():
        home.write(name, text)
    home.commit("first")
    home("push", "-q", "origin", "HEAD:main")
    return Scene(
        home,
        Reader("person", home.path),
        Agent("claude", home.path, {"CLAUDE_CODE_SESSION_ID": "c-1"}),
        Agent("codex", home.path, {"CODEX_THREAD_ID": "x-1"}),
        Agent("gemini", home.path),
    )


# -- the play ------------------------------------------------------------------------------------------------------


def test_who_runs_only_what_is_printed_comes_from_init_to_the_merge(scene: Scene) -> None:
    start = scene.home.head()
    _set_up(scene)
    _plan(scene)
    _side_by_side(scene)
    heads = _late(scene)
    _finish(scene)
    _holds(scene, start, heads)


def _set_up(scene: Scene) -> None:
    """What the README says first, and what `init` says next."""
    person = scene.person
    person.open(README)
    person.facts["<agents>"] = "claude,codex,gemini"  # «or several», as the README has it
    person.lines.append(person.find("init --ai claude").replace("claude", "<agents>"))
    person.do("init --ai <agents>").ok()
    person.do("git add", "git commit").ok()


def _plan(scene: Scene) -> None:
    """One agent takes the words of the person to work packages."""
    claude = scene.claude
    claude.slash("specify")
    words = {"<slug>": "greet-guests", "<type>": "software-dev", "<size>": "normal"}
    words["<what the person asked for, word for word>"] = "Greet guests."
    assert claude.do("mission create", fill=words).ok().json()["mission_slug"] == SLUG
    for agent in (claude, scene.codex, scene.gemini):
        agent.facts |= {"<mission>": SLUG, "NAME": agent.name}
    claude.takes("specify")
    for step, documents in DOCUMENTS.items():
        assert claude.at == step
        claude.writes(documents)
        if step == "tasks_finalize":
            for parts in ("--validate-only", "spec-kitty analyze", "finalize-tasks"):
                claude.do(parts, "--json").ok()
        claude.takes(AFTER[step], "--result success").ok()


def _side_by_side(scene: Scene) -> None:
    """Two lanes at once: in one a question, in the other a rejection; then what builds on both."""
    person, claude, codex, gemini = scene.person, scene.claude, scene.codex, scene.gemini
    codex.slash("next")
    codex.takes("implement WP02")
    asked = {"<the question>": "Is it Bye or Farewell?"}
    codex.takes("a decision is needed", "--result blocked", fill=asked)

    claude.writes(WORK["WP01"])
    claude.hands_over("Trim names")
    assert "words.py" in claude.heard, "a file that the package does not own is named to whoever changed it"
    gemini.slash("next")
    gemini.takes("review WP01")
    assert "SESSION_UNKNOWN" in gemini.heard
    gemini.takes("review WP01", "--session")  # the command that the warning shows
    assert "STEP_ALREADY_OPEN" not in gemini.heard

    person.do("spec-kitty status").ok()
    assert asked["<the question>"] in person.heard
    answered = person.do("--answer ANSWER", fill={"ANSWER": "Bye, and the name"}).ok()
    assert "--agent" not in answered.out, "the person answered, and takes no step"
    findings = scene.home.path.parent / "findings.md"
    findings.write_text("- [high] names.py:2 the name is not trimmed; return name.strip()\n", encoding="utf-8")
    gemini.do("move-task WP01", "--to planned", "<file>", fill={"<file>": str(findings)}).ok()

    claude.takes("implement WP01")
    assert "the name is not trimmed" in claude.heard
    claude.writes({"names.py": "def trim(name):\n    return name.strip()\n"})
    claude.hands_over("Trim, as the review asks")
    codex.takes("implement WP02")
    assert "Bye, and the name" in codex.heard
    codex.writes(WORK["WP02"])
    codex.hands_over("Say goodbye")
    gemini.approves("WP01")
    gemini.approves("WP02")
    claude.takes("implement WP03")
    claude.writes(WORK["WP03"])
    claude.hands_over("Greet")
    gemini.approves("WP03")


def _late(scene: Scene) -> list[str]:
    """A commit after the approval, and two lanes that do not fit together; the heads that were reviewed in the end."""
    codex, gemini = scene.codex, scene.gemini
    lane = Repo(codex.place)
    lane.write("bye.py", 'def bye(name):\n    return f"Bye, {name.strip()}!"\n')
    late = lane.commit("Trim here too")
    codex.takes("accept")
    codex.do("accept", "--mode checklist").refused("UNREVIEWED_COMMITS", late[:10], "MERGE_CONFLICT", "words.py")
    codex.do("move-task WP02", "--to for_review").ok()
    codex.do("git -C", "merge").refused("CONFLICT")
    lane.write("words.py", 'WORDS = ("hello", "bye")\n')
    codex.do("accept", "--mode checklist").refused("WORKTREE_BUSY")
    codex.do("git -C", "add -- words.py").ok()
    codex.do("git -C", "merge --continue").ok()
    codex.takes("nothing to do right now")
    gemini.approves("WP02")
    codex.takes("accept", "--wait")
    ready = codex.do("accept", "--mode checklist").ok().json()
    return [each["head"] for each in ready["reviewed"]]


def _finish(scene: Scene) -> None:
    """Accept with a test, and let the person merge."""
    person, codex = scene.person, scene.codex
    accepted = codex.do("spec-kitty accept", "--test", fill={"<test command>": CHECK}).ok().json()
    assert (accepted["accepted"], accepted["tested"], accepted["tests"][0]["exit_code"]) == (True, True, 0)
    codex.takes("nothing left to do", "--result success")
    person.do("spec-kitty status").ok()
    merged = person.do(f"spec-kitty merge --mission {SLUG}").ok()
    assert "tested: as tree" in merged.out
    codex.slash("status")
    codex.do("spec-kitty doctor", without=("--reap",)).ok()


def _holds(scene: Scene, start: str, reviewed: list[str]) -> None:
    """The target has what was reviewed and nothing else, and the mission is over."""
    home, person = scene.home, scene.person
    assert home.status() == ""
    changed = home("diff", "--name-only", start, "HEAD", "--", "*.py").splitlines()
    assert sorted(changed) == sorted({name for files in WORK.values() for name in files})
    for name in changed:
        assert home.head(f"HEAD:{name}") in [home("rev-parse", f"{head}:{name}", check=False) for head in reviewed]
    assert "<<<<" not in home("grep", "-h", "WORDS", "HEAD", "--", "words.py")
    person.do("spec-kitty status").ok()
    assert "no open mission" in person.heard or "100 %" in person.heard
    with pytest.raises(AssertionError, match="never shown"):
        person.run("spec-kitty merge --mission another")  # what holds all of this up
