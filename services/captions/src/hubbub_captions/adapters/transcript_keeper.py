"""Keeps the transcript of a room: saves it while it grows, and has it summarised at the end.

A transcript is a copy of what was published. A disk or a server that fails costs the transcript, never the captions.
"""

from __future__ import annotations

import asyncio

import structlog

from hubbub_bus import unix_ms
from hubbub_contracts.bus.captions import CaptionChanged
from hubbub_contracts.transcript import TranscriptLine, TranscriptLog
from hubbub_service import report_failure

from ..domain.ports import TranscriptStore
from .summaries import Summarize

_log = structlog.get_logger(__name__)

SAVE_INTERVAL = 10.0
"""Seconds between two saves: what a kill may lose."""


class TranscriptKeeper:
    """The transcript of one room, from now on."""

    def __init__(self, room_id: str, store: TranscriptStore, summarize: Summarize | None) -> None:
        self._log = TranscriptLog(room_id, unix_ms())
        self._store = store
        self._summarize = summarize
        self._saved = 0

    def add(self, caption: CaptionChanged, user_id: str, name: str) -> None:
        """Keeps a caption when it is final and has a text."""
        if caption.final and caption.text:
            line = TranscriptLine(user_id=user_id, name=name, text=caption.text, start=caption.start, end=caption.end)
            self._log.add(line)

    async def run(self) -> None:
        """Saves what is new, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_INTERVAL)
            await self._save()

    async def finish(self) -> None:
        """Saves the rest, and the summary."""
        await self._save()
        if self._summarize is None or not len(self._log):
            return
        try:
            transcript = self._log.transcript()
            text = await asyncio.to_thread(self._summarize, transcript.wire())
            if text:
                await asyncio.to_thread(self._store.save_summary, transcript, text)
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            report_failure("a transcript was not summarised", error)

    async def _save(self) -> None:
        count = len(self._log)
        if count == self._saved:
            return
        try:
            await asyncio.to_thread(self._store.save, self._log.transcript())
            self._saved = count
        except OSError as error:
            _log.error("a transcript was not saved", error=str(error))
