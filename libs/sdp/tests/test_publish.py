"""Recorded offers of real publishers: their producers and their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hubbub_contracts.bus.transport import DtlsParameters, Fingerprint, IceCandidate, IceParameters
from hubbub_ortc import validate_rtp_parameters
from hubbub_ortc.types import RtpCapabilities
from hubbub_sdp import (
    AnswerSection,
    ServerTransport,
    UnsupportedSdp,
    answered_setup,
    dtls_parameters,
    parse_offer,
    publications,
    write_answer,
)
from hubbub_sdp.simulcast import lowest_first

SERVER = ServerTransport(
    IceParameters(username_fragment="ours", password="secret"),
    [
        IceCandidate(
            foundation="udp0", priority=2130706431, ip="192.0.2.1", address="192.0.2.1", protocol="udp", port=4000
        ),
        IceCandidate(
            foundation="tcp0",
            priority=1,
            ip="192.0.2.1",
            address="192.0.2.1",
            protocol="tcp",
            port=4000,
            tcp_type="passive",
        ),
    ],
    DtlsParameters(fingerprints=[Fingerprint(algorithm="sha-256", value="AB:CD")]),
    "active",
)
VP8_SIMULCAST = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 AB:CD
a=setup:actpass
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:13 urn:example:unknown
a=sendrecv
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:* transport-cc
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 x-unknown
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rid:h send
a=rid:m send max-width=640
a=rid:l send
a=simulcast:send h;m,x;~l
"""


def answer(text: str, router: RtpCapabilities) -> list[str]:
    """The lines of the answer."""
    offer = parse_offer(text)
    sections = [
        AnswerSection(each.section, "recvonly", each.codecs, each.extensions) for each in publications(offer, router)
    ]
    written = write_answer(offer, sections, SERVER, session_id=7)
    assert set(parse_offer(written).bundle) <= set(offer.bundle), "an answer is a session description too"
    assert written.endswith("\r\n")
    return written.split("\r\n")


def only(text: str, router: RtpCapabilities) -> dict[str, Any]:
    """The parameters of the only track."""
    [track] = publications(parse_offer(text), router)
    validate_rtp_parameters(track.rtp_parameters)
    return track.rtp_parameters


@pytest.mark.parametrize(("profile", "produced"), [("baseline", "42e00d"), ("main", "4d000d")])
def test_ffmpeg(offer: Callable[[str], str], router: RtpCapabilities, profile: str, produced: str) -> None:
    text = offer(f"ffmpeg-9-{profile}")
    audio, video = (each.rtp_parameters for each in publications(parse_offer(text), router))
    assert (audio["mid"], [each["mimeType"] for each in audio["codecs"]]) == ("0", ["audio/opus"])
    assert audio["codecs"][0]["channels"] == 2
    assert [(each["mimeType"], each["payloadType"]) for each in video["codecs"]] == [
        ("video/H264", 106),
        ("video/rtx", 105),
    ]
    assert video["codecs"][0]["parameters"]["profile-level-id"] == produced
    assert video["codecs"][1]["parameters"] == {"apt": 106}
    [encoding] = video["encodings"]
    assert encoding["rtx"]["ssrc"] == encoding["ssrc"] + 1
    assert video["rtcp"]["cname"] == "FFmpeg"
    parsed = parse_offer(text)
    assert (answered_setup(parsed), dtls_parameters(parsed).role) == ("active", "server")
    lines = answer(text, router)
    assert [line for line in lines if line.startswith("m=")] == [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=video 9 UDP/TLS/RTP/SAVPF 106 105",
    ]
    first = next(line for line in lines if line.startswith("a=candidate"))
    assert first == "a=candidate:udp0 1 udp 2130706431 192.0.2.1 4000 typ host"
    assert "a=candidate:tcp0 1 tcp 1 192.0.2.1 4000 typ host tcptype passive" in lines
    assert lines.count("a=ice-ufrag:ours") == 2


def test_aiortc(offer: Callable[[str], str], router: RtpCapabilities) -> None:
    audio, video = (each.rtp_parameters for each in publications(parse_offer(offer("aiortc-1.16")), router))
    assert [each["payloadType"] for each in (*audio["codecs"], *video["codecs"])] == [96, 97, 98]
    assert [each["id"] for each in video["headerExtensions"]] == [1, 3]
    assert {"type": "goog-remb", "parameter": ""} in video["codecs"][0]["rtcpFeedback"]
    assert len(dtls_parameters(parse_offer(offer("aiortc-1.16"))).fingerprints) == 3


def test_simulcast_by_rid(router: RtpCapabilities) -> None:
    parameters = only(VP8_SIMULCAST, router)
    assert [each["rid"] for each in parameters["encodings"]] == ["l", "m", "h"]
    assert [each["mimeType"] for each in parameters["codecs"]] == ["video/VP8", "video/rtx"]
    feedback = {(each["type"], each["parameter"]) for each in parameters["codecs"][0]["rtcpFeedback"]}
    assert feedback == {("nack", ""), ("nack", "pli"), ("transport-cc", "")}
    assert [each["id"] for each in parameters["headerExtensions"]] == [4, 10, 11, 3]
    lines = answer(VP8_SIMULCAST, router)
    assert {"a=rid:h recv", "a=simulcast:recv h;m;l", "a=extmap-allow-mixed", "a=recvonly"} <= set(lines)
    assert not any("unknown" in line for line in lines)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("VP8/", "VP7/"), "no codec in common, the offer has VP7"),
        (("a=sendrecv", "a=recvonly"), "must send"),
        (("a=rtcp-mux\n", ""), "rtcp-mux"),
        (("m=video", "m=text"), "only audio and video"),
        (("a=setup:actpass", "a=setup:holdconn"), "holdconn"),
        (("a=fingerprint:sha-256 AB:CD\n", ""), "fingerprint"),
        (("m=video 9", "m=video 0"), "no media"),
        (("a=rid", "a=x-rid"), None),
        (("a=rid", "a=x-rid", "a=extmap:4 ", "a=extmap:4/recvonly "), "neither a=ssrc nor the MID"),
    ],
)
def test_an_offer_that_cannot_be_served(router: RtpCapabilities, change: tuple[str, ...], reason: str | None) -> None:
    text = VP8_SIMULCAST
    for old, new in zip(change[::2], change[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)

    def serve() -> None:
        offer = parse_offer(text)
        publications(offer, router)
        dtls_parameters(offer)
        answered_setup(offer)

    if reason is None:
        serve()
    else:
        with pytest.raises(UnsupportedSdp, match=reason):
            serve()


def test_high_profile_is_named_in_the_reason(offer: Callable[[str], str], router: RtpCapabilities) -> None:
    with pytest.raises(UnsupportedSdp, match="profile-level-id=64000d"):
        publications(parse_offer(offer("ffmpeg-9-high")), router)


def test_sections_that_do_not_share_a_transport_are_refused(
    offer: Callable[[str], str], router: RtpCapabilities
) -> None:
    with pytest.raises(UnsupportedSdp, match="BUNDLE"):
        publications(parse_offer(offer("ffmpeg-9-main").replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0")), router)


def test_port_0_with_bundle_only_is_no_rejection(offer: Callable[[str], str], router: RtpCapabilities) -> None:
    text = offer("ffmpeg-9-main").replace("m=video 9", "m=video 0")
    assert len(publications(parse_offer(text), router)) == 1
    assert [line for line in answer(text, router) if line.startswith("m=video 0")]
    bundled = text.replace("a=mid:1", "a=mid:1\r\na=bundle-only")
    assert len(publications(parse_offer(bundled), router)) == 2


@pytest.mark.parametrize(
    ("rids", "expected"),
    [("q h f", "q h f"), ("f h q", "q h f"), ("h m l", "l m h"), ("0 1 2", "2 1 0"), ("r0 r1 r2", "r0 r1 r2")],
)
def test_the_order_of_encodings(rids: str, expected: str) -> None:
    assert lowest_first(rids.split()) == expected.split()
