"""A skeleton of a voice agent: it hears when somebody has said something, calls `respond`, and speaks the answer.

Replace `respond` with speech recognition, a language model and speech synthesis. Here it answers with a tone.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from array import array
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from aiortc import MediaStreamTrack
from av import AudioFrame, AudioResampler

from hubbub_client import Call, Participant, RemotePublication

RATE, SAMPLES = 48_000, 960
FRAME_SECONDS = SAMPLES / RATE
MAX_UTTERANCE = 30 * RATE
"""Samples. A longer utterance is cut off here."""

Speech: TypeAlias = "array[int]"
"""16-bit samples, mono, 48 kHz."""


async def respond(utterance: Speech) -> Speech:
    """The answer to what somebody said: as long a tone, one second at most."""
    count = min(len(utterance), RATE)
    return array("h", (int(8_000 * math.sin(2 * math.pi * 660 * n / RATE)) for n in range(count)))


class EnergyVad:
    """Voice activity by loudness: speech begins above a level, and ends after 400 ms below it."""

    def __init__(self, threshold: float = 500.0, hangover: float = 0.4) -> None:
        """`threshold` is the root mean square of 16-bit samples."""
        self._threshold = threshold
        self._max_quiet = round(hangover / FRAME_SECONDS)
        self._quiet = 0
        self._utterance: Speech = array("h")

    def add(self, samples: Speech) -> Speech | None:
        """Adds 20 ms. Returns the utterance that ends with them, if any."""
        loudness = math.sqrt(sum(one * one for one in samples) / max(len(samples), 1))
        if loudness >= self._threshold:
            self._quiet = 0
        elif self._utterance:
            self._quiet += 1
        else:
            return None
        self._utterance.extend(samples)
        if self._quiet < self._max_quiet and len(self._utterance) < MAX_UTTERANCE:
            return None
        utterance, self._utterance, self._quiet = self._utterance, array("h"), 0
        return utterance


class SpeechTrack(MediaStreamTrack):
    """Silence, and what is said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._speech: Speech = array("h")
        self._frames = 0
        self._began: float | None = None

    def say(self, speech: Speech) -> None:
        """Speaks this instead of what is being said."""
        self._speech = speech[:]

    async def recv(self) -> AudioFrame:
        """The next 20 ms."""
        self._began = time.monotonic() if self._began is None else self._began
        await asyncio.sleep(max(self._began + self._frames * FRAME_SECONDS - time.monotonic(), 0))
        samples, self._speech = self._speech[:SAMPLES], self._speech[SAMPLES:]
        frame = AudioFrame("s16", "mono", SAMPLES)
        frame.planes[0].update(samples.tobytes().ljust(2 * SAMPLES, b"\0"))
        frame.pts, frame.sample_rate, frame.time_base = self._frames * SAMPLES, RATE, Fraction(1, RATE)
        self._frames += 1
        return frame


async def listen(publication: RemotePublication, heard: Callable[[Speech], Any]) -> None:
    """Calls `heard` with each utterance until the track ends."""
    vad, resampler = EnergyVad(), AudioResampler("s16", "mono", RATE, frame_size=SAMPLES)
    async with publication.audio_frames() as frames:
        async for stereo in frames:
            for mono in resampler.resample(stereo):
                utterance = vad.add(array("h", bytes(mono.planes[0])[: 2 * mono.samples]))
                if utterance is not None:
                    await heard(utterance)


async def main(url: str, room: str) -> None:
    """Listens and speaks until the call ends."""
    call, voice = Call(url, room, "Agent"), SpeechTrack()

    async def published(participant: Participant[Any], publication: RemotePublication) -> None:
        async def heard(utterance: Speech) -> None:
            print(f"{participant.name} spoke for {len(utterance) / RATE:.1f} s")
            voice.say(await respond(utterance))

        if participant is not call.local and publication.source == "microphone":
            await listen(publication, heard)

    call.on("published", published)
    async with call:
        await call.local.publish(voice, "microphone")
        print((await call.wait_ended()).reason)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:4000")
    parser.add_argument("--room", default="demo")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.room))
