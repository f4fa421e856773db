"""What was reported of an utterance's segments, so that each change is reported once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .transcriber import Segment


class SegmentLog:
    """The segments of one utterance."""

    def __init__(self) -> None:
        self._reported: dict[int, Segment] = {}

    def changes(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments whose text has changed, or that have become final. What is final does not change any more."""
        return [segment for segment in segments if self._changes(segment)]

    def finish(self, segments: Sequence[Segment]) -> list[Segment]:
        """As `changes`, with all segments final. One that was reported and is missing now was none: it gets no text."""
        found = {segment.index for segment in segments}
        gone = [replace(each, text="") for index, each in self._reported.items() if index not in found]
        final = [replace(segment, final=True) for segment in (*segments, *gone)]
        return sorted(self.changes(final), key=lambda segment: segment.index)

    def _changes(self, segment: Segment) -> bool:
        before = self._reported.get(segment.index)
        if before is None:
            is_news = segment.text != ""
        else:
            is_news = not before.final and (before.text, before.final) != (segment.text, segment.final)
        if is_news:
            self._reported[segment.index] = segment
        return is_news
