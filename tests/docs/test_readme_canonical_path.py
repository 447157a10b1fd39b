"""The README teaches one way through a mission, fits on a screen and shows how to begin."""

from __future__ import annotations

import re

import pytest

from tests.support.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ONE_SCREEN = 80


@pytest.mark.parametrize(
    "shown",
    ["make demo", "make test", "uv tool install", "pipx install", "pip install", "spec-kitty init --ai claude"],
)
def test_it_shows_how_to_begin(shown: str) -> None:
    assert shown in README


def test_it_names_the_steps_of_a_mission_in_their_order() -> None:
    steps = ["/spec-kitty.specify", "/spec-kitty.plan", "/spec-kitty.tasks", "spec-kitty next", "spec-kitty merge"]
    line = next(paragraph for paragraph in README.split("\n\n") if all(step in paragraph for step in steps))
    places = [line.index(step) for step in steps]
    assert places == sorted(places)


def test_it_shows_the_loop() -> None:
    assert re.search(r"spec-kitty next --agent \S+ --mission \S+", README)
    assert "--result success" in README
    assert "spec-kitty agent action implement" in README


def test_it_does_not_teach_the_internal_command() -> None:
    assert "spec-kitty implement" not in README
    assert "/spec-kitty.implement" not in README


def test_it_fits_on_a_screen() -> None:
    assert len(README.splitlines()) <= ONE_SCREEN
