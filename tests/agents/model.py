"""A model on loopback that follows a script: it finds its place in it by the conversation, and keeps no state.

A script is a generator: it yields what the agent is to do, is sent what came of it, and returns the model's last words.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.agents.conversation import Action, Json, Reply, Say, Turn, smallest
from tests.agents.wires import WIRES, Wire
from tests.support.serving import Answer, Request, Server, serving

Script = Generator[Action, str, str]


@dataclass(slots=True)
class Model:
    """The model of one session.

    Args:
        script: begun anew for each request.
        turns: the requests that offered tools, in order.
        replies: what was answered to them.
        last: what the script returned, once it has come to its end.
    """

    script: Callable[[], Script]
    server: Server = field(default_factory=Server)
    turns: list[Turn] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    last: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    def hear(self, request: Request) -> Answer:
        """Answer one request of a program."""
        path = request.path
        if path.endswith(("count_tokens", ":countTokens")):
            return Answer(body={"input_tokens": 10, "totalTokens": 10})
        wire = next((wire for wire in WIRES.values() if wire.path.search(path)), None)
        if wire is None:
            return Answer(body={"object": "list", "data": [{"id": "fake-model", "object": "model"}]})
        return self._answer(wire, path, _body(request))

    def _answer(self, wire: Wire, path: str, body: Json) -> Answer:
        turn = wire.read(body)
        turn.model = str(body.get("model") or "fake-model")
        return wire.answer(turn, self._reply(turn), stream=wire.is_stream(path, body))

    def _reply(self, turn: Turn) -> Reply:
        """The next entry of the script; titles and other questions of the agent itself get the smallest answer."""
        if turn.schema is not None:
            return Say(json.dumps(smallest(turn.schema)))
        if not turn.tools:
            return Say("Scripted")
        reply = self._follow(turn)
        with self.lock:
            self.turns.append(turn)
            self.replies.append(reply)
        return reply

    def _follow(self, turn: Turn) -> Reply:
        script = self.script()
        try:
            action = next(script)
            for call in turn.calls:
                action = script.send(call.output or "")
        except StopIteration as end:
            self.last = str(end.value)
            return Say(self.last)
        return action.reply(turn)


def _body(request: Request) -> Json:
    raw = request.body
    if request.headers.get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    body: Json = json.loads(raw or b"{}")
    return body


@contextmanager
def listening(script: Callable[[], Script]) -> Iterator[Model]:
    """A model that follows a script for the length of the block."""
    model = Model(script)
    for verb in ("GET", "POST"):
        model.server.route(verb, "*", model.hear)
    with serving(model.server):
        yield model
