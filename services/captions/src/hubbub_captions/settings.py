"""The settings of the captions service, read from environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, model_validator

from hubbub_contracts import ids
from hubbub_service import ServiceSettings

SPEAKERS_PER_CORE = 2
"""Moonshine's small model takes up to half a core for each person who speaks."""


class Settings(ServiceSettings):
    """The service's own settings, in addition to those of every service."""

    captions_id: str = Field(default_factory=ids.mint, description="Unique name of this instance; random when not set.")
    captions_engine: Literal["moonshine", "whisper"] = Field(
        "moonshine", description="`moonshine`: English, with a model of its own; `whisper`: see WHISPER_MODEL."
    )
    captions_speakers: int = Field(
        default_factory=lambda: SPEAKERS_PER_CORE * (os.cpu_count() or 1),
        gt=0,
        le=256,
        description="How many people who speak at the same time get captions, in all rooms of this instance; two per "
        "core when not set. Each takes up to half a core and 150 MB.",
    )
    whisper_model: Path | None = Field(
        None,
        description="Directory of a Whisper model in CTranslate2's format, for `CAPTIONS_ENGINE=whisper`, which needs "
        "the package's extra `whisper`.",
    )
    whisper_language: str | None = Field(
        None, pattern="^[a-z]{2,3}$", description="ISO 639 code of the language; detected when not set."
    )

    transcript_dir: Path | None = Field(
        None,
        description="Directory in which the transcripts of rooms with captions are kept, as JSON and WebVTT; none are "
        "kept when not set.",
    )
    summary_url: HttpUrl | None = Field(
        None,
        description="URL to which a transcript is posted as JSON when its captions end. The answer is kept as its "
        "summary.",
    )
    summary_plugin: str | None = Field(
        None,
        description="Python entry point of the group `hubbub.summaries` that makes the summaries instead.",
    )

    @model_validator(mode="after")
    def _agrees(self) -> Settings:
        if self.captions_engine == "whisper" and self.whisper_model is None:
            raise ValueError("CAPTIONS_ENGINE=whisper needs WHISPER_MODEL")
        if self.transcript_dir is None and (self.summary_url or self.summary_plugin):
            raise ValueError("summaries need TRANSCRIPT_DIR")
        return self
