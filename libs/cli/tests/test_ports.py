"""Free ports are chosen where no outgoing connection takes them."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hubbub_cli import port_reservations, ports
from hubbub_cli.ports import (
    first_ephemeral_port,
    free_tcp_port,
    free_tcp_port_like,
    free_tcp_ports,
    free_udp_ports,
)


def test_chosen_ports_are_below_the_range_of_outgoing_connections() -> None:
    end = first_ephemeral_port()
    chosen = [port for _ in range(100) for port in (free_tcp_port(), free_tcp_ports(4) + 3, free_udp_ports(4) + 3)]
    assert max(chosen) < end


def test_a_process_is_not_given_the_same_port_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [free_tcp_port() for _ in range(200)]
    assert len(set(chosen)) == len(chosen)
    first = free_tcp_ports(4)
    monkeypatch.setattr(ports, "_candidates", iter(range(first + 1, first + 1_000)))
    assert free_tcp_port() not in range(first, first + 4)


def test_a_port_in_use_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        taken = free_tcp_port()
        server.bind(("127.0.0.1", taken))
        server.listen()
        monkeypatch.setattr(ports, "_candidates", iter(range(taken, taken + 1_000)))
        assert free_tcp_port() > taken


def test_a_system_without_the_range_file_uses_the_dynamic_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "EPHEMERAL_RANGE", Path("/does/not/exist"))
    assert first_ephemeral_port() == 49_152


CHOOSE = "from hubbub_cli.ports import free_tcp_port; print(free_tcp_port(), flush=True); input()"


def test_a_port_that_another_process_has_chosen_is_not_chosen() -> None:
    command = [sys.executable, "-c", CHOOSE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        chosen = int(other.stdout.readline())
        assert free_tcp_port_like(chosen) != chosen
        other.communicate("\n")
    assert free_tcp_port_like(chosen) == chosen  # the reservation ended with its process


def test_a_port_can_be_chosen_without_a_file_for_reservations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "missing"))
    monkeypatch.setattr(port_reservations, "_open_locks", port_reservations._open_locks.__wrapped__)
    assert free_tcp_port() > 0
