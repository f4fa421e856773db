"""What happens to a composition: pure functions of the record of its recording, and the time.

Rules
- `queued` -> `running` -> `done` or `failed`. The record decides, and the instance that it names follows it.
- A composition whose instance is gone, or whose process died, is `queued` again; after MAX_ATTEMPTS it is `failed`. So
  a file that ends every process does not do so for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hubbub_contracts.bus.recording_records import CompositionRecord, RecordingRecord
from hubbub_contracts.open_enum import OTHER
from hubbub_contracts.recording import CompositionOptions, CompositionState

from .recordings import StoredRecording

NEXT: Final[Mapping[CompositionState, frozenset[CompositionState]]] = {
    "queued": frozenset({"running"}),
    "running": frozenset({"queued", "done", "failed"}),
    "done": frozenset(),
    "failed": frozenset(),
}
"""State -> those that may follow."""
MAX_ATTEMPTS = 3
INTERRUPTED = "the process that made it ended several times"
MAX_ERROR = 200
"""Characters."""

Change = Callable[[CompositionRecord], CompositionRecord]


def requested(
    record: RecordingRecord, composition_id: str, options: CompositionOptions, now: int
) -> tuple[RecordingRecord, CompositionRecord]:
    """The record with another composition, instead of a failed one with these options. `now` is Unix milliseconds."""
    composition = CompositionRecord(
        composition_id=composition_id,
        layout=options.layout,
        format=options.format,
        audio_only=options.audio_only or record.audio_only,
        width=options.width,
        height=options.height,
        state="queued",
        requested_at=now,
    )
    kept = [one for one in record.compositions if one.state != "failed" or _options(one) != _options(composition)]
    return record.model_copy(update={"compositions": [*kept, composition]}), composition


def with_same_options(record: RecordingRecord, options: CompositionOptions) -> CompositionRecord | None:
    """The composition with these options that has not failed."""
    wanted = (options.layout, options.format, options.audio_only or record.audio_only, options.width, options.height)
    same = (one for one in record.compositions if _options(one) == wanted and one.state != "failed")
    return next(same, None)


def find(record: RecordingRecord, composition_id: str) -> CompositionRecord | None:
    """The composition with this id."""
    return next((one for one in record.compositions if one.composition_id == composition_id), None)


def changed(record: RecordingRecord, composition_id: str, change: Change) -> RecordingRecord:
    """The record with the composition changed."""
    compositions = [change(one) if one.composition_id == composition_id else one for one in record.compositions]
    return record.model_copy(update={"compositions": compositions})


def claimed(recorder_id: str, recorder_epoch: int) -> Change:
    """An instance begins to make it."""
    return lambda one: _moved(
        one,
        "running",
        recorder_id=recorder_id,
        recorder_epoch=recorder_epoch,
        attempts=one.attempts + 1,
        progress=0.0,
    )


def progressed(progress: float) -> Change:
    """A part of it is made: `progress` is 0 to 1."""
    return lambda one: one.model_copy(update={"progress": min(max(progress, 0.0), 1.0)})


def done(file: str, poster: str | None, duration: int, size: int) -> Change:
    """Its file is complete. `duration` is in milliseconds, `size` in bytes."""
    return lambda one: _ended(one, "done", progress=1.0, file=file, poster=poster, duration=duration, bytes=size)


def failed(error: str) -> Change:
    """It cannot be made."""
    return lambda one: _ended(one, "failed", error=error[:MAX_ERROR])


def interrupted(one: CompositionRecord) -> CompositionRecord:
    """Nobody makes it any more: another attempt is due, unless there were too many."""
    return failed(INTERRUPTED)(one) if one.attempts >= MAX_ATTEMPTS else _ended(one, "queued", progress=0.0)


def returned(one: CompositionRecord) -> CompositionRecord:
    """Its instance stops in an orderly way, which does not count as an attempt."""
    return _ended(one, "queued", progress=0.0, attempts=one.attempts - 1)


def is_of(one: CompositionRecord, recorder_id: str, recorder_epoch: int) -> bool:
    """Whether this incarnation of an instance makes it."""
    return one.state == "running" and (one.recorder_id, one.recorder_epoch) == (recorder_id, recorder_epoch)


def queue_of(recordings: Iterable[StoredRecording]) -> list[tuple[StoredRecording, CompositionRecord]]:
    """The compositions that wait, the first one that was requested first.

    A recording that runs is composed while it does. Options that this version does not know are left to others.
    """
    waiting = [
        (stored, one)
        for stored in recordings
        for one in stored.record.compositions
        if one.state == "queued" and OTHER not in (one.layout, one.format)
    ]
    return sorted(waiting, key=lambda each: (each[1].requested_at, each[1].composition_id))


def _options(one: CompositionRecord) -> tuple[str, str, bool, int, int]:
    return one.layout, one.format, one.audio_only, one.width, one.height


def _ended(one: CompositionRecord, state: CompositionState, **fields: object) -> CompositionRecord:
    return _moved(one, state, recorder_id=None, recorder_epoch=None, **fields)


def _moved(one: CompositionRecord, state: CompositionState, **fields: object) -> CompositionRecord:
    if state not in NEXT.get(one.state, frozenset()):
        raise ValueError(f"the composition is {one.state}")
    return one.model_copy(update={"state": state, **fields})
