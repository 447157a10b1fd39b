"""Frozen values, made cheaply.

`@frozen` is `@dataclass(frozen=True, slots=True)` without its price: that decorator compiles half a dozen methods for
every class at every start, which was half of what a reading command took. Here all classes share their methods, and
`__init__` is compiled when the first instance is made, so that a class which a command does not use costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a class of annotated fields a frozen value: equal by content, hashable, with a repr, without a dict."""
    own = cls.__dict__
    # Without a docstring, `dataclass` would spend more on making one up than on all else.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__init__ = _until_needed(made)
    for name, method in _SHARED.items():
        if own.get(name) is None:
            setattr(made, name, method)
    return cast("type[T]", made)


def replace(value: T, **changes: Any) -> T:
    """A copy of a frozen value with some fields changed."""
    kept = {name: getattr(value, name) for name in _names(value) if name not in changes}
    return type(value)(**kept, **changes)


def as_dict(value: object) -> dict[str, Any]:
    """A frozen value field by field, as JSON answers show flat ones; `to_dict = as_dict` in its class."""
    return {name: getattr(value, name) for name in _names(value)}


def _until_needed(made: Any) -> Callable[..., None]:
    """An `__init__` that makes way for the real one."""

    def first(self: object, *args: object, **kwargs: object) -> None:
        made.__init__ = _init_of(made)
        made.__init__(self, *args, **kwargs)

    return first


def _init_of(made: type) -> Callable[..., None]:
    """The `__init__` that `dataclass` would write; compiled alone, it costs a third of what `make_dataclass` takes."""
    space: dict[str, Any] = {"_missing": MISSING}
    parameters, body = [], []
    for each in fields(made):
        name, given = each.name, each.name
        if each.default is not MISSING:
            space[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        elif each.default_factory is not MISSING:
            space[f"_make_{name}"] = each.default_factory
            parameters.append(f"{name}=_missing")
            given = f"_make_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        # The slot itself takes the value past our `__setattr__`, in half the time of `object.__setattr__`.
        space[f"_set_{name}"] = getattr(made, name).__set__
        body.append(f"    _set_{name}(_self, {given})")
    if hasattr(made, "__post_init__"):
        body.append("    _self.__post_init__()")
    exec("\n".join([f"def __init__({', '.join(['_self', *parameters])}):", *body, "    return None"]), space)
    compiled: Callable[..., None] = space["__init__"]
    compiled.__qualname__ = f"{made.__qualname__}.__init__"
    return compiled


def _names(value: object) -> tuple[str, ...]:
    return cast("tuple[str, ...]", getattr(type(value), "__match_args__", ()))


def _content(self: object) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in _names(self))


def _eq(self: object, other: object) -> object:
    return _content(self) == _content(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_content(self))


def _repr(self: object) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in _names(self))})"


def _refuse(self: object, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot change {name!r} of a {type(self).__name__}")


def _setstate(self: object, state: tuple[object, ...]) -> None:
    for name, content in zip(_names(self), state, strict=True):
        object.__setattr__(self, name, content)


_SHARED: dict[str, Callable[..., object]] = {
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _content,
    "__setstate__": _setstate,
}
