from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused
from specify_cli.release.version import ReleaseChannel, parsed, propose_version, released

NUMBERS = st.integers(0, 99)
VERSIONS = st.builds(
    lambda x, y, z, pre: f"{x}.{y}.{z}{pre}",
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.one_of(st.just(""), st.builds(lambda letter, n: f"{letter}{n}", st.sampled_from("ab"), st.integers(1, 99))),
)


@pytest.mark.parametrize(
    ("current", "channel", "proposed"),
    [
        ("3.1.1", "stable", "3.1.2"),
        ("3.1.1", "alpha", "3.1.2a1"),
        ("3.1.1", "beta", "3.1.2b1"),
        ("3.1.1a3", "alpha", "3.1.1a4"),
        ("3.1.1a3", "beta", "3.1.1b1"),
        ("3.1.1a3", "stable", "3.1.1"),
        ("3.1.1b9", "beta", "3.1.1b10"),
        ("3.1.1b9", "stable", "3.1.1"),
    ],
)
def test_the_next_version_of_a_channel(current: str, channel: str, proposed: str) -> None:
    assert propose_version(current, ReleaseChannel(channel)) == proposed


def test_no_alpha_follows_a_beta() -> None:
    with pytest.raises(Refused) as refused:
        propose_version("3.1.1b2", ReleaseChannel.ALPHA)
    assert refused.value.code == "CHANNEL_BACKWARDS"


@pytest.mark.parametrize("text", ["", "3.1", "v3.1.1", "3.1.1rc1", "3.1.1.dev0", "3.1.1+local", "latest", "3.1.1\n"])
def test_another_text_is_no_version(text: str) -> None:
    with pytest.raises(Refused) as refused:
        propose_version(text, ReleaseChannel.STABLE)
    assert refused.value.code == "VERSION_INVALID"


@given(VERSIONS, st.sampled_from(ReleaseChannel))
def test_a_proposal_is_always_newer_and_of_its_channel(current: str, channel: ReleaseChannel) -> None:
    before = parsed(current)
    assert before is not None
    assume(not (channel is ReleaseChannel.ALPHA and before.pre and before.pre[0] == "b"))
    proposed = parsed(propose_version(current, channel))
    assert proposed is not None
    assert proposed > before
    assert (proposed.pre or ("",))[0] == {"alpha": "a", "beta": "b", "stable": ""}[channel.value]


def test_release_tags_are_told_from_others_and_ordered() -> None:
    assert list(released(["v2.10.0", "v2.9.0", "nightly", "2.10.0a1", "v3"])) == ["v2.9.0", "2.10.0a1", "v2.10.0"]
