"""The payload formats, by hand-made vectors of the specifications and by recordings of Chromium."""

from __future__ import annotations

import pytest
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from hubbub_rtp.decoder import Decoder
from hubbub_rtp.depacketizers import CODECS, depacketizer
from hubbub_rtp.receiver import Receiver
from support.rtp_captures import Capture


def parse(codec: str, payload: str) -> tuple[str, bool]:
    """The data, in hex, and whether it starts a key frame."""
    fragment = depacketizer(codec).parse(bytes.fromhex(payload))
    return fragment.data.hex(), fragment.starts_key_frame


@pytest.mark.parametrize(
    ("codec", "payload", "data", "key"),
    [
        ("opus", "fc01", "fc01", True),
        ("vp8", "10 00aa", "00aa", True),  # S, partition 0, key frame
        ("vp8", "10 01aa", "01aa", False),  # inter frame
        ("vp8", "11 00aa", "00aa", False),  # partition 1
        ("vp8", "90 80 8123 00aa", "00aa", True),  # 15-bit picture id
        ("vp8", "90 f0 12 05 60 00aa", "00aa", True),  # picture id, TL0PICIDX, TID, KEYIDX
        ("vp9", "08 aa", "aa", True),  # B, not inter
        ("vp9", "48 aa", "aa", False),  # inter
        ("vp9", "00 aa", "aa", False),  # not the first packet
        ("vp9", "a8 81 23 00 07 aa", "aa", True),  # 15-bit picture id, layer 0, TL0PICIDX
        ("vp9", "a8 05 02 07 aa", "aa", False),  # spatial layer 1 of a key picture
        ("vp9", "f8 05 00 03 02 aa", "aa", False),  # flexible, two references
        ("vp9", "0a 18 0140 00b4 01 04 05 aa", "aa", True),  # scalability structure: one size, one picture
        ("h264", "67 42", "00000001 6742", True),  # SPS
        ("h264", "65 42", "00000001 6542", False),  # an IDR alone
        ("h264", "78 0002 6742 0002 68aa", "00000001 6742 00000001 68aa", True),  # STAP-A with SPS first
        ("h264", "7c 85 aa", "00000001 65 aa", False),  # FU-A, start of an IDR
        ("h264", "7c 05 bb", "bb", False),  # FU-A, continued
        ("h264", "7c 87 aa", "00000001 67 aa", True),  # FU-A, start of an SPS
        ("av1", "18 0a01", "18 0a01", True),  # N, one element
        ("av1", "10 3201", "10 3201", False),
    ],
)
def test_a_payload_is_parsed(codec: str, payload: str, data: str, key: bool) -> None:
    assert parse(codec, payload) == (data.replace(" ", ""), key)


@pytest.mark.parametrize(
    ("codec", "payload"),
    [
        ("vp8", "80"),
        ("vp8", "90 80"),
        ("vp8", "10"),
        ("vp9", "80"),
        ("vp9", "08"),
        ("vp9", "50 03 03 03 aa"),  # four references
        ("vp9", "0a ff 00"),  # eight sizes in one octet
        ("h264", "67"),
        ("h264", "78 00"),
        ("h264", "78 00ff 67"),
        ("h264", "7d 00"),  # FU-B
        ("av1", "00"),
        ("av1", "20 ff"),  # an element of 127 octets or more
        ("av1", "20 01 aa"),  # one of two elements
        ("av1", "98 aa"),  # a new sequence that continues an OBU
    ],
)
def test_a_malformed_payload_is_refused(codec: str, payload: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(codec, payload)


def test_av1_obus_get_their_sizes_and_span_packets() -> None:
    first = "68 03 08bbcc 3001"  # Y, W = 2, N: a sequence header, and the start of a frame
    second = "90 02"  # Z, W = 1: its end
    joined = depacketizer("av1").join([bytes.fromhex(first), bytes.fromhex(second)])
    assert joined.hex(" ", 1) == "12 00 0a 02 bb cc 32 02 01 02"


@pytest.mark.parametrize(
    "packets", [["50 30"], ["90 01"], ["50 30", "10 30"]], ids=["unfinished", "headless", "no rest"]
)
def test_av1_obus_with_missing_fragments_are_refused(packets: list[str]) -> None:
    with pytest.raises(ValueError, match="AV1"):
        depacketizer("av1").join([bytes.fromhex(one) for one in packets])


def test_av1_delimiters_tile_lists_and_padding_are_removed() -> None:
    packets = ["30 01 10 01 78 30", "10 40"]  # a delimiter, padding and a frame; a tile list
    joined = depacketizer("av1").join([bytes.fromhex(one) for one in packets])
    assert joined.hex() == "1200" + "3200"


@pytest.mark.parametrize("codec", sorted(CODECS))
@given(payload=st.binary(min_size=1, max_size=64))
def test_arbitrary_payloads_are_parsed_or_refused(codec: str, payload: bytes) -> None:
    formatter = depacketizer(codec)
    try:
        fragment = formatter.parse(payload)
        formatter.join([fragment.data])
    except ValueError:
        pass


@pytest.mark.parametrize(
    ("name", "ssrc", "frames", "size"),
    [
        ("opus-audio", None, 401, None),
        ("vp8-simulcast3", 473982134, 12, (320, 180)),
        ("vp8-simulcast3", 246395, 12, (1280, 720)),
        ("h264-single", None, 16, (1280, 720)),
        ("vp9-svc-L3T3_KEY", None, 15, (1280, 720)),
        ("av1-L3T3", None, 12, (1280, 720)),
    ],
)
def test_recorded_streams_are_assembled_and_decoded(
    name: str, ssrc: int | None, frames: int, size: tuple[int, int] | None
) -> None:
    capture = Capture(name, ssrc)
    receiver, decoder = Receiver(capture.parameters), Decoder(capture.parameters.codec)
    assembled = [frame for at, packet in capture.packets for frame in receiver.add(packet, at)]
    assert (len(assembled), receiver.malformed) == (frames, 0)
    decoded = [one for frame in assembled for one in decoder.decode(frame)]
    assert len(decoded) == frames
    assert {(one.width, one.height) for one in decoded if isinstance(one, VideoFrame)} == ({size} if size else set())
