"""Addresses of servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused
from specify_cli.kernel.urls import is_loopback, server_url


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" https://Example.COM:443/ ", "https://example.com"),
        ("https://example.com:8443/a/b//", "https://example.com:8443/a/b"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.1.2.3:80", "http://127.1.2.3"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://Käse.example", "https://xn--kse-qla.example"),
    ],
)
def test_an_address_has_one_spelling(text: str, found: str) -> None:
    assert server_url(text) == found
    assert server_url(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "https://", "https:///x", "example.com", "http://example.com", "http://127.evil.example", "ftp://localhost",
        "http://localhost.example", "https://a@b", "https://@b", "https://b/?q", "https://b/#f", "https://b:x", "https://[",
        "https://a b", "https://a\\b", "https://a\nb", "https://a/\udcff", "https://" + "ä" * 300,
        "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_server_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        server_url(text)
    assert caught.value.code == "SERVER_URL_INVALID"


@given(st.text())
def test_any_text_has_one_spelling_or_is_refused(text: str) -> None:
    for given_text in (text, f"https://{text}"):
        try:
            found = server_url(given_text)
        except Refused:
            continue
        assert server_url(found) == found
        assert found.startswith("https://") or is_loopback(found)
