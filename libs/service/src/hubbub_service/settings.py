"""Settings: environment variables, validated once at the start."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .client_tls import client_context
from .exposure import unset_secrets, why_published

LogLevel = Literal["debug", "info", "warning", "error"]


class ServiceSettings(BaseSettings):
    """The settings of every service. Each service derives its own settings from this class."""

    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", env_ignore_empty=True, frozen=True, validate_default=True
    )

    nats_url: str = Field(
        "nats://127.0.0.1:4222",
        description="NATS servers, comma-separated, with credentials. With `tls://` or NATS_CA, one without TLS is "
        "refused.",
    )
    nats_ca: Path | None = Field(
        None,
        description="PEM file of the authority that signed the NATS servers' certificates; not set: those that this "
        "machine trusts.",
    )
    nats_cert: Path | None = Field(
        None, description="PEM file of this service's certificate and its chain, for NATS servers that verify clients."
    )
    nats_key: Path | None = Field(None, description="PEM file of that certificate's key, unencrypted.")
    log_level: LogLevel = Field("info", description="debug, info, warning or error.")
    environment: str | None = Field(
        None, description="`development` writes logs as text; any other value writes them as JSON."
    )
    node_env: str | None = Field(None, description="Used when ENVIRONMENT is not set.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="TCP port of `/health`, `/ready` and `/metrics`; not set: none. Signaling has them on PORT, too; "
        "with AUTH, `/metrics` needs a grant there.",
    )
    metrics_host: str = Field("127.0.0.1", description="Address on which METRICS_PORT listens.")
    published_address: str | None = Field(
        None, description="In containers, the address at which the port of signaling, or of its proxy, is published."
    )
    required_secrets: str | None = Field(
        None,
        description="`NAME=value`, comma-separated: no service starts when one has no value and clients from elsewhere "
        "reach the installation. `compose.yaml` says here which secrets are set.",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_nats_tls(self) -> Self:
        if bool(self.nats_cert) != bool(self.nats_key):
            present, absent = ("NATS_CERT", "NATS_KEY") if self.nats_cert else ("NATS_KEY", "NATS_CERT")
            raise ValueError(f"{present} is set and {absent} is not: set both or neither")
        if self.nats_cert and not self.nats_ca:
            raise ValueError(
                "NATS_CERT is set and NATS_CA is not: a client that proves who it is checks the server, too"
            )
        if self.nats_ca:
            client_context(self.nats_ca, self.nats_cert, self.nats_key)
        return self

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        reachable = self.why_reachable
        if reachable is not None and (missing := unset_secrets(self.required_secrets)):
            raise ValueError(
                f"others can reach this installation, because {reachable}, with secrets that everybody knows: set "
                f"{', '.join(missing)}"
            )
        return self

    @property
    def why_reachable(self) -> str | None:
        """Why clients from elsewhere reach the installation; None when they do not."""
        return why_published(self.published_address)

    @property
    def nats_tls(self) -> ssl.SSLContext | None:
        """The context of connections to NATS. None: TLS only where NATS_URL or the server asks for it."""
        return None if self.nats_ca is None else client_context(self.nats_ca, self.nats_cert, self.nats_key)

    @property
    def development(self) -> bool:
        """Logs are written as text."""
        return (self.environment or self.node_env) == "development"


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(model: type[SettingsT]) -> SettingsT:
    """Reads the settings from the environment. Invalid ones are explained on stderr; the process exits with 2."""
    try:
        return model()
    except ValidationError as error:
        sys.stderr.write(explain(model, error))
        raise SystemExit(2) from None


def explain(model: type[BaseSettings], error: ValidationError) -> str:
    """Returns a line for each invalid setting: variable, problem, description. Omits values: they may be secret."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        field = model.model_fields.get(name.lower())
        description = f" ({field.description})" if field is not None and field.description else ""
        lines.append(f"{name.upper() or model.__name__}: {problem['msg']}{description}\n")
    return "".join(lines)
