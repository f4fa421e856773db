"""What a composing process is told, and what it answers: JSON, one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from hubbub_contracts import Model
from hubbub_contracts.recording import CompositionOptions, RecordedTrack


class Job(Model):
    """A file to make. The end of the input says that the recording has finished."""

    directory: Annotated[Path, Field(strict=False)]
    """The directory of the recording."""
    started_at: int
    """When it started, in Unix milliseconds."""
    is_finished: bool
    """Whether it has finished; else it is followed."""
    tracks: list[RecordedTrack]
    """Its files, as far as they are known."""
    options: CompositionOptions
    """How they are composed."""
    output: str
    """The name of the file while it is written."""
    poster: str
    """The name of the picture, while it is written."""
    font: Annotated[Path, Field(strict=False)] | None = None
    """The font of the names; None: one for Latin letters."""


class Progressed(Model):
    """A part of the file is made."""

    kind: Literal["progressed"] = "progressed"
    progress: float
    """0 to 1."""


class Composed(Model):
    """The file is complete, and so is the picture if there is one."""

    kind: Literal["composed"] = "composed"
    duration: int
    """Milliseconds."""
    has_poster: bool


class NotComposed(Model):
    """The file cannot be made."""

    kind: Literal["not_composed"] = "not_composed"
    error: str


Answer = Progressed | Composed | NotComposed
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
"""Reads an answer."""
