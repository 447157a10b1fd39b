"""A rich console that prints text as it is: no markup, and nothing that a terminal would obey."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.segment import Segment, Segments

from specify_cli.kernel.text import escaped


class _Escaping(RenderHook):
    """Renders first and escapes what came out, so that no cell, title or line is forgotten."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """The renderables, each as its escaped segments."""
        return [Segments([_escaped(part) for part in self.console.render(one)]) for one in renderables]


def _escaped(part: Segment) -> Segment:
    return Segment(escaped(part.text), part.style, part.control)


def make(stream: TextIO, *, colour: bool) -> Console:
    """A console on a stream, coloured or not."""
    console = Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        no_color=not colour,
        force_terminal=colour,
        color_system="auto" if colour else None,
    )
    console.push_render_hook(_Escaping(console))
    return console
