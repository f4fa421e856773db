"""The settings of the webhooks service, read from environment variables."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, TypeAdapter, field_validator, model_validator

from hubbub_contracts.bus.webhook_records import WebhookRecord
from hubbub_contracts.webhook import Secret, Url
from hubbub_service import ServiceSettings

from .domain.address_policy import AddressPolicy, parse_networks

_SECRETS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[Secret], Field(max_length=2)])
CONFIGURED = "configured"
"""The id of the endpoint of WEBHOOK_URL."""


class Settings(ServiceSettings):
    """The service's own settings, in addition to those of every service."""

    webhook_url: Url | None = Field(
        None,
        description="Where all events are posted to. More endpoints are managed over HTTP: see the guide on webhooks.",
    )
    webhook_secrets: SecretStr | None = Field(
        None,
        description="The key that signs the events of `WEBHOOK_URL`: `whsec_` and the base64 of 24 to 64 random bytes. "
        "Two of them, separated by a comma, while the key is replaced.",
    )
    webhook_private_networks: str = Field(
        "",
        description="Networks that are not public, in CIDR notation and separated by commas, to whose addresses events "
        "may be posted.",
    )
    bucket_replicas: int = Field(
        1,
        ge=1,
        le=5,
        description="Copies of the bucket and the streams in a NATS cluster; 3 tolerate the loss of one server.",
    )
    request_concurrency: int = Field(64, gt=0, description="Requests of one kind that are handled concurrently.")

    @field_validator("webhook_private_networks")
    @classmethod
    def _check_networks(cls, value: str) -> str:
        parse_networks(value.split(","))
        return value

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        if self.webhook_url is not None and self.webhook_secrets is None:
            raise ValueError("WEBHOOK_URL needs WEBHOOK_SECRETS")
        _SECRETS.validate_python(self._secrets)
        return self

    @property
    def address_policy(self) -> AddressPolicy:
        """To which addresses events may be posted."""
        return AddressPolicy(parse_networks(self.webhook_private_networks.split(",")))

    @property
    def configured_endpoint(self) -> WebhookRecord | None:
        """The endpoint of WEBHOOK_URL."""
        if self.webhook_url is None:
            return None
        return WebhookRecord(
            webhook_id=CONFIGURED,
            created_at=0,
            url=self.webhook_url,
            events=[],
            secrets=self._secrets,
            all_tenants=True,
        )

    @property
    def _secrets(self) -> list[str]:
        text = "" if self.webhook_secrets is None else self.webhook_secrets.get_secret_value()
        return [each.strip() for each in text.split(",") if each.strip()]
