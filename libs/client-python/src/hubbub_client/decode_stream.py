"""Decodes the frames of a track that an application reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import av

from hubbub_rtp.decoder import Decoder
from hubbub_rtp.encoded_frame import EncodedFrame
from hubbub_rtp.errors import UnsupportedCodec

from .frame_stream import FrameStream

_log = logging.getLogger(__name__)


async def decode_stream(
    encoded: FrameStream[EncodedFrame], decoded: FrameStream[Any], request_key_frame: Callable[[], None]
) -> None:
    """Decodes from one stream to the other, video in worker threads, until the first ends.

    After an invalid video frame it asks for a key frame. A codec without a decoder ends the decoded stream.
    """
    decoder: Decoder | None = None
    codec = ""
    try:
        async for frame in encoded:
            if decoder is None or frame.codec != codec:
                decoder, codec = Decoder(frame.codec), frame.codec
            try:
                if codec == "opus":  # takes less time than a change of threads
                    pictures = decoder.decode(frame)
                else:
                    pictures = await asyncio.to_thread(decoder.decode, frame)
            except av.FFmpegError as error:
                _log.warning("a frame of %s cannot be decoded: %s", codec, error)
                request_key_frame()
                continue
            for picture in pictures:
                decoded.push(picture)
    except UnsupportedCodec as error:
        _log.error("the track cannot be decoded: %s", error)
    finally:
        encoded.close()
        decoded.end()
