"""The mission of the demo: seven work packages of a small calculator, as data.

Three of them can begin at once; two that nothing orders share a file and get ordered; one only writes a page; one is
done badly first and sent back by its reviewer.
"""

from __future__ import annotations

from dataclasses import field

from specify_cli.demo import program
from specify_cli.demo.start import Files
from specify_cli.kernel.values import frozen

SLUG = "calculator"
AGENTS = ("claude", "codex", "opencode")
LANES_AT_ONCE = 3
TEST_COMMAND = "python -m unittest"

REQUIREMENTS = {
    "FR-001": "Arithmetic is exact for decimal numbers: 0.1 + 0.2 is 0.3.",
    "FR-002": "The text of an expression is split into numbers, operators and parentheses; anything else is an error.",
    "FR-003": "A result is shown without exponent, without useless zeros and with at most twelve digits.",
    "FR-004": "An expression is evaluated with products before sums, with parentheses and with signs.",
    "FR-005": "`python -m calculator EXPRESSION` prints the value; an error is one line and exit code 2.",
    "FR-006": "One page tells users how to call it, what an expression is and what errors look like.",
}


@frozen
class Criterion:
    """Something a reviewer can check.

    Args:
        command: what to run in the worktree.
        shows: all that it must print.
        advice: what a reviewer writes where it prints something else.
    """

    command: str
    shows: str
    advice: str = ""


@frozen
class Package:
    """A work package of the demo, and what its agent will write.

    Args:
        slug: the rest of its prompt file's name.
        objective: what exists when it is done.
        context: what its agent cannot guess.
        subtasks: id -> what to do.
        files: what is written in the end.
        hasty: what is written at the first attempt, where that is something else.
    """

    id: str
    slug: str
    title: str
    objective: str
    context: str
    subtasks: dict[str, str]
    requirements: tuple[str, ...]
    owned: tuple[str, ...]
    files: Files
    criteria: tuple[Criterion, ...]
    needs: tuple[str, ...] = ()
    mode: str = "code_change"
    surface: str = "calculator/"
    hasty: Files = field(default_factory=dict)

    def attempt(self, *, after_review: bool) -> Files:
        """What its agent writes: the hasty files where there are any, and the good ones once a review came back."""
        return self.files if after_review or not self.hasty else self.hasty


PACKAGES = (
    Package(
        "WP01",
        "operations",
        "Operations",
        "The four operations on numbers, with an error of ours where there is no result.",
        "Write `number(text)` and `apply(symbol, left, right)` in `calculator/operations.py`; `+ - * /` are the "
        "symbols. Errors are `calculator.errors.CalculatorError`, which exists. WP04 calls both functions.",
        {"T001": "Write number and apply", "T002": "Test each operation and division by zero"},
        ("FR-001",),
        ("calculator/operations.py", "tests/test_operations.py"),
        program.OPERATIONS,
        (
            Criterion(
                "python -c \"from calculator.operations import *; print(apply('+', number('0.1'), number('0.2')))\"",
                "0.3",
                "A binary float cannot hold tenths. Let `number` give a `decimal.Decimal`, and add a test with 0.1 "
                "and 0.2.",
            ),
        ),
        hasty=program.HASTY_OPERATIONS,
    ),
    Package(
        "WP02",
        "tokens",
        "Tokens",
        "An expression's text as a list of its parts.",
        "Write `tokens(text)` in `calculator/tokens.py`: a list of texts, spaces left out. `.5` is a number. A "
        "character that belongs to no expression raises `calculator.errors.CalculatorError`. WP04 calls it.",
        {"T003": "Write tokens", "T004": "Test spaces, fractions and wrong characters"},
        ("FR-002",),
        ("calculator/tokens.py", "tests/test_tokens.py"),
        program.TOKENS,
        (Criterion("python -c \"from calculator.tokens import *; print(tokens('2*.5'))\"", "['2', '*', '.5']"),),
    ),
    Package(
        "WP03",
        "display",
        "Display",
        "Results as a person would write them.",
        "Write `show(value)` in the new package `calculator/display/`, file `number.py`: a decimal number as text. "
        "WP06 calls it.",
        {"T005": "Write show", "T006": "Test zeros and large numbers"},
        ("FR-003",),
        ("calculator/display/**", "tests/test_display.py"),
        program.DISPLAY,
        (Criterion('python -c "from calculator.display.number import *; print(show(2.50))"', "2.5"),),
        surface="calculator/display/",
    ),
    Package(
        "WP04",
        "evaluate",
        "Evaluate",
        "The value of a whole expression.",
        "Write `evaluate(text)` in `calculator/evaluate.py` by recursive descent over `tokens(text)` of WP02, with "
        "`number` and `apply` of WP01. What is no expression raises `calculator.errors.CalculatorError`.",
        {"T007": "Write evaluate", "T008": "Test precedence, parentheses, signs and errors"},
        ("FR-004",),
        ("calculator/evaluate.py", "tests/test_evaluate.py"),
        program.EVALUATE,
        (Criterion("python -c \"from calculator.evaluate import *; print(evaluate('2*(3+4)-1'))\"", "13"),),
        needs=("WP01", "WP02"),
    ),
    Package(
        "WP05",
        "rounding",
        "Rounding",
        "Results with at most twelve digits.",
        "Give `show` in `calculator/display/number.py` a second argument `digits`, twelve unless told otherwise, and "
        "round to that many significant digits.",
        {"T009": "Round in show", "T010": "Test thirds and fewer digits"},
        ("FR-003",),
        ("calculator/display/number.py", "tests/test_rounding.py"),
        program.ROUNDING,
        (
            Criterion(
                'python -c "from calculator.display.number import *; print(show(Decimal(1) / Decimal(3)))"',
                "0.333333333333",
            ),
        ),
        surface="calculator/display/",
    ),
    Package(
        "WP06",
        "command",
        "Command",
        "The program that people call.",
        "Write `calculator/__main__.py`: `evaluate` of WP04, shown by `show` of WP03 and WP05. Errors go to standard "
        "error as `error: …`, with exit code 2.",
        {"T011": "Write the command", "T012": "Test a value and an error through a process"},
        ("FR-005",),
        ("calculator/__main__.py", "tests/test_command.py"),
        program.COMMAND,
        (
            Criterion("python -m calculator '(0.1 + 0.2) * 10'", "3"),
            Criterion("python -m calculator '1 / 0'", "error: division by zero"),
        ),
        needs=("WP04", "WP05"),
    ),
    Package(
        "WP07",
        "page",
        "Page for users",
        "One page from which a person learns to use the calculator.",
        "Write `docs/calculator.md` from the specification, with the sections Use, Expressions and Errors.",
        {"T013": "Write the page"},
        ("FR-006",),
        (program.PAGE,),
        program.DOCUMENTATION,
        (Criterion(f"python -c \"print(open('{program.PAGE}').read().count('## '))\"", "3"),),
        mode="planning_artifact",
        surface="docs/",
    ),
)
BY_ID = {package.id: package for package in PACKAGES}
SENT_BACK = next(package.id for package in PACKAGES if package.hasty)
ORDERED = ("WP03", "WP05")
ON_PAPER = next(package.id for package in PACKAGES if package.mode == "planning_artifact")
