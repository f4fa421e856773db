"""Transcribers in threads: an engine works for up to half a second at a time, and releases the interpreter's lock.

Rules
- Each transcriber has a thread of its own, which loads it, uses it and frees it.
- The first transcriber is loaded when captions start, and another one when all that there are work.
- One transcriber is loaded at a time: the first one also loads the engine's library, which no engine guards.
- Audio waits while a transcriber is loaded.
- The threads have a lower priority than what forwards media and the bus on the same machine.
- A thread that is late takes all waiting audio at once, and transcribes it once.
- What the event loop adds is bounded: an utterance whose transcriber is MAX_BACKLOG behind ends.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue

import structlog

from ..domain.ports import OnSegments
from ..domain.transcriber import BYTES_PER_SECOND, Segment, Transcriber, TranscriptionFailed

_log = structlog.get_logger(__name__)

UPDATE_INTERVAL = 0.5
"""Seconds of new audio after which an utterance is transcribed."""
MAX_BACKLOG = 8.0
"""Seconds of audio."""
NICENESS = 10


class _Utterance:
    """Implements `domain.ports.Utterance`. All but its counter belongs to the event loop."""

    def __init__(self, thread: _Thread, on_segments: OnSegments, on_end: Callable[[], None]) -> None:
        self._thread = thread
        self.on_segments = on_segments
        self.on_end = on_end
        self._ended = False

    def add(self, audio: bytes) -> bool:
        """See `Utterance`."""
        if self._ended:
            return False
        if self._thread.backlog > MAX_BACKLOG * BYTES_PER_SECOND:
            self.finish()
            return False
        self._thread.add(audio)
        return True

    def finish(self) -> None:
        """See `Utterance`."""
        if not self._ended:
            self._ended = True
            self._thread.add(None)


class _Thread:
    """One transcriber. `utterance` is the one that it works on."""

    def __init__(self, name: str, load: Callable[[], Transcriber], on_failed: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._load = load
        self._on_failed = on_failed
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._taken = 0
        self._added = 0
        self._stopping = False
        self.failed = False
        self.utterance: _Utterance | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes that were added and not transcribed yet."""
        return self._added - self._taken

    def add(self, audio: bytes | None) -> None:
        """Adds audio of the utterance, or its end."""
        self._added += len(audio or b"")
        self._queue.put(audio)

    def stop(self) -> None:
        """Lets the thread end after its current work."""
        self._stopping = True
        self._queue.put(None)

    def _run(self) -> None:
        os.nice(NICENESS)  # On Linux of this thread, and of those that the engine starts in it.
        try:
            transcriber = self._load()
        except Exception as error:  # noqa: BLE001  whatever the engine raises: there are no captions without it
            self._call(self._fail, f"{type(error).__name__}: {error}")
            return
        try:
            while not self._stopping:
                self._transcribe_one(transcriber)
        finally:
            transcriber.close()

    def _transcribe_one(self, transcriber: Transcriber) -> None:
        """Transcribes one utterance. When the engine fails, what was reported of it becomes final."""
        fresh, failed, ended = 0, False, False
        reported: dict[int, Segment] = {}
        while not ended:
            audio, ended = self._take()
            if failed or self._stopping:
                continue
            segments: list[Segment] = []
            try:
                if audio:
                    transcriber.add(audio)
                fresh += len(audio)
                if ended:
                    segments = transcriber.finish()
                elif fresh >= UPDATE_INTERVAL * BYTES_PER_SECOND:
                    fresh = 0
                    segments = transcriber.update()
            except TranscriptionFailed as error:
                failed = True
                _log.error("an utterance was not transcribed", error=str(error))
                segments = [replace(each, final=True) for each in reported.values() if not each.final]
            reported |= {each.index: each for each in segments}
            if segments:
                self._call(self._deliver, segments)
        self._call(self._end)

    def _take(self) -> tuple[bytes, bool]:
        """Waits for audio. Returns all that is there, and whether the utterance ends with it."""
        parts: list[bytes] = []
        while True:
            part = self._queue.get()
            if part is None:
                break
            parts.append(part)
            if self._queue.empty():
                break
        audio = b"".join(parts)
        self._taken += len(audio)
        return audio, part is None

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Calls a function on the event loop, if it still runs."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            self._stopping = True

    def _fail(self, reason: str) -> None:
        self.failed = True
        self._end()
        self._on_failed(reason)

    def _deliver(self, segments: list[Segment]) -> None:
        if self.utterance is not None:
            self.utterance.on_segments(segments)

    def _end(self) -> None:
        utterance, self.utterance = self.utterance, None
        if utterance is not None:
            utterance.on_end()


class TranscriberThreads:
    """Implements `domain.ports.Transcribers`."""

    def __init__(self, load: Callable[[], Transcriber], count: int, on_failed: Callable[[str], None]) -> None:
        """
        Arguments:
            load: makes a transcriber, in its thread.
            count: how many there may be.
            on_failed: called with the reason when one cannot be loaded.
        """
        self._load_any = load
        self._loading = threading.Lock()
        self._count = count
        self._on_failed = on_failed
        self._threads: list[_Thread] = []

    @property
    def busy(self) -> int:
        """How many transcribers work."""
        return sum(each.utterance is not None for each in self._threads)

    def start(self) -> None:
        """Loads the first transcriber, unless there is one."""
        if not self._threads:
            self._add()

    def begin(self, on_segments: OnSegments, on_end: Callable[[], None]) -> _Utterance | None:
        """See `Transcribers`."""
        idle = next((each for each in self._threads if each.utterance is None and not each.failed), None)
        if idle is None and len(self._threads) < self._count:
            idle = self._add()
        if idle is None:
            return None
        idle.utterance = _Utterance(idle, on_segments, on_end)
        return idle.utterance

    def stop(self) -> None:
        """Lets the threads end."""
        for thread in self._threads:
            thread.stop()
        self._threads = []

    def _add(self) -> _Thread:
        thread = _Thread(f"transcriber-{len(self._threads)}", self._load, self._on_failed)
        self._threads.append(thread)
        return thread

    def _load(self) -> Transcriber:
        with self._loading:
            return self._load_any()
