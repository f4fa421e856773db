"""One microphone, from encoded frames to captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hubbub_captions.domain.limit_notice import QUIET_AFTER, LimitNotice
from hubbub_captions.domain.ports import OnSegments
from hubbub_captions.domain.speaker import KEPT_FRAMES, QUIET, Speaker
from hubbub_captions.domain.transcriber import Segment
from hubbub_captions.domain.utterance_detector import FRAME, FRAME_BYTES, HANGOVER
from hubbub_contracts.bus.captions import CaptionChanged
from hubbub_rtp import EncodedFrame

UNIX = 1_700_000_000_000
FIRST = 90_000
"""The RTP timestamp of the first frame."""


class FakeUtterance:
    def __init__(self, on_segments: OnSegments, on_end: Callable[[], None], *, takes: int) -> None:
        self.on_segments = on_segments
        self.on_end = on_end
        self.audio = b""
        self.finished = False
        self._takes = takes

    def add(self, audio: bytes) -> bool:
        if len(self.audio) >= self._takes:
            return False
        self.audio += audio
        return True

    def finish(self) -> None:
        self.finished = True


class Rig:
    """A speaker whose frames are voice when their data says so."""

    def __init__(self, *, free: int = 9, takes: int = 1 << 30) -> None:
        self.free = free
        self.takes = takes
        self.decoded = 0
        self.utterances: list[FakeUtterance] = []
        self.captions: list[CaptionChanged] = []
        self.refused = 0
        self.ended = 0
        self.count = 0
        ids = iter("abcdefgh")
        self.speaker = Speaker(
            "bob",
            self,
            self,
            self,
            on_caption=self.captions.append,
            on_refused=self._refuse,
            on_ended=self._end,
            new_id=lambda: next(ids),
            to_unix_ms=lambda at: UNIX + round(1000 * at),
        )

    def decode(self, frame: EncodedFrame) -> bytes:
        self.decoded += 1
        return frame.data * FRAME_BYTES

    def is_voice(self, frame: bytes) -> bool:
        return frame[0] == 1

    def begin(self, on_segments: OnSegments, on_end: Callable[[], None]) -> FakeUtterance | None:
        if len(self.utterances) == self.free:
            return None
        self.utterances.append(FakeUtterance(on_segments, on_end, takes=self.takes))
        return self.utterances[-1]

    def _refuse(self) -> None:
        self.refused += 1

    def _end(self) -> None:
        self.ended += 1

    def hear(self, seconds: float, *, voiced: bool = True, level: int | None = 30) -> Rig:
        for _ in range(round(seconds / FRAME)):
            self.speaker.add(
                EncodedFrame(
                    codec="opus",
                    timestamp=FIRST + 960 * self.count,
                    clock_rate=48_000,
                    key_frame=True,
                    discontinuous=False,
                    data=b"\1" if voiced else b"\0",
                    received_at=100 + FRAME * self.count,
                    audio_level=level,
                )
            )
            self.count += 1
        return self

    def say(self, *segments: Segment) -> Sequence[CaptionChanged]:
        self.utterances[-1].on_segments(segments)
        return self.captions


def test_frames_that_the_sender_reports_as_quiet_are_not_decoded() -> None:
    rig = Rig().hear(60, voiced=False, level=QUIET)
    assert rig.decoded == 0
    rig.hear(1)
    assert rig.decoded == KEPT_FRAMES + 50
    [utterance] = rig.utterances
    assert utterance.audio.startswith(b"\0"), "what came before the voice belongs to it"


def test_without_reported_levels_every_frame_is_decoded() -> None:
    assert Rig().hear(1, voiced=False, level=None).decoded == 50


def test_quiet_frames_within_an_utterance_are_decoded_and_end_it() -> None:
    rig = Rig().hear(1).hear(HANGOVER, voiced=False, level=QUIET)
    [utterance] = rig.utterances
    assert utterance.finished
    assert len(utterance.audio) == (1 + HANGOVER) / FRAME * FRAME_BYTES


def test_captions_have_the_times_at_which_their_audio_arrived() -> None:
    rig = Rig().hear(2, voiced=False, level=QUIET).hear(1)
    [caption] = rig.say(Segment(0, "Hello", 0.5, 1.25, final=False))
    began = UNIX + 100_000 + 1_800  # 0.1 s of voice began it, with 0.2 s before
    assert caption == CaptionChanged(
        peer_id="bob", segment_id="a-0", text="Hello", final=False, start=began + 500, end=began + 1_250
    )


def test_segments_of_another_utterance_have_other_ids() -> None:
    rig = Rig()
    for _ in range(2):
        rig.hear(1).hear(1, voiced=False)
        rig.say(Segment(0, "Again.", 0, 1, final=True), Segment(1, "Better.", 1, 2, final=True))
    assert [each.segment_id for each in rig.captions] == ["a-0", "a-1", "b-0", "b-1"]


def test_an_utterance_that_no_transcriber_takes_is_refused_once() -> None:
    rig = Rig(free=0).hear(3).hear(1, voiced=False)
    assert rig.refused == 1
    assert not rig.speaker.pending


def test_an_utterance_whose_transcriber_is_too_late_is_refused_and_the_next_one_is_not() -> None:
    rig = Rig(takes=10 * FRAME_BYTES).hear(3)
    assert rig.refused == 1
    rig.hear(1, voiced=False).hear(0.1)
    assert (len(rig.utterances), rig.refused) == (2, 1)


def test_a_microphone_that_sends_nothing_any_more_ends_its_utterance() -> None:
    rig = Rig().hear(1)
    last = 100 + FRAME * (rig.count - 1)
    rig.speaker.poll(last + HANGOVER - 0.01)
    assert [each.finished for each in rig.utterances] == [False]
    rig.speaker.poll(last + HANGOVER + 0.01)
    assert [each.finished for each in rig.utterances] == [True]
    pending_before = rig.speaker.pending
    rig.utterances[0].on_end()
    assert (pending_before, rig.speaker.pending) == (True, False)
    assert rig.ended == 1


def test_a_room_is_told_once_that_captions_are_limited_and_once_that_they_are_complete() -> None:
    notice = LimitNotice()
    assert not notice.expired(0)
    assert [notice.refused(now) for now in (0, 5)] == [True, False]
    assert [notice.expired(now) for now in (14, 15, 16)] == [False, True, False]
    assert notice.refused(5 + QUIET_AFTER + 2)
