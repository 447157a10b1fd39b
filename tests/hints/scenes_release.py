"""Faults of a release."""

from __future__ import annotations

from tests.support.scenes import TEA, Scene, Then, World

PREP = "agent release prep --channel"


def no_pyproject(world: World) -> None:
    """There was one, and it is gone."""
    world.git.commit("state a version", pyproject_toml='[project]\nname = "cup"\nversion = "1.0.0"\n')
    world.git("rm", "-q", "pyproject.toml")


def malformed(world: World) -> None:
    no_pyproject(world)
    restored(world)
    world.git.write("pyproject.toml", "[project\n")


def restored(world: World) -> None:
    world.git("checkout", "-q", "HEAD", "--", "pyproject.toml")


def after_a_beta(world: World) -> None:
    world.git.commit("a beta", pyproject_toml='[project]\nname = "cup"\nversion = "1.0.0b1"\n')


SCENES = (
    Scene("PYPROJECT_INVALID", f"{PREP} stable", no_pyproject, Then.SHOWS, after=restored),
    Scene("PYPROJECT_INVALID", f"{PREP} stable", malformed, Then.SHOWS, after=restored),
    Scene("CHANNEL_BACKWARDS", f"{PREP} alpha", after_a_beta, Then.INSTEAD),
    Scene("NOT_ACCEPTABLE", f"accept --mission {TEA}", then=Then.INSTEAD),
)
