"""What a recording has at a time: pure functions of its manifest. All times are milliseconds since its start.

Rules
- A lane is one track of one peer: its files follow each other when a recorder, a node or a resolution changed.
- A peer is present from the start of its first lane to the end of its last one.
- A picture is shown while its lane has media. It stays while nothing is received, and is taken away while the sender
  has paused it. A short time between two files is bridged.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hubbub_contracts.recording import RecordedTrack

from .composition_layout import Content

BRIDGE = 1_000
"""A shorter time between two files of a lane is not seen."""
TAKEOVER_BRIDGE = 15_000
"""As BRIDGE, between files of different recorders."""
FOR_EVER = 10**12
"""The duration of a track that is being recorded."""
SCREEN = "screen"
SCREEN_AUDIO = "screen-audio"

Interval = tuple[int, int]
"""Start and end; the end is exclusive."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One track of one peer."""

    key: str
    peer_id: str
    source: str
    kind: str
    parts: tuple[RecordedTrack, ...]
    """Its files, by their start."""
    shown: tuple[Interval, ...]
    """When it has media."""

    @property
    def start(self) -> int:
        """When it begins."""
        return self.parts[0].start

    @property
    def end(self) -> int:
        """When it ends."""
        return max(end_of(part) for part in self.parts)

    def is_shown(self, at: int) -> bool:
        """Whether it has media."""
        index = bisect.bisect_right(self.shown, at, key=lambda interval: interval[0]) - 1
        return index >= 0 and at < self.shown[index][1]


class Timeline:
    """The lanes of a recording."""

    def __init__(self, tracks: Sequence[RecordedTrack], *, is_live: bool = False) -> None:
        """Tracks without a duration go on for ever while the recording is live, and are left out afterwards."""
        self.is_live = is_live
        parts: dict[tuple[str, str, str], list[RecordedTrack]] = defaultdict(list)
        for track in sorted(tracks, key=lambda one: (one.start, one.file)):
            if track.duration is None and not is_live:
                continue
            known = track if track.duration is not None else track.model_copy(update={"duration": FOR_EVER})
            parts[lane_of(track)].append(known)
        self.lanes = [_lane(*key, of_lane) for key, of_lane in parts.items()]
        self.duration = max((lane.end for lane in self.lanes), default=0)
        self._names = {track.peer_id: track.display_name or track.user_id for track in tracks}
        self._presence = _presence(self.lanes)
        self._changes = sorted(
            {time for lane in self.lanes for interval in lane.shown for time in interval}
            | {time for interval in self._presence.values() for time in interval}
        )

    def of_kind(self, kind: str) -> list[Lane]:
        """The lanes of audio or video."""
        return [lane for lane in self.lanes if lane.kind == kind]

    def contents(self, at: int, stalled: frozenset[str] = frozenset()) -> list[Content]:
        """What there is to see, in the order in which it began. `stalled` lanes have no picture."""
        found: list[tuple[int, Content]] = []
        for peer_id, (start, end) in self._presence.items():
            if not start <= at < end:
                continue
            name = self._names[peer_id]
            videos = [
                lane
                for lane in self.of_kind("video")
                if lane.peer_id == peer_id and lane.is_shown(at) and lane.key not in stalled
            ]
            cameras = [lane for lane in videos if lane.source != SCREEN]
            found += [(start, Content(peer_id, name, lane.key)) for lane in cameras]
            if not cameras:
                found.append((start, Content(peer_id, name)))
            found += [
                (_shown_since(lane, at), Content(peer_id, name, lane.key, is_screen=True))
                for lane in videos
                if lane.source == SCREEN
            ]
        return [content for _, content in sorted(found, key=lambda one: one[0])]

    def next_change(self, at: int) -> int | None:
        """The first time after `at` at which `contents` may differ."""
        index = bisect.bisect_right(self._changes, at)
        return self._changes[index] if index < len(self._changes) else None


def lane_of(track: RecordedTrack) -> tuple[str, str, str]:
    """The lane of a file: peer, source and kind."""
    return track.peer_id, track.source, track.kind


def without_abandoned(tracks: Sequence[RecordedTrack], until: int) -> list[RecordedTrack]:
    """Ends files that have no duration although another one of their lane, begun before `until`, follows.

    Their writer has failed, and nobody completes them before the recording ends.
    """
    ended: list[RecordedTrack] = []
    follower: dict[tuple[str, str, str], RecordedTrack] = {}
    for track in reversed(tracks):
        later = follower.get(lane_of(track))
        if track.duration is None and later is not None and later.start < until:
            ended.append(track.model_copy(update={"duration": later.start - track.start}))
        else:
            ended.append(track)
        follower[lane_of(track)] = track
    return ended[::-1]


def end_of(track: RecordedTrack) -> int:
    """When a file ends."""
    return track.start + (track.duration or 0)


def _lane(peer_id: str, source: str, kind: str, parts: list[RecordedTrack]) -> Lane:
    return Lane(f"{peer_id}/{source}/{kind}", peer_id, source, kind, tuple(parts), tuple(_shown(parts)))


def _shown(parts: Sequence[RecordedTrack]) -> list[Interval]:
    merged: list[Interval] = []
    segment = 0
    for part in parts:
        bridge = BRIDGE if part.segment == segment else TAKEOVER_BRIDGE
        segment = part.segment
        for index, (start, end) in enumerate(_without_pauses(part)):
            last = merged[-1] if merged else None
            if last is not None and index == 0 and start - last[1] <= bridge:
                merged[-1] = (last[0], max(last[1], end))
            else:
                merged.append((start, end))
    return merged


def _without_pauses(part: RecordedTrack) -> Iterable[Interval]:
    start = part.start
    for gap in part.gaps:
        if gap.cause == "paused" and gap.start >= start:
            if gap.start > start:
                yield start, gap.start
            start = gap.end
    if end_of(part) > start:
        yield start, end_of(part)


def _presence(lanes: Iterable[Lane]) -> dict[str, Interval]:
    presence: dict[str, Interval] = {}
    for lane in sorted(lanes, key=lambda one: one.start):
        start, end = presence.get(lane.peer_id, (lane.start, lane.end))
        presence[lane.peer_id] = (min(start, lane.start), max(end, lane.end))
    return presence


def _shown_since(lane: Lane, at: int) -> int:
    return max(start for start, _ in lane.shown if start <= at)
