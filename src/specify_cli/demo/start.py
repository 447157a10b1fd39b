"""What the scratch repository of the demo begins with: a package with nothing in it yet."""

from __future__ import annotations

from collections.abc import Mapping

Files = Mapping[str, str]

START: Files = {
    "README.md": """# Calculator

A calculator for the command line. Its tests: `python -m unittest`.
""",
    ".gitignore": """__pycache__/
""",
    "calculator/__init__.py": '''"""A calculator for the command line."""
''',
    "calculator/errors.py": '''"""What goes wrong in a calculation."""


class CalculatorError(Exception):
    """An expression has no value; the message says why."""
''',
    "tests/__init__.py": "",
    "tests/test_errors.py": """import unittest

from calculator.errors import CalculatorError


class ErrorsTest(unittest.TestCase):
    def test_an_error_says_why(self):
        self.assertEqual(str(CalculatorError("no value")), "no value")
""",
}
