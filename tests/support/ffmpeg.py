"""FFmpeg's RTP muxer and demuxer, through PyAV."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

SIZE = (160, 120)
RATE = 30
KEY_FRAME_EVERY = 15
"""Frames. FFmpeg reads no RTCP, so it hears no request for a key frame."""


def write_video(path: Path, seconds: float = 2.0) -> None:
    """Writes a WebM file with a moving picture in VP8."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libvpx", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.gop_size = KEY_FRAME_EVERY
        stream.options = {"deadline": "realtime", "auto-alt-ref": "0", "lag-in-frames": "0"}
        for number in range(int(seconds * RATE)):
            picture = VideoFrame(*SIZE, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes([(number * 8) % 256]) * plane.buffer_size)
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            file.mux(stream.encode(picture))
        file.mux(stream.encode())


@contextmanager
def publishing(path: Path, address: tuple[str, int, int], *, ssrc: int, payload_type: int) -> Iterator[None]:
    """Sends a video file over and over, as `ffmpeg -re -stream_loop -1 -i FILE -c copy -f rtp` does.

    `address`: IP address, port and port of RTCP.
    """
    host, port, rtcp_port = address
    options = {"ssrc": str(ssrc), "payload_type": str(payload_type)}
    url = f"rtp://{host}:{port}?pkt_size=1200&rtcpport={rtcp_port}"
    stopped = threading.Event()

    def send() -> None:
        with av.open(url, "w", format="rtp", options=options) as output:
            started, offset = time.monotonic(), 0
            stream: VideoStream | None = None
            while not stopped.is_set():
                with av.open(str(path)) as file:
                    source = file.streams.video[0]
                    if stream is None:
                        stream = output.add_stream_from_template(source)
                    last = 0
                    for packet in file.demux(source):
                        if packet.pts is None or packet.dts is None or packet.time_base is None:
                            continue
                        last = packet.pts
                        packet.pts = packet.dts = packet.pts + offset
                        due = started + float(packet.pts * packet.time_base)
                        if stopped.wait(max(0.0, due - time.monotonic())):
                            return
                        packet.stream = stream
                        output.mux(packet)
                    assert source.time_base is not None
                    offset += last + round(1 / (RATE * source.time_base))

    thread = threading.Thread(target=send, name="ffmpeg")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def session_description(port: int, rtcp_port: int, payload_type: int, codec: str = "VP8") -> str:
    """The SDP of a stream that arrives at loopback."""
    return "\n".join(
        [
            "v=0",
            "o=- 0 0 IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=video {port} RTP/AVP {payload_type}",
            f"a=rtcp:{rtcp_port}",
            f"a=rtpmap:{payload_type} {codec}/90000",
            "",
        ]
    )


def receive(description: Path, frames: int) -> list[VideoFrame]:
    """Decodes this many frames of the stream that an SDP file describes. Blocks."""
    options = {"protocol_whitelist": "file,rtp,udp", "analyzeduration": "0", "probesize": "32"}
    with av.open(str(description), format="sdp", options=options, timeout=30.0) as stream:
        return list(itertools.islice(stream.decode(video=0), frames))
