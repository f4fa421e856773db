"""Opus to the audio of a transcriber, by FFmpeg's decoder in PyAV."""

from __future__ import annotations

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from hubbub_rtp import EncodedFrame
from hubbub_rtp.decoder import Decoder

from ..domain.transcriber import SAMPLE_RATE


class OpusPcmDecoder:
    """Implements `domain.ports.PcmDecoder`."""

    def __init__(self) -> None:
        self._decoder = Decoder("opus")
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)

    def decode(self, frame: EncodedFrame) -> bytes:
        """See `PcmDecoder`."""
        try:
            decoded = self._decoder.decode(frame)
        except av.FFmpegError:
            return b""
        parts = [
            # A plane may be longer than its samples.
            bytes(out.planes[0])[: 2 * out.samples]
            for one in decoded
            if isinstance(one, AudioFrame)
            for out in self._resampler.resample(one)
        ]
        return b"".join(parts)
