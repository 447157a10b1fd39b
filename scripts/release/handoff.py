"""Fill the handoff package of mission 045: pin a commit, make the five files, run the scenarios, write how they ended.

    python -m scripts.release.handoff                  the commit that is checked out
    python -m scripts.release.handoff --commit REV     another one; the scenarios still run on what is checked out

Run it on a clean checkout of the branch, and commit what it wrote. What each file holds is said by `generate.sh`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from specify_cli.kernel import clock, files, process
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import Git

ROOT = Path(__file__).parents[2]
SLUG = "045-mission-handoff-package-version-matrix"
PACKAGE = f"kitty-specs/{SLUG}/handoff"
SCENARIOS = "tests/contract/test_handoff_scenarios.py"
TITLES = {
    "test_several_missions_and_none_named_is_ambiguous": "several missions and none named: `MISSION_AMBIGUOUS`",
    "test_a_named_mission_gets_its_plan": "with `--mission`: success",
    "test_without_a_specification_there_is_no_plan": "`spec.md` missing: `SPEC_MISSING`",
    "test_a_bad_slug_is_named_as_such": "a bad slug: `INVALID_SLUG`",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Fill the package; 0 when every scenario passed, 1 when one failed or the package cannot be made."""
    parser = argparse.ArgumentParser(description="Fill the handoff package of mission 045.")
    parser.add_argument("--commit", default="HEAD", help="what the package is made from")
    asked = parser.parse_args(argv)
    try:
        commit = pin(ROOT, asked.commit)
        made = process.run(["bash", str(ROOT / PACKAGE / "generate.sh"), "--write", "--force"])
        if made.code != 0:
            raise Refused(made.said, "HANDOFF_NOT_MADE")
        print(made.out, end="")
        outcomes = run_scenarios(ROOT)
        files.atomic_write(ROOT / PACKAGE / "verification.md", verification(ROOT, outcomes, commit))
    except SpecKittyError as error:
        print(f"Error: {error.message}" + (f"\nFix: {error.hint}" if error.hint else ""), file=sys.stderr)
        return 1
    for name, passed in outcomes.items():
        print(f"{'passed' if passed else 'FAILED':11} {name}")
    print(f"Commit it: git add {PACKAGE} && git commit -m 'Fill the handoff package'")
    return int(not all(outcomes.values()))


def pin(root: Path, revision: str) -> str:
    """Write a commit into `generate.sh`; it must hold the mission, and nothing outside the package may be changed.

    Raises:
        Refused: `REVISION_UNKNOWN`, `MISSION_NOT_COMMITTED` or `CHECKOUT_DIRTY`.
    """
    git, script = Git(root), root / PACKAGE / "generate.sh"
    commit = git.resolve(revision)
    if commit is None:
        raise Refused(
            f"no commit is called {revision!r}", "REVISION_UNKNOWN", hint=command("git", "log", "--oneline", "-20")
        )
    if git.show_bytes(f"{commit}:kitty-specs/{SLUG}/spec.md") is None:
        raise Refused(
            f"{commit[:10]} does not hold mission {SLUG}",
            "MISSION_NOT_COMMITTED",
            hint=command("git", "add", "kitty-specs"),
        )
    changed = [change.path for change in git.changes() if not change.path.startswith(f"{PACKAGE}/")]
    if changed:
        said = f"the scenarios would run on files that no commit has: {', '.join(changed[:5])}"
        raise Refused(said, "CHECKOUT_DIRTY", hint=command("git", "status"))
    text = script.read_text(encoding="utf-8")
    files.atomic_write(
        script, re.sub(r"^SOURCE_COMMIT=.*$", f"SOURCE_COMMIT={commit}", text, count=1, flags=re.MULTILINE)
    )
    return commit


def run_scenarios(root: Path) -> dict[str, bool]:
    """Title of each scenario -> whether its test passed; one that did not run has not.

    Raises:
        Refused: `SCENARIOS_NOT_RUN`.
    """
    done = process.run([sys.executable, "-m", "pytest", SCENARIOS, "-q", "-n", "0", "-rA"], cwd=root, timeout=300)
    results = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED) \S+::(test_\w+)", done.out, re.MULTILINE)
    if not results:
        raise Refused(
            f"the scenarios did not run:\n{done.said}", "SCENARIOS_NOT_RUN", hint=command("pytest", SCENARIOS)
        )
    said = {test: {word for word, name in results if name == test} for test in TITLES}
    return {title: said[test] == {"PASSED"} for test, title in TITLES.items()}


def verification(root: Path, outcomes: dict[str, bool], commit: str) -> str:
    """The text of verification.md: what ran on which commit, when, and how it ended."""
    git = Git(root)
    branch = next((line for line in git.run("branch", "--show-current").splitlines()), "") or "(detached)"
    rows = [f"| {title} | `{test}` | {'pass' if outcomes[title] else 'FAIL'} |" for test, title in TITLES.items()]
    facts = [
        ("Branch", f"`{branch}`"),
        ("Commit of the run", f"`{git.resolve('HEAD')}`"),
        ("Commit of the package", f"`{commit}`"),
        ("Date", clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("Run again with", f"`.venv/bin/pytest {SCENARIOS}`"),
    ]
    lines = [
        f"# Verification of {SLUG}",
        "Written by `python -m scripts.release.handoff` after the run that it tells of.",
        "\n".join(["| scenario of `setup-plan` | test | result |", "|---|---|---|", *rows]),
        "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts)]),
    ]
    return "\n\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
