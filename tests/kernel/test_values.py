from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.values import frozen, replace


@frozen
class Cup:
    """A cup."""

    size: int
    name: str = "tea"
    tags: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OrdinaryCup:
    """The same cup, made the long way."""

    size: int
    name: str = "tea"
    tags: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@frozen
class Empty:
    """Nothing."""


@frozen
class Checked:
    """It checks itself, and shows itself in its own way."""

    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("too small")

    def __repr__(self) -> str:
        return "checked"


@frozen
class Saucer(Cup):
    """A cup with more."""

    depth: int = 0


class Loud(Cup):
    """A class of its own on top of a value."""

    def __init__(self, size: int) -> None:
        super().__init__(size, "loud")


arguments = st.tuples(st.integers(), st.text(), st.lists(st.text(max_size=3)).map(tuple))


@given(arguments, arguments)
def test_a_value_is_what_a_frozen_dataclass_is(
    one: tuple[int, str, tuple[str, ...]], two: tuple[int, str, tuple[str, ...]]
) -> None:
    mine = [Cup(*one), Cup(*two)]
    theirs = [OrdinaryCup(*one), OrdinaryCup(*two)]
    assert (mine[0] == mine[1]) is (theirs[0] == theirs[1])
    assert repr(mine[0]) == repr(theirs[0]).replace("OrdinaryCup", "Cup")
    assert asdict(mine[0]) == asdict(theirs[0])
    assert replace(mine[0], size=3) == Cup(3, *one[1:])
    assert copy.deepcopy(mine[0]) == copy.copy(mine[0]) == mine[0]
    assert hash(Checked(abs(one[0]))) == hash(Checked(abs(one[0])))


def test_it_is_no_other_value_of_the_same_content() -> None:
    ordinary: object = OrdinaryCup(1)
    assert Cup(1) != ordinary
    assert Saucer(1) != Cup(1)


def test_defaults_are_made_anew_each_time() -> None:
    assert Cup(1) == Cup(1, "tea")
    assert Cup(1).notes == []
    assert Cup(1).notes is not Cup(1).notes


def test_it_is_a_dataclass_with_slots() -> None:
    assert [one.name for one in fields(Cup)] == ["size", "name", "tags", "notes"]
    assert not hasattr(Cup(1), "__dict__")
    match Cup(1, "mate"):
        case Cup(size, name):
            assert (size, name) == (1, "mate")
    assert is_dataclass(Cup)


def test_it_cannot_be_changed() -> None:
    cup = Cup(1)
    for name in ("size", "other"):
        with pytest.raises(FrozenInstanceError, match=f"cannot change '{name}' of a Cup"):
            setattr(cup, name, 2)
    with pytest.raises(FrozenInstanceError, match="cannot change 'size'"):
        delattr(cup, "size")


def test_wrong_arguments_are_named() -> None:
    make: Callable[..., Cup] = Cup
    with pytest.raises(TypeError, match=r"Cup\.__init__\(\) missing 1 required positional argument: 'size'"):
        make()
    with pytest.raises(TypeError, match="unexpected keyword argument 'weight'"):
        make(1, weight=2)


def test_what_a_class_writes_itself_is_kept() -> None:
    assert repr(Checked(1)) == "checked"
    with pytest.raises(ValueError, match="too small"):
        Checked(-1)


def test_a_value_may_have_nothing_or_more_than_another() -> None:
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()) == "Empty()"
    assert Saucer(1, depth=2) != Saucer(1)
    assert Loud(3).name == Loud(4).name == "loud"
