"""The examples of the Python SDK, run as their READMEs say, in a call with a participant who tests them."""

from __future__ import annotations

import array
import asyncio
import contextlib
import math
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from hubbub_client import Call, RemotePublication
from support.installation import REPOSITORY, Installation
from support.python_sdk import WITHIN, publication_of, until
from support.tracks import PictureTrack, ToneTrack

LOUD = 1000.0


@contextlib.asynccontextmanager
async def example(
    name: str, installation: Installation, call_id: str, *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs an example, and ends it if it still runs."""
    script = str(REPOSITORY / "examples" / name / "main.py")
    command = [sys.executable, script, "--url", installation.url, "--room", call_id, *arguments]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def hear(publication: RemotePublication) -> None:
    """Waits for a loud frame."""
    async with asyncio.timeout(WITHIN), publication.audio_frames() as frames:
        async for frame in frames:
            samples = array.array("h", bytes(frame.planes[0]))
            if math.sqrt(sum(one * one for one in samples) / len(samples)) > LOUD:
                return


async def see(publication: RemotePublication) -> tuple[int, int]:
    """The size of the next picture."""
    async with asyncio.timeout(WITHIN), publication.video_frames() as frames:
        picture = await anext(frames)
        return picture.width, picture.height


async def test_the_player_plays_a_generated_file(installation: Installation, call_id: str) -> None:
    async with Call(installation.url, call_id, "Ann") as call, example("python-play-file", installation, call_id):
        await hear(await publication_of(call, "Player", "microphone"))
        assert await see(await publication_of(call, "Player", "camera")) == (320, 180)


async def test_the_echo_sends_back_sound_and_picture(installation: Installation, call_id: str) -> None:
    async with Call(installation.url, call_id, "Ann") as call, example("python-echo", installation, call_id):
        await call.local.publish(ToneTrack(), "microphone")
        await call.local.publish(PictureTrack(160, 120), "camera")
        await hear(await publication_of(call, "Echo", "microphone"))
        assert await see(await publication_of(call, "Echo", "camera")) == (160, 120)


async def test_the_grabber_writes_a_picture_and_leaves(
    installation: Installation, call_id: str, tmp_path: Path
) -> None:
    async with Call(installation.url, call_id, "Ann") as call:
        await call.local.publish(PictureTrack(160, 120), "camera")
        file = tmp_path / "frame.png"
        async with example("python-frame-grabber", installation, call_id, str(file)) as process:
            assert await asyncio.wait_for(process.wait(), WITHIN) == 0
        assert file.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack("!II", file.read_bytes()[16:24]) == (160, 120)
        await until(lambda: not call.participants)


async def test_the_agent_answers_after_somebody_spoke(installation: Installation, call_id: str) -> None:
    async with Call(installation.url, call_id, "Ann") as call, example("python-voice-agent", installation, call_id):
        agent = await publication_of(call, "Agent", "microphone")
        voice = ToneTrack()
        await call.local.publish(voice, "microphone")
        answer = asyncio.create_task(hear(agent))
        await asyncio.sleep(1.5)
        assert not answer.done()
        voice.amplitude = 0.0
        await answer
