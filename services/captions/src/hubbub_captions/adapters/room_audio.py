"""The microphones of one room, and what is said in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hubbub_bus import unix_ms
from hubbub_contracts import ids
from hubbub_contracts.bus.captions import CaptionChanged, CaptionsLimited
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_receiver import ReceivedTrack, TrackSink
from hubbub_rtp import EncodedFrame

from ..domain.limit_notice import LimitNotice
from ..domain.ports import CaptionPublisher, Transcribers
from ..domain.speaker import Speaker
from .pcm_decoder import OpusPcmDecoder
from .transcript_keeper import TranscriptKeeper
from .voice import WebRtcVoiceDetector

POLL_INTERVAL = 0.2
"""Seconds between two checks for microphones that were muted."""
SCREEN_AUDIO = "screen-audio"
"""The source of what a shared screen plays, which is nobody's speech."""


class RoomAudio:
    """Implements `hubbub_receiver.ReceiverListener`."""

    def __init__(
        self,
        room_id: str,
        transcribers: Transcribers,
        publisher: CaptionPublisher,
        keeper: TranscriptKeeper | None,
        on_lost: Callable[[], None],
    ) -> None:
        """`on_lost` is called when the room was closed. `keeper` is None when no transcripts are kept."""
        self._room_id = room_id
        self._transcribers = transcribers
        self._publisher = publisher
        self._keeper = keeper
        self.on_room_lost = on_lost
        self._limit = LimitNotice()
        self._speakers: set[Speaker] = set()
        self._ending: set[Speaker] = set()
        """Those whose last segments may still come."""
        self._segments = asyncio.Event()
        """The last segments of an utterance came."""

    def wants(self, peer: PeerRecord, producer: ProducerRecord) -> bool:
        """See `ReceiverListener`."""
        return producer.kind == "audio" and producer.app_data.get("source") != SCREEN_AUDIO

    def on_track(self, track: ReceivedTrack) -> TrackSink:
        """See `ReceiverListener`."""
        speaker = Speaker(
            track.peer_id,
            OpusPcmDecoder(),
            WebRtcVoiceDetector(),
            self._transcribers,
            on_caption=lambda caption: self._publish(caption, track),
            on_refused=self._refused,
            on_ended=self._segments.set,
            new_id=ids.mint,
            to_unix_ms=_to_unix_ms,
        )
        self._speakers.add(speaker)
        return _Microphone(speaker, lambda: self._end(speaker))

    async def watch(self) -> None:
        """Ends the utterances of microphones that were muted, until cancelled."""
        while True:
            await asyncio.sleep(POLL_INTERVAL)
            now = time.monotonic()
            for speaker in self._speakers:
                speaker.poll(now)
            self._ending = {speaker for speaker in self._ending if speaker.pending}
            if self._limit.expired(now):
                self._publisher.publish(self._room_id, CaptionsLimited(limited=False))

    async def drain(self) -> None:
        """Ends everybody's utterance, and waits for the last segments."""
        for speaker in list(self._speakers):
            self._end(speaker)
        while self._has_pending():
            self._segments.clear()
            await self._segments.wait()

    def _has_pending(self) -> bool:
        return any(speaker.pending for speaker in self._ending)

    def _publish(self, caption: CaptionChanged, track: ReceivedTrack) -> None:
        self._publisher.publish(self._room_id, caption)
        if self._keeper is not None:
            self._keeper.add(caption, track.user_id, track.display_name)

    def _end(self, speaker: Speaker) -> None:
        speaker.end()
        self._speakers.discard(speaker)
        self._ending.add(speaker)

    def _refused(self) -> None:
        if self._limit.refused(time.monotonic()):
            self._publisher.publish(self._room_id, CaptionsLimited(limited=True))


class _Microphone:
    """Implements `hubbub_receiver.TrackSink`."""

    def __init__(self, speaker: Speaker, on_closed: Callable[[], None]) -> None:
        self._speaker = speaker
        self.on_closed = on_closed

    def on_frame(self, frame: EncodedFrame) -> None:
        """See `TrackSink`."""
        self._speaker.add(frame)

    def on_sender_report(self, timestamp: int, sent_at: float, arrived_at: float) -> None:
        """See `TrackSink`. Captions have the time of their arrival."""

    def on_paused(self, paused: bool) -> None:
        """See `TrackSink`."""
        if paused:
            self._speaker.end()


def _to_unix_ms(at: float) -> int:
    return unix_ms() + round(1000 * (at - time.monotonic()))
