"""What an answer to a batch means, whatever a server says; what follows from it is in the table of hostile cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.http import HttpAnswer
from specify_cli.sync.answers import Category, Then, categorize_error, meaning, retry_after
from tests.support.outbox import id_of

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
SENT = [id_of(1), id_of(2), id_of(3)]


def answer(status: int, body: object = b"", **headers: str) -> HttpAnswer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status, {name.replace("_", "-"): value for name, value in headers.items()}, data)


def results(*entries: Mapping[str, object]) -> HttpAnswer:
    return answer(200, {"results": list(entries)})


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Missing required field: error_type", "schema_mismatch"),
        ("INVALID token", "schema_mismatch"),  # the first that fits, in the order of the contract
        ("Token expired", "auth_expired"),
        ("500 internal", "server_error"),
        ("timeout", "server_error"),
        ("no idea", "unknown"),
        ("", "unknown"),
    ],
)
def test_words_suggest_a_category(text: str, category: str) -> None:
    assert categorize_error(text) == category


@pytest.mark.parametrize(
    ("entry", "category"),
    [
        ({"error": "invalid", "error_code": "rate_limited"}, "rate_limited"),
        ({"error": "invalid", "error_category": "AUTH_EXPIRED"}, "auth_expired"),
        ({"error": "invalid", "code": "no such code"}, "schema_mismatch"),
        ({"error": "field", "error_code": 7}, "schema_mismatch"),
    ],
)
def test_a_code_tells_before_the_words_do(entry: dict[str, object], category: str) -> None:
    found = meaning(results({"event_id": SENT[0], "status": "rejected", **entry}), SENT, NOW)
    assert [one.error_category for one in found.results] == [category]


@pytest.mark.parametrize(
    ("status", "then", "category"),
    [
        (301, Then.STOP, Category.SERVER_ERROR),
        (401, Then.STOP, Category.AUTH_EXPIRED),
        (403, Then.STOP, Category.PERMISSION),
        (404, Then.STOP, Category.SERVER_ERROR),
        (407, Then.STOP, Category.SERVER_ERROR),
        (409, Then.STOP, Category.SERVER_ERROR),
        (412, Then.STOP, Category.PROTOCOL_SKEW),
        (413, Then.SMALLER, Category.TOO_LARGE),
        (415, Then.PLAIN, Category.PROTOCOL_SKEW),
        (418, Then.STOP, Category.SERVER_ERROR),
        (429, Then.WAIT, Category.RATE_LIMITED),
        (500, Then.WAIT, Category.SERVER_ERROR),
        (599, Then.WAIT, Category.SERVER_ERROR),
    ],
)
def test_trouble_that_is_no_event_s_own_judges_none(status: int, then: Then, category: Category) -> None:
    found = meaning(answer(status, {"error": "invalid token field"}), SENT, NOW)
    assert (found.then, found.category, found.results) == (then, category, ())


def test_the_guidance_of_the_server_is_kept() -> None:
    found = meaning(answer(412, {"error_code": "client-too-old", "message": "upgrade to 3.2"}), SENT, NOW)
    assert found.problem == "HTTP 412: upgrade to 3.2"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("2.5", 2.5),
        ("-5", 0.0),
        ("1e12", 30.0),
        ("inf", 30.0),
        ("nan", 5.0),
        ("soon", 5.0),
        ("", 5.0),
        ("Fri, 20 Nov 2026 17:00:10 GMT", 10.0),
        ("Fri, 20 Nov 2020 17:00:10 GMT", 0.0),
        ("Fri, 20 Nov 2099 17:00:10 GMT", 30.0),
        (None, None),
    ],
)
def test_a_wait_is_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.one_of(st.none(), st.text()))
def test_any_header_gives_a_wait_that_can_be_waited(header: str | None) -> None:
    found = retry_after(header, NOW)
    assert found is None or 0 <= found <= 30


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.sampled_from(SENT)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["results", "details", "event_id", "status", "error", "error_message", "reason", "code"]),
            st.one_of(inner, st.sampled_from([*SENT, "success", "duplicate", "rejected", "pending"])),
        ),
    ),
    max_leaves=20,
)


@given(st.one_of(st.integers(100, 599), st.sampled_from([200, 400, 413, 422])), st.one_of(JSON, st.binary()))
def test_no_answer_makes_it_stumble_or_judge_what_was_not_sent(status: int, body: object) -> None:
    for sent in (SENT, SENT[:1]):
        found = meaning(answer(status, body), sent, NOW)
        judged = [one.event_id for one in found.results]
        assert set(judged) <= set(sent)
        assert len(judged) == len(set(judged))
        # A run ends: what is to be sent again is always less than what was sent.
        assert found.then is not Then.AGAIN or 0 < len(judged) < len(sent)
        assert found.then not in {Then.SPLIT, Then.SMALLER} or len(sent) > 1
        assert found.then is not Then.NEXT or judged
        assert all(len(one.error or "") <= 1000 for one in found.results)
