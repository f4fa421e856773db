"""A bot that sends back what it hears and sees: the sound and the picture of the first who publishes each."""

import argparse
import asyncio
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from hubbub_client import Call, FrameStream, Participant, RemotePublication


class EchoTrack(MediaStreamTrack):
    """A track of received frames."""

    def __init__(self, kind: str, frames: FrameStream[AudioFrame] | FrameStream[VideoFrame]) -> None:
        super().__init__()
        self.kind = kind
        self._frames = frames

    async def recv(self) -> AudioFrame | VideoFrame:
        """The next received frame; the end of the stream ends the track."""
        try:
            return await anext(self._frames)
        except StopAsyncIteration:
            raise MediaStreamError from None

    def stop(self) -> None:
        """Closes the stream, which ends the subscription."""
        super().stop()
        self._frames.close()


async def main(url: str, room: str) -> None:
    """Echoes until the call ends."""
    call = Call(url, room, "Echo")

    async def echo(participant: Participant[Any], publication: RemotePublication) -> None:
        if participant is call.local or publication.source not in ("microphone", "camera"):
            return
        if publication.source in call.local.publications:
            return  # somebody else is echoed
        is_audio = publication.kind == "audio"
        frames = publication.audio_frames() if is_audio else publication.video_frames()
        await call.local.publish(EchoTrack(publication.kind, frames), publication.source)
        print(f"echoing the {publication.source} of {participant.name}")

    call.on("published", echo)
    async with call:
        print((await call.wait_ended()).reason)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:4000")
    parser.add_argument("--room", default="demo")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.room))
