"""Files of recorded streams of all codecs: complete, after a kill, and on a full disk."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import av
import pytest

from hubbub_recorder.adapters.track_file import TimedPacket, complete, suffix_of
from hubbub_recorder.adapters.writer_process import Close, Closed, Failed, Open, Repair, Write, Writer
from hubbub_recorder.domain.sps import sequence_parameter_set
from hubbub_rtp import EncodedFrame, Receiver
from support.rtp_captures import Capture

CAPTURES = {
    "opus": ("opus-audio", None),
    "vp8": ("vp8-simulcast3", 246395),
    "vp9": ("vp9-svc-L3T3_KEY", None),
    "av1": ("av1-L3T3", None),
    "h264": ("h264-single", None),
}


def frames_of(codec: str) -> list[EncodedFrame]:
    capture = Capture(*CAPTURES[codec])
    receiver = Receiver(capture.parameters)
    return [frame for at, packet in capture.media for frame in receiver.add(packet, at)]


def packets_of(frames: list[EncodedFrame]) -> list[TimedPacket]:
    first = frames[0]
    return [
        TimedPacket((one.timestamp - first.timestamp) * 1000 // one.clock_rate, one.key_frame, one.data)
        for one in frames
    ]


def write(path: Path, codec: str, frames: list[EncodedFrame]) -> Writer:
    writer = Writer()
    assert writer.carry_out(Open(1, path, codec, frames[0].data)) is None
    assert writer.carry_out(Write(1, packets_of(frames))) is None
    return writer


def decoded(path: Path) -> list[Any]:
    with av.open(path) as file:
        return list(file.decode(file.streams[0]))


@pytest.mark.parametrize("codec", CAPTURES)
def test_a_track_of_every_codec_is_decoded_with_its_times(tmp_path: Path, codec: str) -> None:
    frames, path = frames_of(codec), tmp_path / f"track{suffix_of(codec)}"
    answer = write(path, codec, frames).carry_out(Close(1))
    times = [packet.at for packet in packets_of(frames)]
    assert isinstance(answer, Closed)
    assert answer.duration is not None
    assert answer.duration >= times[-1]
    assert answer.bytes == path.stat().st_size
    with av.open(path) as file:
        assert file.duration is not None
        packets = [packet for packet in file.demux(file.streams[0]) if packet.dts is not None]
        assert [round(packet.pts * packet.time_base * 1000) for packet in packets] == times  # type: ignore[operator]
    shown = decoded(path)
    assert len(shown) == len(frames)
    if codec != "opus":
        assert shown[-1].width >= 320
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("codec", CAPTURES)
def test_a_file_of_a_killed_writer_is_repaired_and_lacks_less_than_a_second(tmp_path: Path, codec: str) -> None:
    frames = frames_of(codec)
    repeated = longer_than(2_000, packets_of(frames))
    path, killed = tmp_path / f"track{suffix_of(codec)}", tmp_path / f"killed{suffix_of(codec)}"
    writer = Writer()
    writer.carry_out(Open(1, path, codec, frames[0].data))
    writer.carry_out(Write(1, repeated))
    killed.write_bytes(path.read_bytes())  # what a kill leaves: nothing of the writer's memory
    writer.abandon()
    with av.open(killed) as file:
        assert file.duration is None, "it is not complete"
    answer = Writer().carry_out(Repair(2, killed))
    assert isinstance(answer, Closed)
    assert answer.duration is not None
    assert repeated[-1].at - answer.duration < 1_000
    assert len(decoded(killed)) > 0


def longer_than(duration: int, packets: list[TimedPacket]) -> list[TimedPacket]:
    """The packets several times, one after the other. Each repetition starts with a key frame."""
    length = packets[-1].at + 20
    repetitions = range(duration // length + 2)
    return [one._replace(at=one.at + number * length) for number in repetitions for one in packets]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    path = tmp_path / "track.webm"
    path.symlink_to("/dev/full")
    frames, writer = frames_of("opus"), Writer()
    answers = [writer.carry_out(Open(1, path, "opus", frames[0].data))]
    answers += [writer.carry_out(Write(1, longer_than(3_000, packets_of(frames))))]
    failed = [one for one in answers if one is not None]
    assert [one.cause for one in failed if isinstance(one, Failed)] == ["disk_full"]
    assert writer.carry_out(Close(1)) is None, "the file is closed"


def test_a_gap_stays_in_the_file(tmp_path: Path) -> None:
    packets = packets_of(frames_of("opus"))[:100]
    gap = [*packets, *(one._replace(at=one.at + 60_000) for one in packets)]
    path, writer = tmp_path / "track.webm", Writer()
    writer.carry_out(Open(1, path, "opus", packets[0].data))
    writer.carry_out(Write(1, gap))
    answer = writer.carry_out(Close(1))
    assert isinstance(answer, Closed)
    assert answer.duration is not None
    assert answer.duration >= 60_000
    with av.open(path) as file:
        times = [packet.pts for packet in file.demux(file.streams[0]) if packet.pts is not None]
    assert max(after - before for before, after in itertools.pairwise(times)) > 55_000


def test_a_file_that_cannot_be_completed_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "track.webm"
    path.write_bytes(b"not a file of any kind")
    with pytest.raises(av.FFmpegError):
        complete(path)
    assert path.read_bytes() == b"not a file of any kind"
    answer = Writer().carry_out(Repair(1, path))
    assert answer == Closed(1, len(b"not a file of any kind"), None)


def test_the_parameter_set_of_a_key_frame_is_found() -> None:
    frames = frames_of("h264")
    sps = sequence_parameter_set(frames[0].data)
    assert sps is not None
    assert sps[0] & 0x1F == 7
    assert all((sequence_parameter_set(one.data) is None) is not one.key_frame for one in frames)
