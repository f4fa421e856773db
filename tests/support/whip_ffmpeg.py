"""FFmpeg's WHIP muxer, through PyAV. It runs in a process of its own, because its handshake blocks the interpreter.

The FFmpeg of PyAV generates certificates with GnuTLS, for the curve P-224, which OpenSSL 4 refuses. So it gets one.
"""

from __future__ import annotations

import asyncio
import math
import select
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
from aiortc.rtcdtlstransport import generate_certificate
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SIZE = (320, 240)
RATE = 30
SAMPLE_RATE, SAMPLES = 48_000, 960
_READY = b"publishing\n"


class Refused(Exception):
    """FFmpeg could not publish. The message is its own."""


@asynccontextmanager
async def publishing(url: str, token: str, profile: str = "baseline") -> AsyncIterator[asyncio.subprocess.Process]:
    """Publishes a moving picture and a tone to this WHIP endpoint until the block ends. Raises Refused.

    `profile` is that of H264, and what FFmpeg offers: `baseline` as `4200xx`, `main` as `4d00xx`, `high` as `6400xx`.
    At the end of the block FFmpeg deletes its session.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, url, token, profile),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if await process.stdout.readline() != _READY:
            raise Refused((await process.stderr.read()).decode())
        yield process
        process.stdin.close()
        await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _tone(start: int) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
    wave = (int(8_000 * math.sin(2 * math.pi * 440 * (start + at) / SAMPLE_RATE)) for at in range(SAMPLES))
    frame.planes[0].update(b"".join(struct.pack("<hh", sample, sample) for sample in wave))
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
    return frame


def _picture(number: int) -> VideoFrame:
    picture = VideoFrame(*SIZE, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes([number * 8 % 256]) * plane.buffer_size)
    picture.pts, picture.time_base = number, Fraction(1, RATE)
    return picture


def _write_certificate(directory: Path) -> dict[str, str]:
    """Writes a certificate for P-256 and its key. Returns FFmpeg's options for them."""
    key = ec.generate_private_key(ec.SECP256R1())
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "key.pem").write_bytes(encoded)
    (directory / "cert.pem").write_bytes(generate_certificate(key).public_bytes(Encoding.PEM))
    return {"cert_file": str(directory / "cert.pem"), "key_file": str(directory / "key.pem")}


def _publish(url: str, token: str, profile: str) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        av.open(
            url,
            "w",
            format="whip",
            options={"authorization": token, **_write_certificate(Path(directory))},
        ) as output,
    ):
        video = output.add_stream("libx264", rate=RATE)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.options = {"profile": profile, "preset": "veryfast", "tune": "zerolatency", "bf": "0", "g": "15"}
        audio = output.add_stream("libopus", rate=SAMPLE_RATE)
        audio.layout = "stereo"
        started, pictures, samples = time.monotonic(), 0, 0
        while not select.select([sys.stdin], [], [], 0)[0]:
            output.mux(video.encode(_picture(pictures)))
            pictures += 1
            while samples * RATE < pictures * SAMPLE_RATE:
                output.mux(audio.encode(_tone(samples)))
                samples += SAMPLES
            if pictures == 1:
                sys.stdout.buffer.write(_READY)
                sys.stdout.flush()
            time.sleep(max(0.0, started + pictures / RATE - time.monotonic()))


if __name__ == "__main__":
    _publish(*sys.argv[1:])
