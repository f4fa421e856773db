"""Writes one picture of a video in a call as a PNG file, and leaves."""

import argparse
import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from hubbub_client import Call, Participant, RemotePublication


async def main(url: str, room: str, file: Path) -> None:
    """Waits for the first video."""
    videos: asyncio.Queue[RemotePublication] = asyncio.Queue()
    call = Call(url, room, "Grabber")

    def published(participant: Participant[Any], publication: RemotePublication) -> None:
        if participant is not call.local and publication.kind == "video":
            videos.put_nowait(publication)

    call.on("published", published)
    async with call:
        while True:
            async with (await videos.get()).video_frames() as pictures:
                async for picture in pictures:
                    await asyncio.to_thread(file.write_bytes, png(picture))
                    print(f"{file}: {picture.width}x{picture.height}")
                    return


def png(picture: av.VideoFrame) -> bytes:
    """The picture as a PNG file."""
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "rgb24"
    encoder.time_base = Fraction(1)
    return b"".join(bytes(packet) for packet in encoder.encode(picture.reformat(format="rgb24")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=Path("frame.png"))
    parser.add_argument("--url", default="http://localhost:4000")
    parser.add_argument("--room", default="demo")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.room, arguments.file))
