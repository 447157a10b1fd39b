"""The only door to HTTP: one connection, one deadline, a bounded answer, and nothing that leads elsewhere.

Redirects are answers like any other, proxies come from the environment (never for this machine itself), `.netrc` is
not read, and anything but https is spoken with loopback only.
"""

from __future__ import annotations

import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import httpx

from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused, Unavailable
from specify_cli.kernel.urls import is_loopback, origin_of
from specify_cli.kernel.values import frozen

ANSWER_LIMIT = 4 * 1024 * 1024


@frozen
class HttpAnswer:
    """What a server answered, whatever its status.

    Args:
        headers: by name in lower case.
        body: decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Requests that share one connection where the server keeps it open; a context manager, for one thread."""

    def __init__(self) -> None:
        self._clients: dict[str, httpx.Client] = {}
        self._late = threading.Event()
        self._line: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._hold(None)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: float = 30.0,
        limit: int = ANSWER_LIMIT,
    ) -> HttpAnswer:
        """Send one request and read its whole answer.

        Args:
            url: https, or http to loopback.
            timeout: seconds for all of it, from the connection to the last byte of the answer.
            limit: greatest size of the answer in bytes, decompressed.

        Raises:
            Refused: the address (`SERVER_URL_INVALID`) or a header (`HEADER_INVALID`) is not fit to be sent.
            Unavailable: `SERVER_TIMEOUT`, `SERVER_UNREACHABLE`, `SERVER_RESET`, `TLS_FAILED`, `PROXY_FAILED`,
                `ANSWER_BROKEN` or `ANSWER_TOO_LARGE`.
        """
        where = origin_of(url)
        sent = {"Accept-Encoding": "gzip", **(headers or {})}
        for name, value in sent.items():
            if not (value.isascii() and value.isprintable()):
                raise _refused(name)
        with _explained(where, timeout, self._late), self._within(timeout):
            client = self._client(where)
            request = client.build_request(
                method, url, headers=sent, content=content, timeout=timeout, extensions={"trace": self._trace}
            )
            response = client.send(request, stream=True)
            try:
                found = {name.lower(): value for name, value in response.headers.items()}
                body = _whole(response.iter_raw(), found.get("content-encoding", ""), limit)
            finally:
                response.close()
            if self._late.is_set():
                raise httpx.ReadTimeout("")
            return HttpAnswer(response.status_code, found, body)

    def _client(self, where: str) -> httpx.Client:
        """The client for a server: this machine is reached without a proxy, and only https needs certificates."""
        try:
            if where not in self._clients:
                trust = httpx.create_ssl_context() if where.startswith("https:") else False
                self._clients[where] = httpx.Client(trust_env=not is_loopback(where), verify=trust)
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise httpx.ProxyError(str(error)) from error  # the variables of the environment name no proxy
        return self._clients[where]

    @contextmanager
    def _within(self, timeout: float) -> Iterator[None]:
        """Cut the connection when time is up: the limits of single reads do not stop a server that drips."""
        self._late.clear()
        timer = threading.Timer(timeout, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # one that has just gone off must not cut the next request

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            # A second handle on the same connection, valid through the TLS handshake too.
            self._hold(info["return_value"].get_extra_info("socket").dup())
            if self._late.is_set():
                self._cut()

    def _hold(self, line: socket.socket | None) -> None:
        if self._line is not None:
            self._line.close()
        self._line = line

    def _cut(self) -> None:
        self._late.set()
        with suppress(OSError):
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    timeout: float = 30.0,
) -> HttpAnswer:
    """One request on a connection of its own; see `HttpClient.request`."""
    with HttpClient() as client:
        return client.request(method, url, headers=headers, content=content, timeout=timeout)


def _whole(chunks: Iterator[bytes], encoding: str, limit: int) -> bytes:
    """All of a body, decompressed.

    Raises:
        Unavailable: it is too large.
        ValueError: it is packed in another way than gzip, or broken.
    """
    if encoding.lower() not in {"", "identity", "gzip"}:
        raise ValueError(f"it is packed as {encoding!r}")
    packed = zlib.decompressobj(wbits=31) if encoding.lower() == "gzip" else None
    body = bytearray()
    for chunk in chunks:
        body += chunk if packed is None else packed.decompress(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise Unavailable(f"the answer of the server is larger than {limit} bytes", "ANSWER_TOO_LARGE", hint=_HINT)
    if packed is not None and body and not packed.eof:
        raise ValueError("it breaks off")
    return bytes(body)


_HINT = spec_kitty("sync status", "--check")


@contextmanager
def _explained(where: str, timeout: float, late: threading.Event) -> Iterator[None]:
    """What can go wrong on the way, as errors of ours; the address is shown, what was sent is not."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, zlib.error) as error:
        code, said = _reason(error, timeout, late=late.is_set())
        raise Unavailable(f"{where} {said}", code, hint=_HINT, details={"server": where, "retryable": True}) from error


def _reason(error: Exception, timeout: float, *, late: bool) -> tuple[str, str]:
    causes = _causes(error)
    if late or isinstance(error, httpx.TimeoutException):
        return "SERVER_TIMEOUT", f"did not answer within {timeout:g} s"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "TLS_FAILED", f"cannot be trusted: {causes[-1]}"
    if isinstance(error, httpx.ProxyError):
        return "PROXY_FAILED", f"cannot be reached through the proxy of this environment: {error}"
    if isinstance(error, httpx.ConnectError):
        return "SERVER_UNREACHABLE", f"cannot be reached: {causes[-1]}"
    if isinstance(error, httpx.NetworkError | OSError):
        return "SERVER_RESET", "broke the connection off"
    return "ANSWER_BROKEN", f"gave an answer that cannot be read: {error}"


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what it was raised from, the first cause last."""
    chain = [error]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(deeper)
    return chain


def _refused(header: str) -> Refused:
    return Refused(
        f"the header {header} holds characters that cannot be sent",
        "HEADER_INVALID",
        hint=spec_kitty("auth login", "--force"),
    )
