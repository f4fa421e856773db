"""The generated reference of settings."""

from hubbub_cli.configuration_page import SERVICES, configuration_page


def test_every_setting_is_listed_with_a_description() -> None:
    page = configuration_page()
    for service, model in SERVICES.items():
        for name, field in model.model_fields.items():
            assert field.description, f"{service}: {name}"
            assert f"`{name.upper()}`" in page


def test_row_shows_bounds_choices_and_default() -> None:
    page = configuration_page()
    assert "| `PORT` | integer, ≥ 0, ≤ 65535 | `4000` | TCP port of HTTP and Socket.IO. |" in page
    assert "| `ICE_TRANSPORT_POLICY` | `all`, `relay` |  |" in page
    assert "| `PIN_WORKERS` | `true`, `false` | `false` |" in page


def test_options_of_up_are_listed_with_their_variables() -> None:
    assert "| `--workers` | `WORKERS` | one per core |" in configuration_page()
