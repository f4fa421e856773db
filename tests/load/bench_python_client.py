"""The time from the datagram that completes a frame to the coroutine that reads the frame, in the Python SDK.

    python tests/load/bench_python_client.py [--seconds 20]

One client receives ten tracks through a media node: three videos of 640x360 with 20 frames per second, and seven audio
tracks. A second process sends them. The time starts when the kernel receives the datagram, so it includes the wait for
the event loop, decryption, assembly and the queue. Encoded and decoded frames are measured one after the other;
decoded frames include the decoder, and for video its thread.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_client import Call, RemotePublication
from support.caller import Caller, rtp_parameters
from support.installation import Installation
from support.recording import AUDIO, SIMULCAST, Source

VIDEOS, AUDIOS = 3, 7
ROOM = "bench"
GOAL_MS = 10.0
WARM_UP = 3.0


async def send(url: str) -> None:
    """Sends one audio track for each participant, and a video for the first ones, until the process is stopped."""
    async with AsyncExitStack() as stack:
        for number in range(AUDIOS):
            caller = await stack.enter_async_context(Caller(url))
            await caller.join(ROOM, userId=f"sender {number}")
            up = await caller.transport("send")
            sources: dict[int, Source] = {}
            for kind, ssrc in (("audio", 1000), ("video", 2000))[: 2 if number < VIDEOS else 1]:
                parameters = rtp_parameters(kind, ssrc, mid=kind)
                await caller.call("produce", transportId=up.id, kind=kind, rtpParameters=parameters)
                sources[ssrc] = Source(up, AUDIO if kind == "audio" else SIMULCAST[1], ssrc)
            up.on_key_frame_request = lambda ssrc, sources=sources: sources[ssrc].request_key_frame()
        await asyncio.Event().wait()


async def encoded(publication: RemotePublication) -> AsyncIterator[float]:
    """The age of each encoded frame when it is read, in seconds."""
    async with publication.frames() as frames:
        async for frame in frames:
            yield time.monotonic() - frame.received_at


async def decoded(publication: RemotePublication) -> AsyncIterator[float]:
    """The age of each decoded frame when it is read, in seconds."""
    arrivals: dict[int, float] = {}

    async def note() -> None:
        async with publication.frames() as frames:
            async for frame in frames:
                arrivals[frame.timestamp] = frame.received_at

    noting = asyncio.create_task(note())
    pictures: Any = publication.video_frames() if publication.kind == "video" else publication.audio_frames()
    try:
        async with pictures:
            async for picture in pictures:
                if (arrived := arrivals.pop(picture.pts, None)) is not None:
                    yield time.monotonic() - arrived
    finally:
        noting.cancel()


async def receive(url: str, seconds: float) -> None:
    """Prints the percentiles."""
    async with Call(url, ROOM, "receiver") as call:
        async with asyncio.timeout(30):
            while sum(len(one.publications) for one in call.participants.values()) < VIDEOS + AUDIOS:
                await asyncio.sleep(0.1)
        publications = [two for one in call.participants.values() for two in one.publications.values()]
        sys.stdout.write(f"{VIDEOS} videos of 640x360 and {AUDIOS} audio tracks, {seconds:g} s each; milliseconds\n\n")
        sys.stdout.write("frames            count     p50     p95     p99     max   CPU\n")
        for name, ages in (("encoded", encoded), ("decoded", decoded)):
            found: dict[str, list[float]] = defaultdict(list)
            begins = time.monotonic() + WARM_UP

            async def measure(
                publication: RemotePublication, ages: Any = ages, found: Any = found, begins: float = begins
            ) -> None:
                async for age in ages(publication):
                    if time.monotonic() > begins:
                        found[publication.kind].append(age * 1000)

            running = [asyncio.create_task(measure(one)) for one in publications]
            await asyncio.sleep(WARM_UP)
            spent, since = time.process_time(), time.monotonic()
            await asyncio.sleep(seconds)
            cpu = (time.process_time() - spent) / (time.monotonic() - since)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            for kind in ("video", "audio"):
                print_row(f"{name} {kind}", found[kind], cpu)
            if name == "encoded":
                p95 = percentile(found["video"] + found["audio"], 95)
                sys.stdout.write(f"encoded, all: p95 {p95:.2f} ms; goal {GOAL_MS:g} ms\n")


def percentile(values: list[float], percent: float) -> float:
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else float("nan")


def print_row(name: str, values: list[float], cpu: float) -> None:
    """Prints the percentiles of one kind of frames."""
    columns = "".join(f"{percentile(values, percent):8.2f}" for percent in (50, 95, 99, 100))
    sys.stdout.write(f"{name:<15} {len(values):>7}{columns} {cpu * 100:4.0f}%\n")


def main() -> None:
    """Starts an installation and the sending process, and measures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--send", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.send:
        asyncio.run(send(arguments.send))
        return
    with Installation() as installation:
        sender = subprocess.Popen([sys.executable, __file__, "--send", installation.url], env=os.environ)
        try:
            asyncio.run(receive(installation.url, arguments.seconds))
        finally:
            sender.kill()
            sender.wait()


if __name__ == "__main__":
    main()
