"""Spans are exported only when the environment asks for it, and never delay the exit."""

import socket
import subprocess
import sys

import pytest

from hubbub_service.tracing import export_enabled

PROGRAM = """
from opentelemetry import trace
from hubbub_service import configure_logging, configure_tracing
configure_logging("test")
tracing = configure_tracing("registry")
with trace.get_tracer("t").start_as_current_span("s"):
    pass
print(trace.get_tracer_provider().resource.attributes["service.name"])
tracing.close(timeout=0.5)
"""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://there"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://there"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://there"}, False),
    ],
)
def test_spans_are_exported_when_the_environment_asks_for_it(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert export_enabled() is expected


def test_a_collector_that_does_not_answer_does_not_delay_the_exit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "3600",
            "OTEL_SERVICE_NAME": "mine",
        }
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=30, check=True
        )
    assert ended.stdout.strip() == "mine"
