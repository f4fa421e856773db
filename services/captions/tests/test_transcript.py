"""Transcripts in both formats."""

from __future__ import annotations

from hubbub_captions.domain import transcript
from hubbub_captions.domain.transcript import Line, Transcript

BEGAN = 1_700_000_000_000


def line(text: str, start: int, *, name: str = "Ann", seconds: float = 1.0) -> Line:
    begin = BEGAN + start
    return Line("u1", name, text, begin, begin + round(1000 * seconds))


def test_cues_have_speakers_and_are_in_the_order_of_their_beginnings() -> None:
    kept = Transcript("room", BEGAN)
    kept.add(line("No matter.", 3_723_004, name="Bob"))
    kept.add(line("Ever tried.", 1_500, seconds=1.25))
    assert kept.to_webvtt() == (
        "WEBVTT\n\n"
        "00:00:01.500 --> 00:00:02.750\n<v Ann>Ever tried.\n\n"
        "01:02:03.004 --> 01:02:04.004\n<v Bob>No matter.\n"
    )
    assert kept.to_json() == {
        "roomId": "room",
        "beganAt": BEGAN,
        "lines": [
            {"userId": "u1", "name": "Ann", "text": "Ever tried.", "start": BEGAN + 1_500, "end": BEGAN + 2_750},
            {"userId": "u1", "name": "Bob", "text": "No matter.", "start": BEGAN + 3_723_004, "end": BEGAN + 3_724_004},
        ],
    }


def test_nothing_that_is_said_or_a_name_can_end_a_cue_or_be_markup() -> None:
    kept = Transcript("room", BEGAN)
    kept.add(line("a --> b\n\n00:00 & <c>", 0, name="<b>\nEve & Co"))
    assert kept.to_webvtt().splitlines()[3:] == [
        "<v &lt;b&gt; Eve &amp; Co>a --&gt; b 00:00 &amp; &lt;c&gt;",
    ]


def test_audio_from_before_the_beginning_begins_with_it() -> None:
    kept = Transcript("room", BEGAN)
    kept.add(line("Hello.", -300))
    assert "00:00:00.000 --> 00:00:00.700" in kept.to_webvtt()


def test_an_empty_transcript_is_valid() -> None:
    assert Transcript("room", BEGAN).to_webvtt() == "WEBVTT\n"


def test_a_transcript_is_bounded() -> None:
    kept = Transcript("room", BEGAN)
    for index in range(transcript.MAX_LINES + 5):
        kept.add(line("x", index))
    assert len(kept) == transcript.MAX_LINES
