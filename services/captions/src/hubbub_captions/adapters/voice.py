"""Voice activity by WebRTC's detector."""

from __future__ import annotations

import webrtcvad

from ..domain.transcriber import SAMPLE_RATE

AGGRESSIVENESS = 2
"""0 to 3: how much noise is not taken for voice."""


class WebRtcVoiceDetector:
    """Implements `domain.ports.VoiceDetector`."""

    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(AGGRESSIVENESS)

    def is_voice(self, frame: bytes) -> bool:
        """See `VoiceDetector`."""
        return bool(self._vad.is_speech(frame, SAMPLE_RATE))
