"""Transcripts in both formats."""

from __future__ import annotations

import json

from hubbub_contracts import transcript
from hubbub_contracts.transcript import Transcript, TranscriptLine, TranscriptLog, to_json, to_webvtt

BEGAN = 1_700_000_000_000


def line(text: str, start: int, *, name: str = "Ann", seconds: float = 1.0) -> TranscriptLine:
    begin = BEGAN + start
    return TranscriptLine(user_id="u1", name=name, text=text, start=begin, end=begin + round(1000 * seconds))


def test_cues_have_speakers_and_are_in_the_order_of_their_beginnings() -> None:
    log = TranscriptLog("room", BEGAN)
    log.add(line("No matter.", 3_723_004, name="Bob"))
    log.add(line("Ever tried.", 1_500, seconds=1.25))
    assert to_webvtt(log.transcript()) == (
        "WEBVTT\n\n"
        "00:00:01.500 --> 00:00:02.750\n<v Ann>Ever tried.\n\n"
        "01:02:03.004 --> 01:02:04.004\n<v Bob>No matter.\n"
    )
    assert json.loads(to_json(log.transcript())) == {
        "roomId": "room",
        "beganAt": BEGAN,
        "lines": [
            {"userId": "u1", "name": "Ann", "text": "Ever tried.", "start": BEGAN + 1_500, "end": BEGAN + 2_750},
            {"userId": "u1", "name": "Bob", "text": "No matter.", "start": BEGAN + 3_723_004, "end": BEGAN + 3_724_004},
        ],
    }


def test_nothing_that_is_said_or_a_name_can_end_a_cue_or_be_markup() -> None:
    log = TranscriptLog("room", BEGAN)
    log.add(line("a --> b\n\n00:00 & <c>", 0, name="<b>\nEve & Co"))
    assert to_webvtt(log.transcript()).splitlines()[3:] == [
        "<v &lt;b&gt; Eve &amp; Co>a --&gt; b 00:00 &amp; &lt;c&gt;",
    ]


def test_audio_from_before_the_beginning_begins_with_it() -> None:
    log = TranscriptLog("room", BEGAN)
    log.add(line("Hello.", -300))
    assert "00:00:00.000 --> 00:00:00.700" in to_webvtt(log.transcript())


def test_an_empty_transcript_is_valid() -> None:
    assert to_webvtt(TranscriptLog("room", BEGAN).transcript()) == "WEBVTT\n"


def test_a_transcript_is_bounded() -> None:
    log = TranscriptLog("room", BEGAN)
    for index in range(transcript.MAX_LINES + 5):
        log.add(line("x", index))
    assert len(log) == transcript.MAX_LINES


def test_a_transcript_goes_on_where_another_writer_left_it() -> None:
    first = TranscriptLog("room", BEGAN)
    first.add(line("Ever tried.", 0))
    known = Transcript.model_validate_json(to_json(first.transcript()))
    second = TranscriptLog("room", BEGAN, known)
    second.add(line("Ever failed.", 2_000))
    assert [one.text for one in second.transcript().lines] == ["Ever tried.", "Ever failed."]
