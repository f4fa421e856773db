"""Any text gives a result or one of the library's errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hubbub_ortc.types import RtpCapabilities
from hubbub_sdp import (
    InvalidSdp,
    UnsupportedSdp,
    answered_setup,
    dtls_parameters,
    ice_ufrag,
    parse_fragment,
    parse_offer,
    publications,
)
from hubbub_sdp.lines import MAX_BYTES, MAX_LINE, MAX_SECTIONS

NAMES = ["mid", "rtpmap", "fmtp", "rtcp-fb", "extmap", "rid", "simulcast", "ssrc", "ssrc-group", "msid", "group"]
VALUES = st.sampled_from(
    [
        *("", "0", "96", "128", "-1", "96 VP8/90000", "96 H264/90000", "97 rtx/90000", "97 apt=96", "96 apt=96"),
        *(
            "96 profile-level-id=4200",
            "FID",
            "FID 1 2",
            "FID 1 1",
            "BUNDLE",
            "BUNDLE 0 0",
            "send",
            "q send",
            "send q;q",
        ),
        *("1 urn:ietf:params:rtp-hdrext:sdes:mid", "0 x", "4294967296 cname:x", "1 cname:x", "9" * 50, "\u0663"),
    ]
)
ATTRIBUTE = st.builds("a={}:{}".format, st.sampled_from(NAMES), VALUES | st.text(max_size=12))
MEDIA = st.builds(
    "m={} {} UDP/TLS/RTP/SAVPF {}".format,
    st.sampled_from(["audio", "video", "application"]),
    st.sampled_from(["9", "0", "x"]),
    st.sampled_from(["96", "96 97", "0", "", "\u0663", "999"]),
)
LINE = MEDIA | ATTRIBUTE | st.text(max_size=20)


def use(text: str, router: RtpCapabilities) -> None:
    """Parses an offer and uses the result as a whole."""
    with contextlib.suppress(InvalidSdp, UnsupportedSdp):
        offer = parse_offer(text)
        publications(offer, router)
        answered_setup(offer)
        dtls_parameters(offer)
        ice_ufrag(offer)


@given(lines=st.lists(LINE, max_size=20))
@example(lines=["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtcp-mux", "a=ssrc-group:", "a=group:"])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_lines(lines: list[str], router: RtpCapabilities) -> None:
    use("\r\n".join(["v=0", *lines, ""]), router)
    with contextlib.suppress(InvalidSdp):
        parse_fragment("\n".join(lines))


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_lines_of_a_real_offer(
    data: st.DataObject, offer: Callable[[str], str], router: RtpCapabilities
) -> None:
    lines = offer("ffmpeg-9-baseline").split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(1, len(lines) - 1))
        lines[at : at + data.draw(st.integers(0, 2))] = data.draw(st.lists(LINE, max_size=2))
    use("\r\n".join(lines), router)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1"),
        ("v=1\r\n", "line 1"),
        ("v=0\r\ns=-\r\n", "no media section"),
        ("v=0\r\nhello\r\n", "line 2"),
        ("v=0\r\na=x\0\r\n", "line 2"),
        ("v=0\r\na=" + "x" * MAX_LINE + "\r\n", "line 2"),
        ("v=0\r\n" + "a=x\r\n" * 2_001, "lines"),
        ("v=0\r\n" + "é" * MAX_BYTES, "bytes"),
        ("v=0\r\n" + "m=audio 9 RTP/AVP 0\r\n" * (MAX_SECTIONS + 1), "media sections"),
        ("v=0\r\nm=audio 9 RTP/AVP 0\r\na=mid:1\r\nm=audio 9 RTP/AVP 0\r\n", "same mid"),
        ("v=0\r\na=group:BUNDLE a\r\nm=audio 9 RTP/AVP 0\r\n", "BUNDLE"),
        ("v=0\r\nm=audio 9 RTP/AVP 0\r\na=setup:both\r\n", "a=setup"),
    ],
)
def test_malformed_text_is_refused_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(InvalidSdp, match=reason):
        parse_offer(text)
