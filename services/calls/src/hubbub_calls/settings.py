"""The settings of the calls service, read from environment variables."""

from __future__ import annotations

from pydantic import Field

from hubbub_service import ServiceSettings


class Settings(ServiceSettings):
    """The service's own settings, in addition to those of every service."""

    ring_timeout: float = Field(
        60.0, gt=0, le=3600, description="Seconds for which a call rings, by the clock of the calls service."
    )
    entry_timeout: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Seconds in which a user who has answered, or started a group's call, must be in the call's room.",
    )
    call_history_retention: float = Field(
        30 * 86_400.0, ge=1, description="Seconds for which calls that have ended are listed."
    )
    max_calls: int = Field(10_000, gt=0, description="Largest number of live calls.")
    bucket_replicas: int = Field(
        1,
        ge=1,
        le=5,
        description="Copies of the bucket and the history in a NATS cluster; 3 tolerate the loss of one server.",
    )
    request_concurrency: int = Field(512, gt=0, description="Requests of one kind that are handled concurrently.")
