"""Settings: environment variables, checked once at the start, explained when they are wrong."""

from __future__ import annotations

import sys
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Literal["debug", "info", "warning", "error"]


class ServiceSettings(BaseSettings):
    """What an operator can set for every service. A service's own settings derive from this."""

    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", env_ignore_empty=True, frozen=True, validate_default=True
    )

    nats_url: str = Field("nats://127.0.0.1:4222", description="NATS servers, comma-separated, credentials inside.")
    log_level: LogLevel = Field("info", description="debug, info, warning or error.")
    environment: str | None = Field(
        None, description="`development` makes logs readable for people; anything else makes them JSON."
    )
    node_env: str | None = Field(None, description="The same, where ENVIRONMENT is not set.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="TCP port of `/health`, `/ready` and `/metrics`; none when not set. Signaling has them on PORT.",
    )
    metrics_host: str = Field("127.0.0.1", description="Address that METRICS_PORT is on.")

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @property
    def development(self) -> bool:
        """Readable logs are wanted."""
        return (self.environment or self.node_env) == "development"


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(model: type[SettingsT]) -> SettingsT:
    """The settings of the environment; says on stderr which are wrong, and exits with 2, when they are."""
    try:
        return model()
    except ValidationError as error:
        sys.stderr.write(explain(model, error))
        raise SystemExit(2) from None


def explain(model: type[BaseSettings], error: ValidationError) -> str:
    """One line for each wrong setting: its variable, what is wrong, what it is for. Values are not repeated."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        field = model.model_fields.get(name.lower())
        purpose = f" ({field.description})" if field is not None and field.description else ""
        lines.append(f"{name.upper() or model.__name__}: {problem['msg']}{purpose}\n")
    return "".join(lines)
