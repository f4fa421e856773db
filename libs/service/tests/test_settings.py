"""Settings come from the environment, and wrong ones are explained."""

import pytest
from pydantic import Field

from hubbub_service import ServiceSettings, load_settings


class Settings(ServiceSettings):
    """Some service's."""

    port: int = Field(4000, ge=0, le=65535, description="TCP port.")


def test_variables_are_read_and_empty_ones_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.setenv("NATS_URL", "nats://a:1,nats://b:2")
    monkeypatch.setenv("LOG_LEVEL", "")
    monkeypatch.setenv("NODE_ENV", "development")
    settings = load_settings(Settings)
    assert (settings.port, settings.nats_url, settings.log_level) == (5000, "nats://a:1,nats://b:2", "info")
    assert settings.development


def test_what_is_wrong_is_said_with_its_purpose_and_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "70000")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as ended:
        load_settings(Settings)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "PORT: Input should be less than or equal to 65535 (TCP port.)" in said
    assert "LOG_LEVEL: " in said
    assert "loud" not in said
