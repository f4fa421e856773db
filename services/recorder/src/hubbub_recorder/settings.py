"""The settings of the recorder, read from environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from hubbub_contracts import ids
from hubbub_service import ServiceSettings


class Settings(ServiceSettings):
    """The service's own settings, in addition to those of every service."""

    recorder_id: str = Field(default_factory=ids.mint, description="Unique name of this instance; random when not set.")
    recordings_dir: Path = Field(
        Path("recordings"),
        description="Directory of the recordings. Instances share it: any of them serves files, and goes on with a "
        "recording whose recorder is gone.",
    )
    recordings_s3_url: str | None = Field(
        None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_./-]*)?$",
        description="Bucket of an S3-compatible store to which finished recordings are moved, as `s3://bucket/prefix`. "
        "Credentials and endpoint are read from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and "
        "`AWS_ENDPOINT_URL`. When not set, recordings stay in `RECORDINGS_DIR`.",
    )
    writer_processes: int = Field(1, ge=1, le=64, description="Processes that write files.")
    max_recordings: int = Field(50, gt=0, description="Largest number of rooms that this instance records at once.")
    min_free_disk: int = Field(
        512 * 1024 * 1024, ge=0, description="Bytes that must be free on the disk: with fewer, recordings stop."
    )
    recording_retention: float | None = Field(
        None, ge=1, description="Seconds after which a recording is deleted, files included; never when not set."
    )
    recording_composition: Literal["grid", "speaker"] | None = Field(
        None, description="Layout in which each recording is composed into an MP4; none when not set."
    )
    recording_composition_live: bool = Field(
        False, description="Whether RECORDING_COMPOSITION composes while the recording runs; else afterwards."
    )
    composer_processes: int = Field(1, ge=1, le=64, description="Compositions that this instance makes at once.")
    max_compositions: int = Field(100, gt=0, description="Largest number of compositions that wait, of all recordings.")
    composition_font: Path | None = Field(
        None, description="TrueType or OpenType font of the names in compositions. The built-in one has Latin letters."
    )
    bucket_replicas: int = Field(
        1, ge=1, le=5, description="Copies of the bucket in a NATS cluster; 3 tolerate the loss of one server."
    )
    request_concurrency: int = Field(64, gt=0, description="Requests of one kind that are handled concurrently.")
