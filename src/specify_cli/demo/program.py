"""The program of the demo: what the scripted agents write, as files with their text.

One of them is written badly first, so that there is something to review.
"""

from __future__ import annotations

from specify_cli.demo.start import Files

PAGE = "docs/calculator.md"

_OPERATIONS = '''"""Arithmetic on {kind} numbers."""

{imports}from calculator.errors import CalculatorError


def number(text):
    """The number that a text names."""
    return {convert}(text)


def apply(symbol, left, right):
    """The result of one operation."""
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    if symbol == "/":
        if right == 0:
            raise CalculatorError("division by zero")
        return left / right
    raise CalculatorError(f"unknown operation {{symbol}}")
'''

_TEST_OPERATIONS = """import unittest

from calculator.errors import CalculatorError
from calculator.operations import apply, number


class OperationsTest(unittest.TestCase):
    def test_the_four_operations(self):
        six, three = number("6"), number("3")
        self.assertEqual([apply(symbol, six, three) for symbol in "+-*/"], [9, 3, 18, 2])

    def test_division_by_zero_is_an_error_of_ours(self):
        with self.assertRaises(CalculatorError):
            apply("/", number("1"), number("0"))
"""

HASTY_OPERATIONS: Files = {
    "calculator/operations.py": _OPERATIONS.format(kind="floating-point", imports="", convert="float"),
    "tests/test_operations.py": _TEST_OPERATIONS,
}

OPERATIONS: Files = {
    "calculator/operations.py": _OPERATIONS.format(
        kind="exact decimal", imports="from decimal import Decimal\n\n", convert="Decimal"
    ),
    "tests/test_operations.py": _TEST_OPERATIONS
    + """
    def test_tenths_are_exact(self):
        self.assertEqual(str(apply("+", number("0.1"), number("0.2"))), "0.3")
""",
}

TOKENS: Files = {
    "calculator/tokens.py": '''"""From the text of an expression to its parts."""

import re

from calculator.errors import CalculatorError

_PART = re.compile(r"\\s*(?:(\\d+\\.?\\d*|\\.\\d+)|([-+*/()])|(\\S))")


def tokens(text):
    """Numbers, operators and parentheses, in order, as texts."""
    found = []
    for number, symbol, other in _PART.findall(text):
        if other:
            raise CalculatorError(f"{other!r} has no place in an expression")
        found.append(number or symbol)
    return found
''',
    "tests/test_tokens.py": """import unittest

from calculator.errors import CalculatorError
from calculator.tokens import tokens


class TokensTest(unittest.TestCase):
    def test_spaces_do_not_matter(self):
        self.assertEqual(tokens(" 12 *(3+ .5)"), ["12", "*", "(", "3", "+", ".5", ")"])

    def test_anything_else_is_an_error(self):
        with self.assertRaisesRegex(CalculatorError, "'x'"):
            tokens("2 x 3")
""",
}

DISPLAY: Files = {
    "calculator/display/__init__.py": '''"""How results are shown."""
''',
    "calculator/display/number.py": '''"""Numbers as a person writes them."""


def show(value):
    """A decimal number without exponent and without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
''',
    "tests/test_display.py": """import unittest
from decimal import Decimal

from calculator.display.number import show


class DisplayTest(unittest.TestCase):
    def test_zeros_that_say_nothing_are_left_out(self):
        self.assertEqual([show(Decimal(text)) for text in ("2.500", "3.0", "40")], ["2.5", "3", "40"])

    def test_there_is_no_exponent(self):
        self.assertEqual(show(Decimal("1E+3")), "1000")
""",
}

EVALUATE: Files = {
    "calculator/evaluate.py": '''"""From the parts of an expression to its value."""

from calculator.errors import CalculatorError
from calculator.operations import apply, number
from calculator.tokens import tokens


def evaluate(text):
    """The value of an expression: products before sums, parentheses first, a sign where a number may begin."""
    rest = tokens(text)
    value = _sum(rest)
    if rest:
        raise CalculatorError(f"{rest[0]!r} was not expected")
    return value


def _sum(rest):
    value = _product(rest)
    while rest and rest[0] in ("+", "-"):
        value = apply(rest.pop(0), value, _product(rest))
    return value


def _product(rest):
    value = _single(rest)
    while rest and rest[0] in ("*", "/"):
        value = apply(rest.pop(0), value, _single(rest))
    return value


def _single(rest):
    if not rest:
        raise CalculatorError("the expression ends too early")
    part = rest.pop(0)
    if part == "-":
        return -_single(rest)
    if part == "(":
        value = _sum(rest)
        if not rest or rest.pop(0) != ")":
            raise CalculatorError("a parenthesis is not closed")
        return value
    if part[0].isdigit() or part[0] == ".":
        return number(part)
    raise CalculatorError(f"{part!r} was not expected")
''',
    "tests/test_evaluate.py": """import unittest

from calculator.errors import CalculatorError
from calculator.evaluate import evaluate


class EvaluateTest(unittest.TestCase):
    def test_products_come_before_sums(self):
        self.assertEqual(evaluate("2 + 3 * 4 - 6 / 2"), 11)

    def test_parentheses_and_signs(self):
        self.assertEqual(evaluate("-(2 + 3) * -4"), 20)

    def test_what_is_no_expression_is_an_error(self):
        for text in ("", "1 +", "(1", "1 2", ")", "1 / 0"):
            with self.subTest(text), self.assertRaises(CalculatorError):
                evaluate(text)
""",
}

ROUNDING: Files = {
    "calculator/display/number.py": '''"""Numbers as a person writes them."""

from decimal import Context, Decimal

DIGITS = 12


def show(value, digits=DIGITS):
    """A decimal number, rounded, without exponent and without zeros that say nothing."""
    text = f"{Context(prec=digits).plus(Decimal(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
''',
    "tests/test_rounding.py": """import unittest
from decimal import Decimal

from calculator.display.number import show


class RoundingTest(unittest.TestCase):
    def test_twelve_digits_are_shown(self):
        self.assertEqual(show(Decimal(1) / Decimal(3)), "0.333333333333")

    def test_fewer_when_asked(self):
        self.assertEqual(show(Decimal("2.71828"), 3), "2.72")
""",
}

COMMAND: Files = {
    "calculator/__main__.py": '''"""`python -m calculator EXPRESSION`."""

import sys

from calculator.display.number import show
from calculator.errors import CalculatorError
from calculator.evaluate import evaluate


def main(words):
    """Print the value of an expression; the exit code is 2 where it has none."""
    try:
        print(show(evaluate(" ".join(words))))
    except CalculatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
''',
    "tests/test_command.py": """import subprocess
import sys
import unittest


def run(*words):
    done = subprocess.run([sys.executable, "-m", "calculator", *words], capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).strip()


class CommandTest(unittest.TestCase):
    def test_it_prints_the_value(self):
        self.assertEqual(run("(0.1 + 0.2) * 10"), (0, "3"))

    def test_it_says_what_is_wrong(self):
        self.assertEqual(run("1 / 0"), (2, "error: division by zero"))
""",
}

DOCUMENTATION: Files = {
    PAGE: """# The calculator

## Use

    python -m calculator "(0.1 + 0.2) * 10"

It prints `3`. Numbers are decimal and exact; results are shown with at most twelve digits.

## Expressions

`+`, `-`, `*`, `/`, parentheses, and a minus sign where a number may begin. Products come before sums.

## Errors

What is no expression, or has no value, is told in one line on standard error, and the exit code is 2.
""",
}
