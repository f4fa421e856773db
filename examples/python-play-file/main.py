"""A bot that plays a file into a call, again and again. Without a file it makes a small one."""

import argparse
import asyncio
import math
import tempfile
from array import array
from fractions import Fraction
from pathlib import Path

import av
from aiortc.contrib.media import MediaPlayer

from hubbub_client import Call

RATE, SAMPLES, FPS, SECONDS = 48_000, 960, 15, 5


async def main(url: str, room: str, file: str | None) -> None:
    """Plays until the call ends."""
    with tempfile.TemporaryDirectory() as directory:
        player = MediaPlayer(file or make_file(Path(directory) / "generated.webm"), loop=True)
        async with Call(url, room, "Player") as call:
            if player.audio is not None:
                await call.local.publish(player.audio, "microphone")
            if player.video is not None:
                await call.local.publish(player.video, "camera")
            print((await call.wait_ended()).reason)


def make_file(path: Path) -> str:
    """Writes a WebM file with VP8 and opus."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libvpx", rate=FPS, options={"deadline": "realtime", "cpu-used": "8"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = output.add_stream("libopus", rate=RATE, layout="mono")
        for index in range(FPS * SECONDS):
            picture = av.VideoFrame(320, 180, "yuv420p")
            for plane, level in zip(picture.planes, (128, index * 3 % 256, 255 - index * 3 % 256), strict=True):
                plane.update(bytes([level]) * plane.buffer_size)
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            output.mux(video.encode(picture))
        for index in range(RATE * SECONDS // SAMPLES):
            angles = (2 * math.pi * 440 * (index * SAMPLES + n) / RATE for n in range(SAMPLES))
            sound = av.AudioFrame("s16", "mono", SAMPLES)
            sound.planes[0].update(array("h", (int(8_000 * math.sin(angle)) for angle in angles)).tobytes())
            sound.pts, sound.sample_rate, sound.time_base = index * SAMPLES, RATE, Fraction(1, RATE)
            output.mux(audio.encode(sound))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
    return str(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="any file that FFmpeg reads")
    parser.add_argument("--url", default="http://localhost:4000")
    parser.add_argument("--room", default="demo")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.room, arguments.file))
