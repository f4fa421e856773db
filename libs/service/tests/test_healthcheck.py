"""The health check of a container."""

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
    """A service that answers `/health` so; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody needs it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_service_that_answers_is_well() -> None:
    with service(200) as port:
        assert healthcheck.check("PORT", {"PORT": str(port)}) is None


def test_a_service_that_says_it_is_not_well() -> None:
    with service(503) as port:
        assert healthcheck.check("PORT", {"PORT": str(port)}) == "/health answered 503"


def test_a_service_that_is_gone(tcp_port: int) -> None:
    assert "ConnectionRefusedError" in str(healthcheck.check("PORT", {"PORT": str(tcp_port)}))


def test_a_service_that_speaks_tls_is_asked_by_tls() -> None:
    with service(200) as port:
        assert "SSLError" in str(healthcheck.check("PORT", {"PORT": str(port), "TLS_CERT": "/cert.pem"}))


@pytest.mark.parametrize("value", ["", "http", "-1"])
def test_a_port_that_is_none(value: str) -> None:
    assert healthcheck.check("METRICS_PORT", {"METRICS_PORT": value}) == f"METRICS_PORT is no port: {value!r}"


def test_by_its_path_it_needs_neither_its_package_nor_any_other() -> None:
    with service(200) as port:
        command = [sys.executable, "-I", "-S", healthcheck.__file__, "PORT"]
        assert subprocess.run(command, env={"PORT": str(port)}, check=False, timeout=30).returncode == 0
    assert subprocess.run(command, env={"PORT": str(port)}, check=False, timeout=30).returncode == 1
    assert subprocess.run(command[:-1], env={}, check=False, timeout=30).returncode == 2
