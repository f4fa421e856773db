"""Packets in any order to frames in order: reordering, loss, duplicates, wrap, hostile payloads, bounds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub_rtp import EncodedFrame
from hubbub_rtp.depacketizers import CODECS
from hubbub_rtp.frame_assembler import MAX_BYTES, MAX_PACKETS, FrameAssembler

WAIT = 0.4
KEY, INTER = b"\x10\x00", b"\x10\x01"
"""VP8 payloads that start a frame: the descriptor with the S bit, and the first octet of the frame."""
MORE = b"\x00"
"""The descriptor of a VP8 payload that continues a frame."""


class Stream:
    """A VP8 stream. A packet is written as its number in the stream, its frame and its payload."""

    def __init__(self) -> None:
        self.assembler = FrameAssembler("vp8", 90_000, is_audio=False, max_wait=WAIT)
        self.now = 0.0

    def add(self, sequence: int, frame: int, payload: bytes, *, last: bool = True) -> list[bytes]:
        return _data(self.assembler.add(sequence, frame * 3000, marker=last, payload=payload, now=self.now))

    def wait(self, seconds: float) -> list[bytes]:
        self.now += seconds
        return _data(self.assembler.poll(self.now))


def _data(frames: list[EncodedFrame]) -> list[bytes]:
    return [one.data for one in frames]


def test_a_frame_is_returned_with_its_last_packet() -> None:
    stream = Stream()
    assert stream.add(1, 0, KEY + b"a", last=False) == []
    assert stream.add(2, 0, MORE + b"b", last=False) == []
    assert stream.add(3, 0, MORE + b"c") == [b"\x00abc"]
    assert stream.add(4, 1, INTER + b"d") == [b"\x01d"]


def test_packets_of_a_frame_may_arrive_in_any_order() -> None:
    stream = Stream()
    assert stream.add(3, 0, MORE + b"c") == []
    assert stream.add(2, 0, MORE + b"b", last=False) == []
    assert stream.add(1, 0, KEY + b"a", last=False) == [b"\x00abc"]


def test_frames_wait_for_an_earlier_packet_and_come_in_order() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    assert stream.add(3, 2, INTER + b"2") == []
    assert stream.add(4, 3, INTER + b"3") == []
    assert stream.add(2, 1, INTER + b"1") == [b"\x011", b"\x012", b"\x013"]
    assert not stream.assembler.is_waiting


def test_duplicates_and_late_packets_change_nothing() -> None:
    stream = Stream()
    assert stream.add(1, 0, KEY + b"a", last=False) == []
    assert stream.add(1, 0, KEY + b"x", last=False) == []
    assert stream.add(2, 0, MORE + b"b") == [b"\x00ab"]
    assert stream.add(2, 0, MORE + b"b") == []
    assert stream.add(1, 0, KEY + b"a", last=False) == []
    assert stream.add(3, 1, INTER + b"c") == [b"\x01c"]


def test_after_the_wait_video_continues_with_the_next_key_frame() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    stream.add(3, 2, INTER)
    assert stream.wait(WAIT - 0.01) == []
    assert stream.add(1, 0, KEY) == []
    assert stream.wait(0.02) == []
    assert stream.assembler.needs_key_frame
    assert stream.add(4, 3, INTER) == []
    (frame,) = stream.assembler.add(5, 4 * 3000, marker=True, payload=KEY, now=stream.now)
    assert (frame.key_frame, frame.discontinuous) == (True, True)
    (frame,) = stream.assembler.add(6, 5 * 3000, marker=True, payload=INTER, now=stream.now)
    assert (frame.key_frame, frame.discontinuous) == (False, False)


def test_a_complete_key_frame_behind_a_gap_ends_the_wait() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    assert stream.add(3, 2, INTER) == []
    assert stream.add(5, 3, MORE + b"b") == []
    assert stream.add(4, 3, KEY + b"a", last=False) == [b"\x00ab"]
    assert stream.add(2, 1, INTER) == []
    assert not stream.assembler.is_waiting


def test_an_incomplete_key_frame_behind_a_gap_is_kept_when_the_wait_expires() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    assert stream.add(3, 2, KEY + b"a", last=False) == []
    assert stream.wait(WAIT) == []
    assert not stream.assembler.needs_key_frame
    assert stream.add(4, 2, MORE + b"b") == [b"\x00ab"]


def test_a_gap_inside_a_key_frame_is_given_up() -> None:
    stream = Stream()
    assert stream.add(1, 0, KEY + b"a", last=False) == []
    assert stream.add(3, 0, MORE + b"c") == []
    assert stream.wait(WAIT) == []
    assert stream.assembler.needs_key_frame


def test_each_gap_has_its_own_wait() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    stream.add(3, 2, INTER)
    stream.wait(WAIT / 2)
    stream.add(5, 4, INTER)
    assert stream.add(2, 1, INTER) == [b"\x01", b"\x01"]
    assert stream.wait(WAIT - 0.01) == []
    assert not stream.assembler.needs_key_frame
    stream.wait(0.02)
    assert stream.assembler.needs_key_frame


def test_a_frame_without_a_marker_ends_at_the_next_timestamp() -> None:
    stream = Stream()
    assert stream.add(1, 0, KEY, last=False) == []
    assert stream.add(2, 1, INTER, last=True) == [b"\x00", b"\x01"]


def test_padding_between_and_inside_frames_is_ignored() -> None:
    stream = Stream()
    assert stream.add(1, 0, KEY + b"a", last=False) == []
    assert stream.add(2, 0, b"", last=False) == []
    assert stream.add(3, 0, MORE + b"b") == [b"\x00ab"]
    assert stream.add(4, 0, b"", last=False) == []
    assert stream.add(5, 1, INTER) == [b"\x01"]


def test_a_malformed_packet_is_a_lost_packet() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    assert stream.add(2, 1, b"\x80") == []
    assert stream.assembler.malformed == 1
    assert stream.add(3, 2, INTER) == []
    stream.wait(WAIT)
    assert stream.assembler.needs_key_frame


def test_audio_is_returned_at_once_and_continues_behind_a_gap() -> None:
    assembler = FrameAssembler("opus", 48_000, is_audio=True, max_wait=0.06)

    def add(sequence: int, now: float) -> list[bytes]:
        payload = b"%d" % sequence
        return _data(assembler.add(sequence, sequence * 960, marker=False, payload=payload, now=now))

    assert add(1, 0.0) == [b"1"]
    assert add(3, 0.04) == []
    assert add(4, 0.06) == []
    assert assembler.poll(0.09) == []
    frames = assembler.poll(0.1)
    assert [(one.data, one.discontinuous) for one in frames] == [(b"3", True), (b"4", False)]
    assert add(2, 0.11) == []
    assert add(5, 0.12) == [b"5"]
    assert not assembler.needs_key_frame


def test_a_jump_of_the_numbers_starts_again() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    assert stream.add(MAX_PACKETS + 10, 1, INTER) == []
    assert stream.assembler.needs_key_frame
    assert stream.add(MAX_PACKETS + 11, 2, KEY) == [b"\x00"]


def test_the_buffer_is_bounded() -> None:
    stream = Stream()
    stream.add(1, 0, KEY)
    largest = 0
    for sequence in range(3, 3 + MAX_BYTES // 1000):
        stream.add(sequence, 1, MORE + bytes(4000), last=False)
        assembler = stream.assembler
        largest = max(largest, assembler._bytes)
        assert len(assembler._packets) <= MAX_PACKETS
    assert MAX_BYTES // 2 < largest <= MAX_BYTES


def test_packets_before_a_key_frame_are_bounded_too() -> None:
    stream = Stream()
    for sequence in range(1, 5000):
        stream.add(sequence, sequence, INTER + bytes(10))
    assert len(stream.assembler._packets) <= 512
    assert stream.add(5000, 5000, KEY) == [b"\x00"]
    assert stream.assembler._bytes == 0


@pytest.mark.parametrize("codec", sorted(CODECS))
@given(seed=st.integers(0, 2**32))
def test_no_input_breaks_it(codec: str, seed: int) -> None:
    generator = random.Random(seed)
    assembler = FrameAssembler(codec, 90_000, is_audio=codec == "opus", max_wait=WAIT)
    for step in range(300):
        payload = generator.randbytes(generator.choice((0, 1, 2, 3, 8, 40)))
        assembler.add(
            1000 + generator.randrange(step + 20),
            generator.randrange(8) * 3000,
            marker=generator.random() < 0.5,
            payload=payload,
            now=step * 0.01,
        )
        if generator.random() < 0.1:
            assembler.poll(step * 0.01)
        held = sum(len(one.data) for one in assembler._packets.values())
        assert assembler._bytes == held
    for _ in range(400):
        assembler.poll(1e9)
    assert not assembler.is_waiting
