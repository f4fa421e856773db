"""A recording with known words, and how many of them were recognised."""

from __future__ import annotations

import re
import wave
from pathlib import Path

from moonshine_voice.utils import get_assets_path

WORDS = ["ever", "tried", "ever", "failed", "no", "matter", "try", "again", "fail", "again", "fail", "better"]
"""What is said in the recording."""
SENTENCE_ENDS = (1.48, 3.07, 4.48, 5.86, 7.68, 9.15)
"""Seconds in the recording at which the last words of its sentences end."""


def recording() -> Path:
    """The WAV in Moonshine's package: 10 s of one voice, 16 kHz, 16 bits, one channel."""
    return Path(get_assets_path()) / "beckett.wav"


def samples() -> bytes:
    """The samples of the recording."""
    with wave.open(str(recording())) as file:
        return bytes(file.readframes(file.getnframes()))


def word_error_rate(text: str) -> float:
    """The words that are wrong, missing or too many, for each word that was said. Case and punctuation do not count."""
    heard = re.findall(r"[a-z']+", text.lower())
    row = list(range(len(heard) + 1))
    for said_count, said in enumerate(WORDS, 1):
        last, row[0] = row[0], said_count
        for index, word in enumerate(heard, 1):
            last, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, last + (said != word))
    return row[-1] / len(WORDS)
