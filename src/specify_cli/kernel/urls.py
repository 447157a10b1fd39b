"""Addresses of servers: what may be talked to, in one spelling. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+:[0-9a-f:.]*")
_PORTS = {"https": 443, "http": 80}


def server_url(text: str) -> str:
    """The address of a server in its one spelling: lower case host, no slash at the end, no port that goes without.

    Raises:
        Refused: `SERVER_URL_INVALID`: not https (http is for loopback only), without a host, or with a user name,
            password, query or fragment in it.
    """
    given = text.strip()
    try:
        parts = urlsplit(given)
        host, port = _host(parts), parts.port
    except ValueError as error:
        raise _invalid("it is no address of a server") from error
    if not _HOST.fullmatch(host) or re.search(r"[\s\\]", given) or not given.isprintable():
        raise _invalid("it names no host")
    if "@" in parts.netloc:
        raise _invalid("it holds a user name or password")
    if parts.query or parts.fragment:
        raise _invalid("it holds a query or a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        raise _invalid("only https is spoken, and http with this machine alone")
    name = f"[{host}]" if ":" in host else host
    where = name if port in {None, _PORTS[parts.scheme]} else f"{name}:{port}"
    return f"{parts.scheme}://{where}{parts.path.rstrip('/')}"


def origin_of(url: str) -> str:
    """The server that a URL leads to, without path and query; raises as `server_url`."""
    parts = urlsplit(server_url(url.partition("?")[0]))
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(url: str) -> bool:
    """Whether an address in its one spelling means this machine."""
    return bool(_LOOPBACK.fullmatch(urlsplit(url).hostname or ""))


def _host(parts: SplitResult) -> str:
    """The host in lower case; names in other scripts as they go over the wire, so that none can be mistaken."""
    host = parts.hostname or ""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _invalid(reason: str) -> Refused:
    # Not the address itself: it may hold a password.
    return Refused(
        f"this is no address to send anything to: {reason}",
        "SERVER_URL_INVALID",
        hint=spec_kitty("sync server", "https://example.com"),
    )
