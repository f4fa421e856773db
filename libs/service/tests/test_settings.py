"""Settings come from the environment; invalid ones are explained."""

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from hubbub_service import ServiceSettings, load_settings


class Settings(ServiceSettings):
    """The settings of some service."""

    port: int = Field(4000, ge=0, le=65535, description="TCP port.")


def test_variables_are_read_and_empty_ones_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.setenv("NATS_URL", "nats://a:1,nats://b:2")
    monkeypatch.setenv("LOG_LEVEL", "")
    monkeypatch.setenv("NODE_ENV", "development")
    settings = load_settings(Settings)
    assert (settings.port, settings.nats_url, settings.log_level) == (5000, "nats://a:1,nats://b:2", "info")
    assert settings.development


def test_invalid_settings_are_explained_without_their_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "70000")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as exited:
        load_settings(Settings)
    written = capsys.readouterr().err
    assert exited.value.code == 2
    assert "PORT: Input should be less than or equal to 65535 (TCP port.)" in written
    assert "LOG_LEVEL: " in written
    assert "loud" not in written


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"nats_cert": "here.pem"}, "NATS_CERT is set and NATS_KEY is not"),
        ({"nats_key": "here.pem"}, "NATS_KEY is set and NATS_CERT is not"),
        ({"nats_cert": "here.pem", "nats_key": "here.pem"}, "NATS_CERT is set and NATS_CA is not"),
        ({"nats_ca": "absent.pem"}, "NATS_CA: .*absent.pem cannot be read: No such file"),
        ({"nats_ca": "here.pem"}, "NATS_CA must be a PEM file of certificates"),
    ],
)
def test_unusable_files_for_the_bus_are_refused_at_the_start(
    tmp_path: Path, files: dict[str, str], problem: str
) -> None:
    (tmp_path / "here.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(ValidationError, match=problem):
        Settings(**{name: tmp_path / file for name, file in files.items()})  # type: ignore[arg-type]


def test_no_service_starts_with_published_secrets_where_others_can_connect() -> None:
    listed = "TURN_SECRET=, NATS_CALLS_PASSWORD=set, NATS_NODE_PASSWORD="
    assert ServiceSettings(required_secrets=listed).why_reachable is None
    assert ServiceSettings(required_secrets=listed, published_address="127.0.0.1").why_reachable is None
    with pytest.raises(ValidationError, match=r"published at 0\.0\.0\.0.* set TURN_SECRET, NATS_NODE_PASSWORD"):
        ServiceSettings(required_secrets=listed, published_address="0.0.0.0")
    assert ServiceSettings(required_secrets="TURN_SECRET=set", published_address="0.0.0.0").why_reachable is not None
