"""The contract of `Transcriber`, for each engine. The engines are replaced by fakes: real ones are tested below."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hubbub_captions.adapters import moonshine, whisper
from hubbub_captions.adapters.moonshine import MoonshineTranscriber
from hubbub_captions.adapters.whisper import WhisperTranscriber
from hubbub_captions.domain.transcriber import BYTES_PER_SECOND, Segment, Transcriber, TranscriptionFailed
from support.known_speech import samples, word_error_rate

SECOND = bytes(BYTES_PER_SECOND)


@dataclass
class FakeLine:
    """A line of one of the engines. What it says depends on how much audio there is."""

    text: str
    start: float
    end: float
    is_complete: bool = False

    @property
    def start_time(self) -> float:
        return self.start

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass
class FakeTranscript:
    lines: list[FakeLine]


Script = Callable[[float], list[FakeLine]]
"""What the engine hears in so many seconds of audio. May raise."""


class FakeMoonshine:
    """Records which streams are open."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.open = 0
        self.streams = 0

    def create_stream(self) -> FakeStream:
        return FakeStream(self)

    def close(self) -> None:
        assert self.open == 0, "a stream is still open"


class FakeStream:
    def __init__(self, engine: FakeMoonshine) -> None:
        self._engine = engine
        self._seconds = 0.0
        engine.open += 1
        engine.streams += 1

    def start(self) -> None:
        pass

    def add_audio(self, audio_data: list[float], sample_rate: int) -> None:
        assert max(map(abs, audio_data)) <= 1
        self._seconds += len(audio_data) / sample_rate

    def update_transcription(self) -> FakeTranscript:
        return FakeTranscript(self._engine.script(self._seconds))

    def stop(self) -> FakeTranscript:
        return self.update_transcription()

    def close(self) -> None:
        self._engine.open -= 1


class FakeWhisper:
    def __init__(self, script: Script) -> None:
        self.script = script

    def transcribe(self, audio: Any, **options: Any) -> tuple[Iterator[FakeLine], object]:
        assert options["vad_filter"]
        assert not options["condition_on_previous_text"]
        return iter(self.script(len(audio) / 16_000)), None


def _moonshine(script: Script) -> Transcriber:
    return MoonshineTranscriber(FakeMoonshine(script))


def _whisper(script: Script) -> Transcriber:
    return WhisperTranscriber(FakeWhisper(script))


either = pytest.mark.parametrize("make", [_moonshine, _whisper])


def two_sentences(seconds: float) -> list[FakeLine]:
    first = FakeLine(" Ever tried." if seconds >= 2 else "Ever", 0.1, min(seconds, 1.5))
    return [first, *([FakeLine("Ever failed. ", 1.6, seconds)] if seconds >= 3 else [])]


@either
def test_a_segment_is_reported_when_its_text_changes_and_when_it_is_final(
    make: Callable[[Script], Transcriber],
) -> None:
    transcriber = make(two_sentences)
    reported = []
    for _ in range(4):
        transcriber.add(SECOND)
        reported.append([(each.index, each.text, each.final) for each in transcriber.update()])
    assert reported == [[(0, "Ever", False)], [(0, "Ever tried.", False)], [(1, "Ever failed.", False)], []]
    assert transcriber.finish() == [
        Segment(0, "Ever tried.", 0.1, 1.5, final=True),
        Segment(1, "Ever failed.", 1.6, 4.0, final=True),
    ]
    transcriber.close()


@either
def test_the_next_utterance_begins_anew(make: Callable[[Script], Transcriber]) -> None:
    transcriber = make(two_sentences)
    for _ in range(2):
        transcriber.add(SECOND)
        assert [each.text for each in transcriber.finish()] == ["Ever"]
    transcriber.close()


@either
def test_without_audio_or_words_there_are_no_segments(make: Callable[[Script], Transcriber]) -> None:
    transcriber = make(lambda seconds: [FakeLine(" ", 0, seconds)])
    assert transcriber.update() == transcriber.finish() == []
    transcriber.add(SECOND)
    assert transcriber.update() == transcriber.finish() == []
    transcriber.close()


@either
def test_a_segment_that_disappears_becomes_final_without_text(make: Callable[[Script], Transcriber]) -> None:
    transcriber = make(lambda seconds: [FakeLine("Thank you.", 0, 1)] if seconds < 2 else [])
    transcriber.add(SECOND)
    [partial] = transcriber.update()
    transcriber.add(SECOND)
    transcriber.update()
    [final] = transcriber.finish()
    assert (partial.text, final) == ("Thank you.", Segment(0, "", 0, 1, final=True))
    transcriber.close()


@either
def test_a_failure_ends_the_utterance_and_not_the_transcriber(make: Callable[[Script], Transcriber]) -> None:
    fails = True

    def script(seconds: float) -> list[FakeLine]:
        if fails:
            raise RuntimeError("onnxruntime")
        return [FakeLine("Again.", 0, seconds)]

    transcriber = make(script)
    for method in (transcriber.update, transcriber.finish):
        transcriber.add(SECOND)
        with pytest.raises(TranscriptionFailed, match="onnxruntime"):
            method()
    fails = False
    transcriber.add(SECOND)
    assert transcriber.finish() == [Segment(0, "Again.", 0, 1, final=True)]
    transcriber.close()


def test_a_complete_line_of_moonshine_is_final_before_the_utterance_ends() -> None:
    lines = [FakeLine("Ever tried.", 0, 1, is_complete=True)]
    transcriber = _moonshine(lambda _seconds: lines)
    transcriber.add(SECOND)
    assert [each.final for each in transcriber.update()] == [True]
    lines[0] = FakeLine("Never tired.", 0, 1, is_complete=True)
    assert transcriber.update() == transcriber.finish() == []


def test_each_utterance_has_a_stream_of_moonshine_of_its_own() -> None:
    engine = FakeMoonshine(two_sentences)
    transcriber = MoonshineTranscriber(engine)
    for utterance in (1, 2):
        transcriber.add(SECOND)
        transcriber.finish()
        assert (engine.streams, engine.open) == (utterance, 0)


def test_whisper_does_not_transcribe_less_than_a_second_again() -> None:
    heard = []

    def script(seconds: float) -> list[FakeLine]:
        heard.append(seconds)
        return []

    transcriber = _whisper(script)
    for _ in range(6):
        transcriber.add(SECOND[: BYTES_PER_SECOND // 2])
        transcriber.update()
    assert heard == [1, 2, 3]


def test_moonshine_understands_the_recording() -> None:
    pytest.importorskip("moonshine_voice")
    _understands(MoonshineTranscriber(moonshine.load_engine()))


def test_whisper_understands_the_recording() -> None:
    model = os.environ.get("WHISPER_MODEL")
    if model is None:
        pytest.skip("WHISPER_MODEL is not set: no model can be downloaded here")
    _understands(WhisperTranscriber(whisper.load_engine(Path(model)), "en"))


def _understands(transcriber: Transcriber) -> None:
    audio = samples()
    final = []
    for begin in range(0, len(audio), BYTES_PER_SECOND // 2):
        transcriber.add(audio[begin : begin + BYTES_PER_SECOND // 2])
        final += [each for each in transcriber.update() if each.final]
    final += transcriber.finish()
    assert word_error_rate(" ".join(each.text for each in final)) <= 0.2, final
    assert final == sorted(final, key=lambda each: each.start)
    assert all(0 <= each.start < each.end <= 10 for each in final)
    transcriber.close()
