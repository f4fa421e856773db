"""What is said while a room is recorded, if it has captions: the files `captions.json` and `captions.vtt`.

The files are a copy of what was published. A bus or a disk that fails costs lines of it, never the recording.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from hubbub_bus import Bus, Subscription
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.captions import CAPTION_EVENT, CaptionChanged, CaptionEvent
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.transcript import TranscriptLine, TranscriptLog, to_json, to_webvtt

from .recording_files import RecordingDirectory

_log = structlog.get_logger(__name__)

CAPTIONS = "captions.vtt"
TRANSCRIPT = "captions.json"
SAVE_INTERVAL = 5.0
"""Seconds between two saves: what a kill may lose."""
SUBSCRIBE_INTERVAL = 1.0
LAST_WORDS_TIMEOUT = 5.0
"""Seconds for which the end of a sentence that began before the stop is waited for."""


class CaptionSubscription(Protocol):
    """What `hubbub_bus.Subscription` does."""

    async def stop(self) -> None:
        """Ends it."""


WatchCaptions = Callable[[str, Callable[[CaptionEvent], None]], Awaitable[CaptionSubscription]]
"""Subscribes to the captions of a room, of which the id is given. Raises HubbubError."""


async def watch_captions(bus: Bus, room_id: str, on_event: Callable[[CaptionEvent], None]) -> Subscription:
    """Implements `WatchCaptions` with its first argument bound."""
    return await bus.subscribe(subjects.room_captions(room_id), CAPTION_EVENT, on_event)


class RecordingCaptions:
    """The transcript of one recording, from `load` on."""

    def __init__(self, watch: WatchCaptions, files: RecordingDirectory, record: RecordingRecord) -> None:
        self._watch = watch
        self._files = files
        self._record = record
        self._log = TranscriptLog(record.room_id, record.started_at)
        self._speakers: dict[str, tuple[str, str]] = {}
        """User id and name by peer."""
        self._saved = 0
        self._unfinished: set[str] = set()
        """Segments that have a text and will have another one."""
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def file(self) -> str | None:
        """The name of the WebVTT file; None while nothing was written."""
        return CAPTIONS if self._saved else None

    def load(self) -> None:
        """Reads what a recorder before this one has written. Blocks."""
        known = self._files.transcript(self._record.recording_id, TRANSCRIPT)
        self._log = TranscriptLog(self._record.room_id, self._record.started_at, known)
        self._saved = len(self._log)

    def add_speaker(self, peer_id: str, user_id: str, name: str) -> None:
        """Names who speaks as this peer. What is said by peers without a name is left out."""
        self._speakers[peer_id] = (user_id, name)

    async def run(self) -> None:
        """Follows the captions, and saves what is new, until `stop` and the end of what is being said then."""
        subscription = await self._subscribe()
        if subscription is None:
            return
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAVE_INTERVAL):
                    await self._stopping.wait()
            await self._save()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_TIMEOUT):
                while self._unfinished:
                    self._changed.clear()
                    await self._changed.wait()
        await subscription.stop()
        await self._save()

    def stop(self) -> None:
        """Lets `run` end."""
        self._stopping.set()

    async def _subscribe(self) -> CaptionSubscription | None:
        """None: stopped before the bus answered."""
        while not self._stopping.is_set():
            try:
                return await self._watch(self._record.room_id, self._on_event)
            except HubbubError as error:
                _log.info("captions are not followed yet, retrying", error=error.message)
                await asyncio.sleep(SUBSCRIBE_INTERVAL)
        return None

    async def _save(self) -> None:
        count = len(self._log)
        if count == self._saved:
            return
        transcript = self._log.transcript()
        content = {TRANSCRIPT: to_json(transcript), CAPTIONS: to_webvtt(transcript)}
        try:
            for name, text in content.items():
                await asyncio.to_thread(self._files.write_text, self._record.recording_id, name, text)
        except OSError as error:
            _log.error("captions were not saved", recording_id=self._record.recording_id, error=str(error))
        else:
            self._saved = count

    def _on_event(self, event: CaptionEvent) -> None:
        if not isinstance(event, CaptionChanged) or (speaker := self._speakers.get(event.peer_id)) is None:
            return
        if not event.final:
            self._unfinished.add(event.segment_id)
            return
        self._unfinished.discard(event.segment_id)
        self._changed.set()
        if event.text:
            user_id, name = speaker
            line = TranscriptLine(user_id=user_id, name=name, text=event.text, start=event.start, end=event.end)
            self._log.add(line)
