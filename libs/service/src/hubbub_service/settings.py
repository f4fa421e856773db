"""Settings that every service has, read from environment variables. A wrong one is told clearly and ends the start."""

from __future__ import annotations

import sys
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Literal["debug", "info", "warning", "error"]
SettingsT = TypeVar("SettingsT", bound="ServiceSettings")


class ServiceSettings(BaseSettings):
    """Environment variables are the fields' names in capitals."""

    model_config = SettingsConfigDict(
        case_sensitive=False,
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    nats_url: str = Field("nats://localhost:4222", description="NATS servers, comma-separated, credentials inside.")
    log_level: LogLevel = Field("info", description="The least severe log line that is written.")
    environment: str = Field(
        "development",
        validation_alias=AliasChoices("ENVIRONMENT", "NODE_ENV", "environment"),
        description="`production` writes logs as JSON also to a terminal.",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


def load(settings: type[SettingsT]) -> SettingsT:
    """The settings of this process. Exits with status 2 and one line for each that is wrong."""
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        raise SystemExit(2) from error
