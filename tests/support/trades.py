"""What a scripted agent knows by heart of four small missions: documents, and what each work package brings."""

from __future__ import annotations

from dataclasses import dataclass, field

CHECK = "python -m unittest discover -s tests -t ."


@dataclass(frozen=True, slots=True)
class Trade:
    """One mission, as somebody who is good at it would do it.

    Args:
        type: its mission type.
        size: tiny, or normal.
        documents: path below the mission -> text.
        work: work package -> path in the repository -> text.
        files: what must be on the target branch in the end.
    """

    type: str
    documents: dict[str, str]
    work: dict[str, dict[str, str]] = field(default_factory=dict)
    size: str = "normal"

    @property
    def slug(self) -> str:
        """The name of the mission."""
        return f"{self.size}-{self.type}"

    @property
    def files(self) -> dict[str, str]:
        """What must be on the target branch in the end."""
        return {path: text for each in self.work.values() for path, text in each.items()}


START = {
    "tests/__init__.py": "",
    "tests/test_start.py": "import unittest\n\n\nclass Start(unittest.TestCase):\n    def test(self):\n        pass\n",
}


def _document(title: str, **parts: str) -> str:
    body = "\n\n".join(f"## {heading.replace('_', ' ')}\n\n{text}" for heading, text in parts.items())
    return f"# {title}\n\n{body}\n"


def _spec(goal: str, requirement: str) -> str:
    return _document("Greeting", Goal=goal, Requirements=f"- **FR-001**: {requirement}")


def _outline(*packages: tuple[str, str, str]) -> str:
    parts = [
        f"## {wp_id} {title}\n\n**Goal**: {title}.\n**Requirements**: FR-001\n**Dependencies**: {needs}\n\n"
        f"- [ ] T{number:03d} Do it, tested\n"
        for number, (wp_id, title, needs) in enumerate(packages, 1)
    ]
    return "# Work packages\n\n" + "\n".join(parts)


def _prompt(wp_id: str, title: str, needs: str, owned: str, number: int) -> str:
    header = (
        f"---\nwork_package_id: {wp_id}\ntitle: {title}\ndependencies: [{needs}]\nrequirement_refs: [FR-001]\n"
        f"subtasks: [T{number:03d}]\nexecution_mode: code_change\nowned_files: [{owned}]\n---\n"
    )
    return f"{header}\n# {wp_id} {title}\n\n## Acceptance criteria\n\n- `{CHECK}` passes.\n"


def _test(name: str, body: str) -> str:
    return f"import unittest\n\n\nclass {name}(unittest.TestCase):\n    def test_it(self):\n        {body}\n"


SOFTWARE = Trade(
    "software-dev",
    {
        "spec.md": _spec("Guests are greeted.", "`greet(name)` returns `Hello, <name>!`."),
        "plan.md": _document(
            "Plan",
            Summary="Two functions.",
            Technical_context="Python, unittest.",
            Approach="`name` trims, `greet` greets.",
            Testing=f"`{CHECK}`, a test for each.",
        ),
        "tasks.md": _outline(("WP01", "Trim names", "None"), ("WP02", "Greet", "WP01")),
        "tasks/WP01-trim.md": _prompt("WP01", "Trim names", "", "names.py, tests/test_names.py", 1),
        "tasks/WP02-greet.md": _prompt("WP02", "Greet", "WP01", "greet.py, tests/test_greet.py", 2),
    },
    {
        "WP01": {
            "names.py": "def trim(name):\n    return name.strip()\n",
            "tests/test_names.py": "import names\n" + _test("Names", 'self.assertEqual(names.trim(" a "), "a")'),
        },
        "WP02": {
            "greet.py": 'from names import trim\n\n\ndef greet(name):\n    return f"Hello, {trim(name)}!"\n',
            "tests/test_greet.py": "import greet\n"
            + _test("Greet", 'self.assertEqual(greet.greet(" A"), "Hello, A!")'),
        },
    },
)
RESEARCH = Trade(
    "research",
    {
        "spec.md": _spec(
            "We must choose a greeting.", "Which greeting is shortest? Answered when a length is measured."
        ),
        "plan.md": _document(
            "Plan",
            Summary="Measure three.",
            Sources="The interpreter.",
            Method="`len`.",
            Evidence="The command and its output.",
            Deliverables="research/greetings.md",
        ),
        "tasks.md": _outline(("WP01", "Measure greetings", "None")),
        "tasks/WP01-measure.md": _prompt("WP01", "Measure", "", "research/**, tests/test_findings.py", 1),
    },
    {
        "WP01": {
            "research/greetings.md": "# Findings\n\n- FR-001: «Hi». Evidence: `len('Hi')` is 2.\n",
            "tests/test_findings.py": _test(
                "Findings", 'self.assertIn("Evidence:", open("research/greetings.md", encoding="utf-8").read())'
            ),
        }
    },
)
DOCUMENTATION = Trade(
    "documentation",
    {
        "spec.md": _spec("Guests do not know how to greet.", "A guest can greet with docs/greet.md alone."),
        "plan.md": _document(
            "Plan",
            Summary="One how-to.",
            What_is_there_today="Nothing.",
            Pages="docs/greet.md, a how-to.",
            Style="Short.",
            Checks=f"`{CHECK}` looks at the page.",
        ),
        "tasks.md": _outline(("WP01", "Page on greeting", "None")),
        "tasks/WP01-page.md": _prompt("WP01", "Page", "", "docs/greet.md, tests/test_page.py", 1),
    },
    {
        "WP01": {
            "docs/greet.md": "# How to greet\n\nSay hello.\n",
            "tests/test_page.py": _test("Page", 'self.assertIn("hello", open("docs/greet.md").read())'),
        }
    },
)
PLANNING = Trade(
    "plan",
    {
        "spec.md": _spec("We want a greeter.", "One program or two? It matters because two need a protocol."),
        "research.md": _document(
            "Research", Questions="One or two?", Findings="One is 20 lines: `wc -l`.", Options="One; two."
        ),
        "plan.md": _document(
            "Plan",
            Summary="One program.",
            Decisions="### FR-001\n\nDecided: one. Turned down: two.",
            Missions="1. greeter, software-dev",
            Risks="Guests who are shy.",
        ),
        "review.md": _document(
            "Review", Attacks="FR-001: counted the lines again; it stands.", Changes="none", Verdict="It stands."
        ),
    },
)
TINY = Trade(
    "software-dev",
    {
        "mission.md": '---\nwork_package_id: WP01\nowned_files: ["wave.py", "tests/test_wave.py"]\n---\n\n'
        + _document(
            "Wave",
            Goal="Guests are waved at.",
            Acceptance_criteria=f"- `{CHECK}` passes.",
            Work="Write `wave()` in wave.py, and its test.",
        )
    },
    {
        "WP01": {
            "wave.py": 'def wave():\n    return "o/"\n',
            "tests/test_wave.py": "import wave\n" + _test("Wave", 'self.assertEqual(wave.wave(), "o/")'),
        }
    },
    size="tiny",
)
TRADES = (SOFTWARE, RESEARCH, DOCUMENTATION, PLANNING)
