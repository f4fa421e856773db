"""The exit status and message of a container's health check."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hubbub_service import healthcheck


@contextmanager
def service(status: int) -> Iterator[int]:
    """Runs a service that answers `/health` with `status`; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Logs nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_service_that_answers_200_is_healthy() -> None:
    with service(200) as port:
        assert healthcheck.check("PORT", {"PORT": str(port)}) is None


def test_another_status_is_unhealthy() -> None:
    with service(503) as port:
        assert healthcheck.check("PORT", {"PORT": str(port)}) == "/health answered 503"


def test_a_refused_connection_is_unhealthy(tcp_port: int) -> None:
    assert "ConnectionRefusedError" in str(healthcheck.check("PORT", {"PORT": str(tcp_port)}))


def test_a_service_with_a_certificate_is_checked_over_tls() -> None:
    with service(200) as port:
        assert "SSLError" in str(healthcheck.check("PORT", {"PORT": str(port), "TLS_CERT": "/cert.pem"}))


@pytest.mark.parametrize("value", ["", "http", "-1"])
def test_an_invalid_port_is_reported(value: str) -> None:
    assert healthcheck.check("METRICS_PORT", {"METRICS_PORT": value}) == f"METRICS_PORT is not a port: {value!r}"


def test_the_script_runs_by_its_path_without_any_package() -> None:
    with service(200) as port:
        command = [sys.executable, "-I", "-S", healthcheck.__file__, "PORT"]
        assert subprocess.run(command, env={"PORT": str(port)}, check=False, timeout=30).returncode == 0
    assert subprocess.run(command, env={"PORT": str(port)}, check=False, timeout=30).returncode == 1
    assert subprocess.run(command[:-1], env={}, check=False, timeout=30).returncode == 2
