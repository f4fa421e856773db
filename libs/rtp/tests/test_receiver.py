"""A receiver with recorded streams: loss, retransmission, reordering, wrap, feedback and reports."""

from __future__ import annotations

import dataclasses
import random
import struct
from itertools import pairwise
from typing import Any

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket

from hubbub_rtp import EncodedFrame, InvalidRtpParameters, UnsupportedCodec, rtcp
from hubbub_rtp.receiver import (
    MAX_WAIT_VIDEO,
    PICTURE_LOSS_INTERVAL,
    SILENCE,
    ReceivePolicy,
    Receiver,
    StreamParameters,
)
from hubbub_rtp.rtp_packet import RtpPacket
from support.rtp_captures import Capture

OWN = 7
ROUND_TRIP = 0.1
VIDEO = Capture("vp8-simulcast3", 246395)
AUDIO = Capture("opus-audio")


def with_rtx(capture: Capture) -> StreamParameters:
    """The capture's parameters with retransmissions."""
    return dataclasses.replace(capture.parameters, rtx_ssrc=99, rtx_payload_type=120, nack=True)


def rtx_of(packet: RtpPacket, sequence: int) -> RtpPacket:
    """The retransmission of a packet (RFC 4588)."""
    payload = struct.pack("!H", packet.sequence) + packet.payload
    return dataclasses.replace(packet, ssrc=99, payload_type=120, sequence=sequence, payload=payload)


def renumbered(packets: list[tuple[float, RtpPacket]], first: int, timestamp: int) -> list[tuple[float, RtpPacket]]:
    """The packets with numbers that start here, and wrap."""
    origin = packets[0][1]
    return [
        (
            at,
            dataclasses.replace(
                one,
                sequence=(one.sequence - origin.sequence + first) & 0xFFFF,
                timestamp=(one.timestamp - origin.timestamp + timestamp) & 0xFFFFFFFF,
            ),
        )
        for at, one in packets
    ]


def feed(receiver: Receiver, packets: list[tuple[float, RtpPacket]]) -> list[EncodedFrame]:
    """The frames of the packets."""
    return [frame for at, packet in packets for frame in receiver.add(packet, at)]


PACKETS = VIDEO.media[5:]
"""From the second key frame on: if it were in the middle, it would end every wait for an earlier packet."""
COMPLETE = feed(Receiver(VIDEO.parameters), PACKETS)


def test_numbers_and_timestamps_wrap() -> None:
    receiver = Receiver(VIDEO.parameters)
    frames = feed(receiver, renumbered(PACKETS, 65_530, (1 << 32) - 5_000))
    assert [one.data for one in frames] == [one.data for one in COMPLETE]
    steps = [later.timestamp - earlier.timestamp for earlier, later in pairwise(frames)]
    assert steps == [b.timestamp - a.timestamp for a, b in pairwise(COMPLETE)]


@pytest.mark.parametrize("seed", range(5))
def test_reordered_and_repeated_packets_make_the_same_frames(seed: int) -> None:
    generator = random.Random(seed)
    doubled = [one for one in PACKETS for _ in range(2)]
    order = sorted(range(len(doubled)), key=lambda index: index + generator.uniform(0, 12))
    frames = feed(Receiver(VIDEO.parameters), [doubled[index] for index in order])
    assert [one.data for one in frames] == [one.data for one in COMPLETE]


@pytest.mark.parametrize("seed", range(5))
def test_retransmissions_repair_every_loss(seed: int) -> None:
    generator = random.Random(seed)
    receiver = Receiver(with_rtx(VIDEO))
    by_number = {one.sequence: one for _, one in PACKETS}
    frames: list[EncodedFrame] = []
    repeated = 0
    for index, (at, packet) in enumerate(PACKETS):
        if index == 0 or index == len(PACKETS) - 1 or generator.random() > 0.4:
            frames += receiver.add(packet, at)
        for sent in receiver.feedback(OWN, at, ROUND_TRIP):
            for one in RtcpPacket.parse(sent):
                assert isinstance(one, RtcpRtpfbPacket)
                for number in one.lost:
                    repeated += 1
                    frames += receiver.add(rtx_of(by_number[number], repeated), at)
    assert repeated > 0
    assert [one.data for one in frames] == [one.data for one in COMPLETE]
    assert not any(one.discontinuous for one in frames)


def test_a_loss_that_is_not_repaired_leads_to_one_key_frame_request_per_interval() -> None:
    receiver = Receiver(VIDEO.parameters)
    lost = len(PACKETS) - 2
    feed(receiver, [*PACKETS[:lost], *PACKETS[lost + 1 :]])
    now = PACKETS[-1][0] + MAX_WAIT_VIDEO
    assert [type(one) for one in sent_by(receiver, now - 0.01)] == [RtcpRtpfbPacket]
    assert receiver.poll(now) == []
    (request,) = sent_by(receiver, now)
    assert isinstance(request, RtcpPsfbPacket)
    assert request.media_ssrc == VIDEO.parameters.ssrc
    assert sent_by(receiver, now + PICTURE_LOSS_INTERVAL / 2) == []
    assert [type(one) for one in sent_by(receiver, now + PICTURE_LOSS_INTERVAL)] == [RtcpPsfbPacket]


def sent_by(receiver: Receiver, now: float) -> list[Any]:
    """The feedback that is due."""
    return [one for sent in receiver.feedback(OWN, now, ROUND_TRIP) for one in RtcpPacket.parse(sent)]


def test_the_reader_requests_a_key_frame_once() -> None:
    receiver = Receiver(VIDEO.parameters)
    feed(receiver, PACKETS)
    now = PACKETS[-1][0]
    assert sent_by(receiver, now) == []
    receiver.request_key_frame()
    assert [type(one) for one in sent_by(receiver, now)] == [RtcpPsfbPacket]
    assert sent_by(receiver, now + 10) == []


def test_padding_probes_on_the_retransmission_stream_are_ignored() -> None:
    receiver = Receiver(with_rtx(VIDEO))
    _, first = PACKETS[0]
    probe = dataclasses.replace(first, ssrc=99, payload_type=120, payload=b"")
    assert receiver.add(probe, 0.0) == []
    assert receiver.add(rtx_of(first, 1), 0.0) == []
    assert receiver.packets == 0
    assert sent_by(receiver, 0.0) == []


def test_other_payload_types_and_streams_are_ignored() -> None:
    receiver = Receiver(VIDEO.parameters)
    _, first = PACKETS[0]
    receiver.add(dataclasses.replace(first, payload_type=1), 0.0)
    receiver.add(dataclasses.replace(first, ssrc=1), 0.0)
    assert receiver.packets == 0


def test_the_report_counts_loss_and_names_the_sender_report() -> None:
    receiver = Receiver(AUDIO.parameters)
    assert receiver.report(0.0) is None
    packets = renumbered(AUDIO.media[:200], 65_500, 0)
    feed(receiver, [one for index, one in enumerate(packets) if index % 10 != 5])
    receiver.sender_report(0x1234_5678_9ABC_DEF0, now=5.0)
    report = receiver.report(now=5.5)
    assert report is not None
    assert (report.ssrc, report.packets_lost, report.fraction_lost) == (AUDIO.parameters.ssrc, 20, 25)
    assert report.highest_sequence & 0xFFFF == (65_500 + 199) & 0xFFFF
    assert (report.lsr, report.dlsr) == (0x5678_9ABC, 32_768)
    again = receiver.report(now=6.0)
    assert again is not None
    assert (again.packets_lost, again.fraction_lost) == (20, 0)


def test_nacks_are_packed_across_the_wrap() -> None:
    first = 0x1_FFFE
    (parsed,) = RtcpPacket.parse(rtcp.nack(OWN, 8, [first, first + 1, first + 2, first + 16, first + 17, first + 100]))
    assert isinstance(parsed, RtcpRtpfbPacket)
    assert [one & 0xFFFF for one in parsed.lost] == [0xFFFE, 0xFFFF, 0, 14, 15, 98]


def test_a_key_frame_is_requested_when_there_was_none_for_the_interval() -> None:
    receiver = Receiver(VIDEO.parameters, ReceivePolicy(key_frame_interval=4.0, picture_loss_interval=1.0))
    start, packet = VIDEO.media[0]
    feed(receiver, VIDEO.media[:6])
    assert receiver.feedback(OWN, start, ROUND_TRIP) == []
    later = dataclasses.replace(packet, sequence=VIDEO.media[5][1].sequence)
    receiver.add(later, start + 4.1)
    assert receiver.feedback(OWN, start + 3.9, ROUND_TRIP) == []
    assert len(receiver.feedback(OWN, start + 4.2, ROUND_TRIP)) == 1
    assert receiver.feedback(OWN, start + 5.0, ROUND_TRIP) == [], "not more often than the interval"
    assert receiver.feedback(OWN, start + 4.1 + 2 * SILENCE, ROUND_TRIP) == [], "the sender is paused"


CONSUMER: dict[str, Any] = {
    "codecs": [
        {"mimeType": "video/VP8", "payloadType": 101, "clockRate": 90_000, "rtcpFeedback": [{"type": "nack"}]},
        {"mimeType": "video/rtx", "payloadType": 102, "clockRate": 90_000, "parameters": {"apt": 101}},
    ],
    "encodings": [{"ssrc": 5, "rtx": {"ssrc": 6}}],
}


def test_parameters_are_read_from_a_consumer() -> None:
    assert StreamParameters.of(CONSUMER) == StreamParameters(5, 101, "vp8", 90_000, False, True, 6, 102, None)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"codecs": []}, InvalidRtpParameters),
        ({"encodings": []}, InvalidRtpParameters),
        ({"encodings": [{"rtx": 1}]}, InvalidRtpParameters),
        ({"codecs": [{"mimeType": "video/H265", "payloadType": 1, "clockRate": 90_000}]}, UnsupportedCodec),
    ],
)
def test_parameters_that_cannot_be_used_are_refused(changed: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        StreamParameters.of({**CONSUMER, **changed})
