"""How many tracks of 1 Mbit/s one core records, with sockets, SRTP and files, and without loss.

A process sends tracks over a plain link; this one receives them and writes files, as the recorder does. The CPU time of
this process and its writer is compared with the time that passed.

Usage: bench_recorder.py [TRACKS] [SECONDS]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import struct
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import pylibsrtp

from hubbub_contracts.bus.plain_transport import SrtpParameters
from hubbub_contracts.recording import RecordedTrack
from hubbub_receiver import ReceivedTrack
from hubbub_receiver.plain_link import PlainLink, new_key, srtp_session
from hubbub_recorder.adapters.room_recording import POLICY
from hubbub_recorder.adapters.track_recording import TrackRecording
from hubbub_recorder.adapters.writer_pool import Answer, Closed, WriterPool
from hubbub_recorder.domain.track_clock import PeerClock
from hubbub_rtp import EncodedFrame, Receiver, StreamParameters

sys.path.insert(0, str(Path(__file__).parents[3] / "tests"))
from support.rtp_captures import Capture

RATE, FRAMES_PER_SECOND, PACKETS_PER_FRAME, PAYLOAD = 90_000, 30, 4, 1_040
BITRATE = PACKETS_PER_FRAME * PAYLOAD * 8 * FRAMES_PER_SECOND
KEY_FRAME_EVERY = 4 * FRAMES_PER_SECOND
INTER_FRAME = b"\x31" + bytes(PAYLOAD * PACKETS_PER_FRAME - 1)
"""The first octet says that it is no key frame; the writer does not decode the rest."""
DRAIN = 0.5
"""Seconds in which the last packets arrive."""
Address = tuple[str, int]


class CountedTrack(TrackRecording):
    """Counts the frames of all tracks."""

    frames = 0

    def on_frame(self, frame: EncodedFrame) -> None:
        """See `TrackSink`."""
        CountedTrack.frames += 1
        super().on_frame(frame)


def key_frame() -> bytes:
    """A real key frame, from which the file gets its parameters, cut to the size of a frame."""
    capture = Capture("vp8-simulcast3", 246395)
    receiver = Receiver(capture.parameters)
    frames = (frame for at, packet in capture.media for frame in receiver.add(packet, at))
    return next(frame.data for frame in frames if frame.key_frame).ljust(len(INTER_FRAME), b"\0")[: len(INTER_FRAME)]


def send(source: Address, address: Address, key: SrtpParameters, tracks: int, seconds: float, first: bytes) -> None:
    """Sends the tracks from `source`, each frame at its time."""
    session = srtp_session(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(source)
        sock.connect(address)
        started = time.monotonic()
        for number in range(int(seconds * FRAMES_PER_SECOND)):
            time.sleep(max(0.0, started + number / FRAMES_PER_SECOND - time.monotonic()))
            frame = INTER_FRAME if number % KEY_FRAME_EVERY else first
            for ssrc in range(1, tracks + 1):
                for packet in packets_of(frame, number, ssrc):
                    sock.send(session.protect(packet))


def packets_of(frame: bytes, number: int, ssrc: int) -> list[bytes]:
    """The RTP packets of a frame (RFC 7741): the first one starts the partition."""
    timestamp, packets = number * RATE // FRAMES_PER_SECOND, []
    for index in range(PACKETS_PER_FRAME):
        marker = 0x80 if index == PACKETS_PER_FRAME - 1 else 0
        sequence = number * PACKETS_PER_FRAME + index & 0xFFFF
        header = struct.pack("!BBHII", 0x80, 96 | marker, sequence, timestamp, ssrc)
        packets.append(header + bytes([0 if index else 0x10]) + frame[index * PAYLOAD : (index + 1) * PAYLOAD])
    return packets


def cpu_of(pid: int) -> float:
    """The CPU time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def record(directory: Path, tracks: int, seconds: float) -> None:
    """Records, and prints the result."""
    names, answers, all_closed = count(), list[Answer](), asyncio.Event()

    def on_file(_track: RecordedTrack, answer: Answer | None) -> None:
        if answer is not None:
            answers.append(answer)
        if len(answers) == tracks:
            all_closed.set()

    pool = WriterPool(1)
    await pool.start()
    key, unused = new_key(), new_key()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        source: Address = probe.getsockname()
        link = await PlainLink.open(source, unused, key)
    sinks = []
    for number in range(tracks):
        parameters = StreamParameters(
            ssrc=number + 1,
            payload_type=96,
            codec="vp8",
            clock_rate=RATE,
            is_audio=False,
            nack=True,
            rtx_ssrc=None,
            rtx_payload_type=None,
            audio_level_id=None,
        )
        track = ReceivedTrack(
            peer_id=f"peer{number}",
            user_id="u",
            display_name="U",
            producer_id=f"producer{number}",
            kind="video",
            app_data={},
            codec="vp8",
            clock_rate=RATE,
            paused=False,
            request_key_frame=lambda: None,
        )
        sinks.append(
            CountedTrack(
                track,
                pool,
                PeerClock(),
                time.monotonic(),
                new_path=lambda suffix: directory / f"{next(names):03}-{suffix}",
                segment=0,
                on_file=on_file,
            )
        )
        link.add(Receiver(parameters, POLICY), sinks[-1])
    processes = [os.getpid(), *pool.pids]
    before = [cpu_of(pid) for pid in processes]
    sender = multiprocessing.get_context("spawn").Process(
        target=send, args=(source, link.local_address, key, tracks, seconds, key_frame())
    )
    sender.start()
    await asyncio.to_thread(sender.join)
    await asyncio.sleep(DRAIN)
    receiving, writing = (cpu_of(pid) - used for pid, used in zip(processes, before, strict=True))
    for sink in sinks:
        sink.on_closed()
    await all_closed.wait()
    await link.close()
    await pool.stop()
    size = sum(answer.bytes for answer in answers if isinstance(answer, Closed))
    sent = tracks * int(seconds * FRAMES_PER_SECOND)
    print(f"{tracks} tracks of {BITRATE / 1e6:.2f} Mbit/s for {seconds:g} s: {size / 1e6:.0f} MB")
    print(f"frames received: {CountedTrack.frames} of {sent}")
    print(f"CPU: {receiving / seconds:.2f} cores receive, {writing / seconds:.2f} write")
    print(f"tracks of 1 Mbit/s per core: {tracks * BITRATE / 1e6 * seconds / (receiving + writing):.0f}")


def main() -> None:
    """Reads the arguments."""
    arguments = [float(argument) for argument in sys.argv[1:]]
    tracks, seconds = (*arguments, *(20.0, 10.0)[len(arguments) :])
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(record(Path(directory), int(tracks), seconds))


if __name__ == "__main__":
    main()
