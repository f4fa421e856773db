"""Transcripts in a local directory: `<room id>/<Unix milliseconds>.json` and `.vtt`, readable by this user only.

A file is replaced as a whole, so that a reader, and a kill, find the former or the new one.
"""

from __future__ import annotations

from pathlib import Path

from hubbub_contracts.transcript import Transcript, to_json, to_webvtt


class TranscriptFiles:
    """Implements `domain.ports.TranscriptStore`. Blocking."""

    def __init__(self, directory: Path) -> None:
        """The directory is created when it is needed."""
        self._directory = directory

    def save(self, transcript: Transcript) -> None:
        """See `TranscriptStore`."""
        self._write(transcript, ".json", to_json(transcript))
        self._write(transcript, ".vtt", to_webvtt(transcript))

    def save_summary(self, transcript: Transcript, text: str) -> None:
        """See `TranscriptStore`."""
        self._write(transcript, ".summary.txt", text)

    def _write(self, transcript: Transcript, suffix: str, text: str) -> None:
        folder = self._directory / transcript.room_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = folder / f"{transcript.began_at}{suffix}.new"
        new.touch(mode=0o600)
        new.write_text(text, encoding="utf-8")
        new.replace(folder / f"{transcript.began_at}{suffix}")
