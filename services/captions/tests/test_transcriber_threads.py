"""Transcribers in threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from hubbub_captions.adapters.transcriber_threads import MAX_BACKLOG, NICENESS, TranscriberThreads
from hubbub_captions.domain.ports import Utterance
from hubbub_captions.domain.transcriber import BYTES_PER_SECOND, Segment, TranscriptionFailed
from support.python_sdk import until

HALF = bytes(BYTES_PER_SECOND // 2)


class FakeTranscriber:
    """Reports how many seconds of audio it has."""

    def __init__(self, log: list[str], gate: threading.Event) -> None:
        self._log = log
        self._gate = gate
        self._seconds = 0.0
        self.fails = False

    def add(self, audio: bytes) -> None:
        self._gate.wait()
        self._seconds += len(audio) / BYTES_PER_SECOND

    def update(self) -> list[Segment]:
        if self.fails:
            self._seconds = 0.0
            raise TranscriptionFailed("it failed")
        return [Segment(0, f"{self._seconds:g} s", 0, self._seconds, final=False)]

    def finish(self) -> list[Segment]:
        seconds, self._seconds = self._seconds, 0.0
        return [Segment(0, f"{seconds:g} s.", 0, seconds, final=True)]

    def close(self) -> None:
        self._log.append("closed")


class Rig:
    def __init__(self, count: int) -> None:
        self.log: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.made: list[FakeTranscriber] = []
        self.segments: list[tuple[str, bool]] = []
        self.ended = 0
        self.threads = TranscriberThreads(self._make, count, self.log.append)

    def _make(self) -> FakeTranscriber:
        self.made.append(FakeTranscriber(self.log, self.gate))
        return self.made[-1]

    async def begin(self) -> Utterance:
        utterance: Utterance = await until(self.try_begin)
        return utterance

    def try_begin(self) -> Utterance | None:
        return self.threads.begin(
            lambda segments: self.segments.extend((each.text, each.final) for each in segments), self._on_end
        )

    async def closed(self) -> None:
        """Waits until no transcriber is left."""
        await until(lambda: self.log.count("closed") == len(self.made))

    def _on_end(self) -> None:
        self.ended += 1


@pytest.fixture
async def make_rig() -> AsyncIterator[Callable[[int], Rig]]:
    rigs: list[Rig] = []

    def make(count: int) -> Rig:
        rigs.append(Rig(count))
        rigs[-1].threads.start()
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.gate.set()
        rig.threads.stop()
        await rig.closed()


async def test_segments_come_while_somebody_speaks_and_the_last_ones_at_the_end(
    make_rig: Callable[[int], Rig],
) -> None:
    rig = make_rig(1)
    utterance = await rig.begin()
    assert utterance.add(HALF)
    await until(lambda: rig.segments == [("0.5 s", False)])
    utterance.add(HALF[:100])
    utterance.finish()
    await until(lambda: rig.ended == 1)
    assert rig.segments[1:] == [("0.503125 s.", True)]
    assert not utterance.add(HALF), "it has ended"


async def test_each_transcriber_takes_one_utterance_at_a_time(make_rig: Callable[[int], Rig]) -> None:
    rig = make_rig(2)
    first, _ = await rig.begin(), await rig.begin()
    assert rig.try_begin() is None
    assert rig.threads.busy == 2
    first.finish()
    await until(lambda: rig.threads.busy == 1)
    assert rig.try_begin() is not None


async def test_a_late_transcriber_takes_all_waiting_audio_at_once(make_rig: Callable[[int], Rig]) -> None:
    rig = make_rig(1)
    utterance = await rig.begin()
    rig.gate.clear()
    for _ in range(6):
        utterance.add(HALF)
        await asyncio.sleep(0.01)
    rig.gate.set()
    await until(lambda: rig.segments[-1:] == [("3 s", False)])
    assert len(rig.segments) <= 2


async def test_an_utterance_whose_transcriber_is_too_late_ends(make_rig: Callable[[int], Rig]) -> None:
    rig = make_rig(1)
    utterance = await rig.begin()
    rig.gate.clear()
    added = 0
    while utterance.add(HALF):
        added += 1
    assert MAX_BACKLOG <= added / 2 <= MAX_BACKLOG + 1
    rig.gate.set()
    await until(lambda: rig.ended == 1)


async def test_after_a_failure_what_was_reported_is_final_and_the_next_utterance_works(
    make_rig: Callable[[int], Rig],
) -> None:
    rig = make_rig(1)
    utterance = await rig.begin()
    utterance.add(HALF)
    await until(lambda: rig.segments)
    rig.made[0].fails = True
    utterance.add(HALF)
    await until(lambda: len(rig.segments) == 2)
    utterance.finish()
    await until(lambda: rig.ended == 1)
    assert rig.segments == [("0.5 s", False), ("0.5 s", True)]
    rig.made[0].fails = False
    (await rig.begin()).finish()
    await until(lambda: rig.ended == 2)


async def test_an_engine_that_cannot_be_loaded_is_reported() -> None:
    failures: list[str] = []

    def load() -> FakeTranscriber:
        raise ImportError("no module")

    threads = TranscriberThreads(load, 1, failures.append)
    threads.start()
    await until(lambda: failures == ["ImportError: no module"])
    assert threads.begin(lambda _segments: None, lambda: None) is None
    threads.stop()


async def test_one_transcriber_is_loaded_at_a_time() -> None:
    log: list[str] = []
    meeting = threading.Barrier(2)

    def load() -> FakeTranscriber:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.1)
            log.append("met")
        log.append("loaded")
        return FakeTranscriber(log, threading.Event())

    threads = TranscriberThreads(load, 2, log.append)
    threads.start()
    for _ in range(2):
        threads.begin(lambda _segments: None, lambda: None)
    await until(lambda: log.count("loaded") == 2)
    assert "met" not in log
    threads.stop()
    await until(lambda: log.count("closed") == 2)


async def test_another_transcriber_is_loaded_when_all_work(make_rig: Callable[[int], Rig]) -> None:
    rig = make_rig(2)
    (await rig.begin()).finish()
    await until(lambda: rig.ended == 1)
    rig.threads.start()
    await rig.begin()
    assert len(rig.made) == 1
    await rig.begin()
    await until(lambda: len(rig.made) == 2)
    assert rig.try_begin() is None


async def test_transcribers_have_a_lower_priority_than_the_event_loop() -> None:
    niceness: list[int] = []

    def load() -> FakeTranscriber:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return FakeTranscriber([], threading.Event())

    threads = TranscriberThreads(load, 1, lambda _reason: None)
    threads.start()
    await until(lambda: niceness)
    threads.stop()
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert niceness == [min(own + NICENESS, 19)]
