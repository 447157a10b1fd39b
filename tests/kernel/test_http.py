"""The door to HTTP, against a real server on loopback."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.http import ANSWER_LIMIT, HttpClient, request
from tests.support.serving import Answer, Server


def _get(server: Server, timeout: float = 5.0) -> bytes:
    return request("GET", server.url + "/x", timeout=timeout).body


def _fails(code: str, url: str, timeout: float = 30.0) -> SpecKittyError:
    with pytest.raises(SpecKittyError) as caught:
        request("POST", url, content=b"{}", timeout=timeout)
    assert caught.value.code == code, caught.value
    return caught.value


def test_an_answer_is_given_whatever_its_status(server: Server) -> None:
    server.fault("/x", answer=Answer(418, {"tea": True}, {"X-Kind": "Assam"}))
    found = request("POST", server.url + "/x", headers={"X-Mine": "1"}, content=b"leaves")
    assert (found.status, found.headers["x-kind"], found.body) == (418, "Assam", b'{"tea": true}')
    sent = server.requests[0]
    assert (sent.headers["x-mine"], sent.body) == ("1", b"leaves")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(server: Server, status: int) -> None:
    server.fault("/x", answer=Answer(status, b"", {"Location": server.url + "/elsewhere"}))
    assert request("POST", server.url + "/x").status == status
    assert [one.path for one in server.requests] == ["/x"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"delay": 5}, "SERVER_TIMEOUT"),
        ({"answer": Answer(200, "x" * 500), "drip": 0.05}, "SERVER_TIMEOUT"),
        ({"drip_head": 0.05}, "SERVER_TIMEOUT"),
        ({"reset": "before"}, "SERVER_RESET"),
        ({"reset": "mid", "answer": Answer(200, "x" * 500)}, "SERVER_RESET"),
        ({"reset": "close", "answer": Answer(200, "x" * 500)}, "ANSWER_BROKEN"),
        ({"answer": Answer(200, b"x" * (ANSWER_LIMIT + 1))}, "ANSWER_TOO_LARGE"),
        ({"answer": Answer(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"})}, "ANSWER_TOO_LARGE"),
        ({"answer": Answer(200, b"no gzip", {"Content-Encoding": "gzip"})}, "ANSWER_BROKEN"),
        ({"answer": Answer(200, gzip.compress(b"x")[:-4], {"Content-Encoding": "gzip"})}, "ANSWER_BROKEN"),
        ({"answer": Answer(200, b"x", {"Content-Encoding": "br"})}, "ANSWER_BROKEN"),
    ],
)
def test_what_goes_wrong_on_the_way_has_a_name_and_an_end(server: Server, fault: dict[str, Any], code: str) -> None:
    server.fault("/x", **fault)
    begun = time.monotonic()
    error = _fails(code, server.url + "/x", timeout=0.4 if code == "SERVER_TIMEOUT" else 10.0)
    assert time.monotonic() - begun < 3
    assert error.exit_code == 1
    assert error.hint


def test_an_answer_may_come_packed(server: Server) -> None:
    server.fault("/x", answer=Answer(200, gzip.compress(b"tea" * 1000), {"Content-Encoding": "gzip"}))
    assert _get(server) == b"tea" * 1000


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _fails("SERVER_UNREACHABLE", f"http://127.0.0.1:{free.getsockname()[1]}/x", timeout=5)


def test_a_server_that_speaks_no_tls_is_not_trusted(server: Server) -> None:
    _fails("TLS_FAILED", server.url.replace("http:", "https:") + "/x", timeout=5)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_certificate_must_be_one_that_the_user_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "certificate.pem"
    wish = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=kitty -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(["openssl", *wish.split(), "-keyout", made, "-out", tmp_path / "c"], check=True, capture_output=True)
    made.write_text(made.read_text(encoding="utf-8") + (tmp_path / "c").read_text(encoding="utf-8"), encoding="utf-8")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made)
    with _listening(b"HTTP/1.1 204 Fine\r\n\r\n", context) as port:
        _fails("TLS_FAILED", f"https://127.0.0.1:{port}/x")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "c"))
    with _listening(b"HTTP/1.1 204 Fine\r\n\r\n", context) as port:
        assert request("GET", f"https://127.0.0.1:{port}/x").status == 204


def test_a_handshake_that_never_ends_is_cut_at_the_deadline() -> None:
    with _listening(b"\x16\x03\x03", drip=True) as port:
        begun = time.monotonic()
        _fails("SERVER_TIMEOUT", f"https://127.0.0.1:{port}/x", timeout=0.5)
        assert time.monotonic() - begun < 3


def test_an_answer_that_is_no_http() -> None:
    with _listening(b"220 ftp ready\r\n\r\n") as port:
        _fails("ANSWER_BROKEN", f"http://127.0.0.1:{port}/x", timeout=5)


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://127.0.0.1/x", "https://ada:secret@example.com/x", "127.0.0.1/x", ""]
)
def test_only_https_is_spoken_and_http_with_this_machine_alone(url: str) -> None:
    assert "secret" not in _fails("SERVER_URL_INVALID", url).message


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "tea\x00", "café"])
def test_a_header_cannot_smuggle_another(server: Server, value: str) -> None:
    with pytest.raises(SpecKittyError) as caught:
        request("POST", server.url + "/x", headers={"Authorization": value})
    assert caught.value.code == "HEADER_INVALID"
    assert value not in caught.value.message
    assert server.requests == []


def test_netrc_is_not_read(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login ada password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    request("POST", server.url + "/x", headers={"Authorization": "Bearer mine"})
    _get(server)
    assert [one.headers.get("authorization") for one in server.requests] == ["Bearer mine", None]


def test_this_machine_is_not_reached_through_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    _get(server)
    assert len(server.requests) == 1


def test_others_are_reached_through_the_proxy_and_it_may_refuse(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _listening(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        _fails("PROXY_FAILED", "https://example.com/x", timeout=5)
    monkeypatch.setenv("https_proxy", "nonsense://")
    _fails("PROXY_FAILED", "https://example.com/x", timeout=5)


def test_a_connection_is_used_again_and_replaced_when_it_is_gone(server: Server) -> None:
    server.fault("/x", nth=3, answer=Answer(200, b"bye", {"Connection": "close"}))
    with HttpClient() as client:
        answers = [client.request("GET", server.url + "/x").status for _ in range(5)]
        assert answers == [404, 404, 200, 404, 404]
        server.fault("/slow", delay=5)
        with pytest.raises(SpecKittyError):
            client.request("GET", server.url + "/slow", timeout=0.2)
        assert client.request("GET", server.url + "/x").status == 404


@contextmanager
def _listening(answer: bytes, tls: ssl.SSLContext | None = None, *, drip: bool = False) -> Iterator[int]:
    """Somebody who answers every connection with some bytes, whatever it says; or with one byte now and then."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            plain, _ = listener.accept()
            with suppress(ssl.SSLError), tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                connection.recv(4096)
                for byte in answer if drip else ():
                    connection.sendall(bytes([byte]))
                    done.wait(0.3)
                if not drip:
                    connection.sendall(answer)
                done.wait(5)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join()
