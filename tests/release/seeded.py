"""Changes of source with tests around them: which assertions became stale is marked `# stale` in the test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one source file, and a test file that was not changed with it."""

    name: str
    before: str
    after: str
    test: str
    elsewhere: str = ""


CHANGES = (
    Change(
        "a message is reworded",
        'def greet(name):\n    raise ValueError("no tea without water")\n',
        'def greet(name):\n    raise ValueError("tea needs water")\n',
        """
import pytest
from app import greet

def test_message():
    with pytest.raises(ValueError, match="no tea without water"):  # stale
        greet("x")

def test_other():
    assert greet.__name__ == "greet"
    assert "coffee" not in "tea"
""",
    ),
    Change(
        "an f-string is reworded",
        'def left(n):\n    return f"{n} cups are left"\n',
        'def left(n):\n    return f"{n} cups remain"\n',
        """
from app import left

def test_text():
    assert left(3) == "3 cups are left"  # stale
    assert "cups are left" in left(1)  # stale
    assert left(2).startswith("2 cups")
""",
    ),
    Change(
        "a constant gets another number",
        "LIMIT = 30\nRETRIES = 3\n",
        "LIMIT = 60\nRETRIES = 3\n",
        """
import app

def test_limits():
    assert app.LIMIT == 30  # stale
    assert app.RETRIES == 3
    assert len("x" * 30) == 30
    assert app.LIMIT > 0
""",
    ),
    Change(
        "a constant gets another text",
        'STATE = "waiting"\n',
        'STATE = "idle"\n',
        """
from app import STATE

def test_state():
    assert STATE == "waiting"  # stale
    assert isinstance(STATE, str)
""",
    ),
    Change(
        "a function is renamed",
        "def brew(cups):\n    return cups\n",
        "def make_tea(cups):\n    return cups\n",
        """
import app

def test_it():
    assert app.brew(2) == 2  # stale
    assert app.__name__ == "app"
""",
    ),
    Change(
        "an imported function is renamed, under an alias",
        "def brew(cups):\n    return cups\n",
        "def make_tea(cups):\n    return cups\n",
        """
from app import brew as make

def test_it():
    assert make(2) == 2  # stale
""",
    ),
    Change(
        "an exception is renamed",
        "class NoWater(Exception):\n    pass\n\ndef pour():\n    raise NoWater\n",
        "class Dry(Exception):\n    pass\n\ndef pour():\n    raise Dry\n",
        """
import pytest
import app

def test_it():
    with pytest.raises(app.NoWater):  # stale
        app.pour()
    with pytest.raises(TypeError):
        app.pour(1)
""",
    ),
    Change(
        "an enum value changes",
        'from enum import Enum\n\nclass Kind(Enum):\n    GREEN = "green tea"\n    BLACK = "black tea"\n',
        'from enum import Enum\n\nclass Kind(Enum):\n    GREEN = "sencha"\n    BLACK = "black tea"\n',
        """
from app import Kind

def test_values():
    assert Kind.GREEN.value == "green tea"  # stale
    assert Kind.BLACK.value == "black tea"
""",
    ),
    Change(
        "a returned number changes",
        "def price():\n    return 250\n\ndef weight():\n    return 250\n",
        "def price():\n    return 300\n\ndef weight():\n    return 250\n",
        """
from app import price, weight

def test_numbers():
    assert price() == 250  # stale
    assert weight() == 250
""",
    ),
    Change(
        "a returned truth changes",
        "def is_hot():\n    return True\n",
        "def is_hot():\n    return False\n",
        """
from app import is_hot

def test_hot():
    assert is_hot() is True  # stale
""",
    ),
    Change(
        "a key of an answer is renamed",
        'def answer():\n    return {"cups": 1, "sugar": 0}\n',
        'def answer():\n    return {"mugs": 1, "sugar": 0}\n',
        """
from app import answer

def test_answer():
    assert answer()["cups"] == 1  # stale
    assert answer()["sugar"] == 0
""",
    ),
    Change(
        "an exit code changes",
        "def main():\n    return 2 if bad() else 0\n\ndef bad():\n    return False\n",
        "def main():\n    return 64 if bad() else 0\n\ndef bad():\n    return False\n",
        """
from app import main

def test_exit():
    assert main() != 2  # stale
    assert main() == 0
""",
    ),
    Change(
        "the expected text stands in a parametrization",
        'def name_of(n):\n    return {1: "small pot", 2: "large pot"}[n]\n',
        'def name_of(n):\n    return {1: "small pot", 2: "big pot"}[n]\n',
        """
import pytest
from app import name_of

@pytest.mark.parametrize(
    ("n", "name"),
    [
        (1, "small pot"),
        (2, "large pot"),  # stale
    ],
)
def test_names(n, name):
    assert name_of(n) == name
""",
    ),
    Change(
        "the expected text stands in a name",
        'def help_text():\n    return "usage: tea [CUPS]"\n',
        'def help_text():\n    return "usage: tea CUPS"\n',
        """
from app import help_text

def test_help():
    expected = "usage: tea [CUPS]"
    assert help_text() == expected  # stale
""",
    ),
    Change(
        "unittest asserts",
        'COLOUR = "red"\n\ndef count():\n    return 7\n',
        'COLOUR = "blue"\n\ndef count():\n    return 8\n',
        """
import unittest
import app

class Tests(unittest.TestCase):
    def test_it(self):
        self.assertEqual(app.COLOUR, "red")  # stale
        self.assertEqual(app.count(), 7)  # stale
        self.assertTrue(app.COLOUR)
""",
    ),
    Change(
        "a mock expects an old argument",
        'def notify(send):\n    send("tea is ready")\n',
        'def notify(send):\n    send("your tea is served")\n',
        """
from app import notify

def test_notify(mocker):
    send = mocker.Mock()
    notify(send)
    send.assert_called_with("tea is ready")  # stale
    send.assert_called_once()
""",
    ),
    Change(
        "a parameter is renamed",
        "def pour(cups=1):\n    return cups\n",
        "def pour(mugs=1):\n    return mugs\n",
        """
from app import pour

def test_pour():
    assert pour(cups=2) == 2  # stale
    assert pour() == 1
""",
    ),
    Change(
        "a default changes",
        "def steep(minutes=3):\n    return minutes\n",
        "def steep(minutes=5):\n    return minutes\n",
        """
from app import steep

def test_steep():
    assert steep() == 3  # stale
    assert steep(4) == 4
""",
    ),
    Change(
        "a class attribute changes",
        'class Pot:\n    size = "one litre"\n    lid = True\n',
        'class Pot:\n    size = "two litres"\n    lid = True\n',
        """
from app import Pot

def test_pot():
    assert Pot.size == "one litre"  # stale
    assert Pot.lid is True
""",
    ),
    Change(
        "a method is removed",
        "class Pot:\n    def whistle(self):\n        return 1\n\n    def boil(self):\n        return 2\n",
        "class Pot:\n    def boil(self):\n        return 2\n",
        """
from app import Pot

def test_pot():
    assert Pot().whistle() == 1  # stale
    assert Pot().boil() == 2
""",
    ),
    Change(
        "a file is removed",
        'LABEL = "loose leaf"\n',
        "",
        """
from app import LABEL

def test_label():
    assert LABEL == "loose leaf"  # stale
    assert 1 + 1 == 2
""",
    ),
    Change(
        "nothing but the layout changes",
        'def f():\n    return "steady text"\n',
        'def f():\n    """Says so."""\n    text = "steady text"\n    return text\n',
        """
from app import f

def test_f():
    assert f() == "steady text"
""",
    ),
    Change(
        "only documentation changes",
        '"""Old words."""\n\ndef f():\n    """Old documentation."""\n    return 1\n',
        '"""New words."""\n\ndef f():\n    """New documentation."""\n    return 1\n',
        """
from app import f

def test_f():
    assert f() == 1
    assert "Old words." != "Old documentation."
""",
    ),
    Change(
        "a text moves to another file",
        'MESSAGE = "the kettle sings"\n',
        "from words import MESSAGE\n",
        """
from app import MESSAGE

def test_message():
    assert MESSAGE == "the kettle sings"
""",
        elsewhere='MESSAGE = "the kettle sings"\n',
    ),
    Change(
        "a text gets longer around what is asserted",
        'def f():\n    return "water is cold"\n',
        'def f():\n    return "the water is cold again"\n',
        """
from app import f

def test_f():
    assert "water is cold" in f()
    assert f().endswith("water is cold again")
""",
    ),
    Change(
        "a function moves to another file",
        "def pour():\n    return 1\n",
        "from pouring import pour\n",
        """
from app import pour

def test_pour():
    assert pour() == 1
""",
        elsewhere="def pour():\n    return 1\n",
    ),
    Change(
        "a common method name goes",
        "class Box:\n    def get(self):\n        return 1\n",
        "class Box:\n    def take(self):\n        return 1\n",
        """
from app import Box

def test_box():
    assert {"a": 1}.get("a") == 1
    assert Box is not None
""",
    ),
    Change(
        "the same number in another function",
        "def one():\n    return 10\n\ndef two():\n    return 10\n",
        "def one():\n    return 11\n\ndef two():\n    return 10\n",
        """
from app import one, two

def test_numbers():
    assert two() == 10
    assert one() > 0
    assert sum(range(5)) == 10
""",
    ),
    Change(
        "a variable in a function is called as one of the test",
        "def f():\n    found = 10\n    return found\n",
        "def f():\n    found = 11\n    return found\n",
        """
from app import f

def test_f():
    found = sum([4, 6])
    assert found == 10
    assert f() is not None
""",
    ),
    Change(
        "a private detail changes",
        "_CACHE = 100\n\ndef size():\n    return len([])\n",
        "_CACHE = 200\n\ndef size():\n    return len([])\n",
        """
from app import size

def test_size():
    assert size() == 0
    assert 100 == 10 * 10
""",
    ),
    Change(
        "an error code is renamed",
        'class Refused(Exception):\n    pass\n\ndef f():\n    raise Refused("TEA_COLD")\n',
        'class Refused(Exception):\n    pass\n\ndef f():\n    raise Refused("TEA_TOO_COLD")\n',
        """
import pytest
from app import Refused, f

def test_code():
    with pytest.raises(Refused) as seen:
        f()
    assert seen.value.args[0] == "TEA_COLD"  # stale
""",
    ),
    Change(
        "a path changes",
        'def where():\n    return "var/tea.log"\n',
        'def where():\n    return "logs/tea.log"\n',
        """
from app import where

def test_where():
    assert where() == "var/tea.log"  # stale
    assert where().endswith("tea.log")
""",
    ),
    Change(
        "a list loses an entry",
        'KINDS = ["green", "black", "white"]\n',
        'KINDS = ["green", "black"]\n',
        """
from app import KINDS

def test_kinds():
    assert KINDS == ["green", "black", "white"]  # stale
    assert "green" in KINDS
    assert "white" in KINDS  # stale
""",
    ),
)
