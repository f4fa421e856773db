"""Where utterances begin and end."""

from __future__ import annotations

from hubbub_captions.domain.utterance_detector import (
    FRAME,
    FRAME_BYTES,
    HANGOVER,
    LONG,
    LONGEST,
    Began,
    Ended,
    Heard,
    SpeechEvent,
    UtteranceDetector,
)

SILENCE, VOICE = bytes(FRAME_BYTES), bytes([1]) * FRAME_BYTES


class Track:
    """Feeds a detector."""

    def __init__(self) -> None:
        self.detector = UtteranceDetector()
        self.events: list[SpeechEvent] = []
        self.at = 0.0

    def add(self, seconds: float, *, voiced: bool) -> Track:
        for _ in range(round(seconds / FRAME)):
            self.events += self.detector.add(self.at, VOICE if voiced else SILENCE, voiced=voiced)
            self.at += FRAME
        return self

    @property
    def edges(self) -> list[SpeechEvent]:
        return [each for each in self.events if not isinstance(each, Heard)]

    @property
    def audio(self) -> bytes:
        return b"".join(each.audio for each in self.events if isinstance(each, Heard))


def seconds(audio: bytes) -> float:
    return round(len(audio) / FRAME_BYTES * FRAME, 2)


def test_silence_and_a_click_are_no_utterance() -> None:
    assert Track().add(5, voiced=False).add(0.08, voiced=True).add(5, voiced=False).events == []


def test_an_utterance_includes_what_came_before_its_voice_and_ends_after_a_pause() -> None:
    track = Track().add(2, voiced=False).add(1, voiced=True).add(2, voiced=False)
    [began, ended] = track.edges
    assert isinstance(began, Began)
    assert isinstance(ended, Ended)
    assert round(began.at, 2) == 1.8, "0.1 s of voice began it, with 0.2 s before"
    assert seconds(track.audio) == round(3 + HANGOVER - 1.8, 2)
    assert track.audio.startswith(SILENCE)


def test_a_short_pause_does_not_end_an_utterance() -> None:
    track = Track().add(1, voiced=True).add(HANGOVER - 2 * FRAME, voiced=False).add(1, voiced=True)
    assert [type(each) for each in track.edges] == [Began]


def test_a_long_utterance_ends_at_a_shorter_pause() -> None:
    track = Track().add(LONG, voiced=True).add(0.3, voiced=False).add(1, voiced=True)
    assert [type(each) for each in track.edges] == [Began, Ended, Began]
    assert seconds(track.audio) > LONG + 0.3 + 1 - 0.1, "nothing that was said is missing"


def test_an_utterance_without_a_pause_is_cut_and_loses_nothing() -> None:
    track = Track().add(LONGEST + 2, voiced=True)
    assert [type(each) for each in track.edges] == [Began, Ended, Began]
    assert seconds(track.audio) == LONGEST + 2


def test_a_short_hole_is_silence_and_a_long_one_ends_the_utterance() -> None:
    track = Track().add(1, voiced=True)
    track.at += 0.1
    track.add(1, voiced=True)
    assert seconds(track.audio) == 2.1
    assert SILENCE * 5 in track.audio
    track.at += 3
    track.add(1, voiced=True)
    assert [type(each) for each in track.edges] == [Began, Ended, Began]
    assert seconds(track.audio) == 3.1


def test_a_track_that_ends_ends_its_utterance_once() -> None:
    track = Track().add(1, voiced=True)
    assert track.detector.end() == [Ended()]
    assert track.detector.end() == []
