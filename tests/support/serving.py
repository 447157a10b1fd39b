"""A real HTTP server on loopback whose answers, faults and delays are scripted; what it was sent is kept."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent. Names of headers are in lower case; the body is as it came, compressed or not."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def bearer(self) -> str | None:
        """The token it came with."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: bytes and texts as they are, anything else as JSON."""

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


Handler = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Fault:
    """A disturbance of requests to a path, in place of the answer or on its way.

    Args:
        path: exact, or with `*`.
        nth: which request to it, from 1; 0 is each one.
        answer: sent instead of what the route says; the route is not asked.
        late: the route is asked first and its answer thrown away: the server did it and the client cannot know.
        delay: seconds before the answer.
        drip: seconds between single bytes of the body; headers come at once.
        drip_head: seconds between single bytes of the headers.
        reset: cut the connection: `before` the answer, or `mid` of its body (`close` there ends it politely).
        gate: wait for this before the answer.
    """

    path: str
    nth: int = 1
    answer: Answer | None = None
    late: bool = False
    delay: float = 0.0
    drip: float = 0.0
    drip_head: float = 0.0
    reset: str = ""
    gate: threading.Event | None = None


class Server:
    """Routes, faults and what was sent."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.parts: list[object] = []
        self.is_valid: Callable[[str], bool] = lambda _: False
        self.stopping = threading.Event()
        self._routes: list[tuple[str, str, Handler]] = []
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Its address."""
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Answer a path (exact, or with `*`); of several routes that fit the last one counts."""
        self._routes.append((method, path, handler))

    def part(self, kind: type[T]) -> T:
        """The part of a kind that was added to it."""
        return next(part for part in self.parts if isinstance(part, kind))

    def bearer(self, handler: Handler) -> Handler:
        """A handler for those who come with a valid token; 401 for all others."""

        def checked(request: Request) -> Answer:
            if request.bearer is None or not self.is_valid(request.bearer):
                return Answer(401, {"error": "token invalid or expired"})
            return handler(request)

        return checked

    def fault(self, path: str, **more: Any) -> None:
        """Disturb requests to a path; see `Fault`. Of several that fit a request the first counts."""
        self.faults.append(Fault(path, **more))

    def sent_to(self, path: str) -> list[Request]:
        """The requests to a path (exact, or with `*`), in order."""
        with self._lock:
            return [request for request in self.requests if fnmatchcase(request.path, path)]

    def take(self, request: Request) -> tuple[Answer, Fault | None]:
        """Keep a request and find its answer."""
        with self._lock:
            self.requests.append(request)
            number = self._seen[request.path] = self._seen.get(request.path, 0) + 1
        fault = next(
            (one for one in self.faults if fnmatchcase(request.path, one.path) and one.nth in {0, number}), None
        )
        if fault is None:
            return self._answer(request), None
        if fault.gate is not None:
            fault.gate.wait(30)
        self.stopping.wait(fault.delay)
        answer = self._answer(request) if fault.late or fault.answer is None else fault.answer
        return fault.answer or answer, fault

    def _answer(self, request: Request) -> Answer:
        for method, path, handler in reversed(self._routes):
            if method == request.method and fnmatchcase(request.path, path):
                return handler(request)
        return Answer(404, {"error": "not_found"})

    def start(self, port: int = 0) -> None:
        """Listen, on any free port by default."""
        self._http = _Listener(("127.0.0.1", port), _handler_of(self))
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Hang up."""
        assert self._http is not None
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Connection(BaseHTTPRequestHandler):
    """One connection; made for a server by `_handler_of`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    script: Server

    def handle_any(self) -> None:
        """Keep the request, and answer it."""
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, fault = self.script.take(Request(self.command, parts.path, parse_qs(parts.query), headers, body))
        self.deliver(answer, fault or Fault(""))

    def deliver(self, answer: Answer, fault: Fault) -> None:
        """Send an answer, disturbed as the fault says."""
        if fault.reset == "before":
            self.cut()
            return
        content = answer.content()
        named = {"Content-Type": "application/json", "Content-Length": str(len(content)), **answer.headers}
        self.send_response(answer.status)
        for name, value in named.items():
            self.send_header(name, value)
        if fault.drip_head:
            self.wfile.flush()
            self.pour(b"X-Slow: " + b"x" * 10_000, fault.drip_head)
        self.end_headers()
        if fault.reset:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            time.sleep(0.05)
            self.cut(hard=fault.reset == "mid")
            return
        if fault.drip:
            self.wfile.flush()
            self.pour(content, fault.drip)
        else:
            self.wfile.write(content)
        self.wfile.flush()

    def pour(self, content: bytes, seconds: float) -> None:
        """Send bytes one by one."""
        for at in range(len(content)):
            self.wfile.write(content[at : at + 1])
            self.wfile.flush()
            if self.script.stopping.wait(seconds):
                return

    def cut(self, *, hard: bool = True) -> None:
        """End the connection: `hard` with a reset, else politely."""
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *arguments: object) -> None:
        """What it was sent is kept in `requests`; nothing is printed."""


def _handler_of(server: Server) -> type[_Connection]:
    verbs = dict.fromkeys(("do_GET", "do_POST", "do_PUT", "do_PATCH", "do_DELETE"), _Connection.handle_any)
    return type("Connection", (_Connection,), {"script": server, **verbs})


@contextmanager
def serving(server: Server, port: int = 0) -> Iterator[Server]:
    """A server that listens for the length of the block."""
    server.start(port)
    try:
        yield server
    finally:
        server.stop()
