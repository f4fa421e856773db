"""A recorded offer of a viewer: its slots."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubbub_ortc import validate_rtp_capabilities
from hubbub_ortc.types import RtpCapabilities
from hubbub_sdp import UnsupportedSdp, parse_offer, slots
from hubbub_sdp.watch import MAX_MID

NAME = "chromium-156-recvonly"


def test_a_slot_has_the_codecs_of_rooms_under_the_numbers_of_the_offer(
    offer: Callable[[str], str], router: RtpCapabilities
) -> None:
    audio, video = slots(parse_offer(offer(NAME)), router)
    assert [(each.section.mid, each.kind) for each in (audio, video)] == [("0", "audio"), ("1", "video")]
    assert [(each.name, each.payload_type) for each in audio.codecs] == [("opus", 111)]
    names = {each.payload_type: each.name for each in video.codecs}
    assert (names[96], names[97]) == ("VP8", "rtx")
    assert "red" not in names.values()
    assert {each.uri.rpartition(":")[2]: each.id for each in video.extensions if "mid" in each.uri} == {"mid": 4}
    for slot in (audio, video):
        validate_rtp_capabilities(slot.rtp_capabilities)
        assert {each["preferredId"] for each in slot.rtp_capabilities["headerExtensions"]} == {
            each.id for each in slot.extensions
        }


def test_a_section_that_cannot_receive_is_rejected(offer: Callable[[str], str], router: RtpCapabilities) -> None:
    text = offer(NAME)
    head, _, video = text.partition("m=video")
    long = "1" * (MAX_MID + 1)
    for changed in (
        head + "m=video" + video.replace("a=recvonly", "a=sendonly"),
        head + "m=text" + video,
        head.replace("BUNDLE 0 1", f"BUNDLE 0 {long}") + "m=video" + video.replace("a=mid:1", f"a=mid:{long}"),
    ):
        assert [slot.kind for slot in slots(parse_offer(changed), router)] == ["audio"]


def test_an_offer_that_receives_nothing_is_unsupported(offer: Callable[[str], str], router: RtpCapabilities) -> None:
    with pytest.raises(UnsupportedSdp, match="audio sendonly: opus"):
        slots(parse_offer(offer("ffmpeg-9-main")), router)
