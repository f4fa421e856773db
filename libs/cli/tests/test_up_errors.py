"""`hubbub up` reports configuration errors before it starts a process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from hubbub_cli.ports import free_tcp_port, free_udp_ports


def run_up(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `hubbub up` until it exits."""
    inherited = {key: value for key, value in os.environ.items() if key != "NATS_URL"}
    return subprocess.run(
        [sys.executable, "-m", "hubbub_cli", "up", "--data-dir", str(data_dir)],
        env={**inherited, "WORKERS": "1", "RTC_MAX_PORT": "65535", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_used_http_port_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run_up(tmp_path / "data", PORT=str(port), RTC_MIN_PORT=str(free_udp_ports(1)))
    assert result.returncode == 1
    assert f"TCP port {port} is in use by another program" in result.stderr
    assert f"PORT={port + 1}" in result.stderr
    assert not (tmp_path / "data").exists()


def test_used_media_port_is_reported(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        result = run_up(tmp_path / "data", PORT=str(free_tcp_port()), RTC_MIN_PORT=str(port))
    assert result.returncode == 1
    assert f"UDP port {port} is in use by another program" in result.stderr


def test_unreachable_nats_server_is_reported_without_its_password(tmp_path: Path) -> None:
    unreachable = f"nats://user:secret@127.0.0.1:{free_tcp_port()}"
    result = run_up(
        tmp_path / "data", PORT=str(free_tcp_port()), RTC_MIN_PORT=str(free_udp_ports(1)), NATS_URL=unreachable
    )
    assert result.returncode == 1
    assert "no NATS server answers" in result.stderr
    assert "secret" not in result.stderr


def test_certificate_without_key_is_reported(tmp_path: Path) -> None:
    result = run_up(tmp_path / "data", TLS_CERT=str(tmp_path / "certificate.pem"))
    assert result.returncode == 1
    assert "TLS_CERT and TLS_KEY are used together" in result.stderr
