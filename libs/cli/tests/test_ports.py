"""Free ports are chosen where no outgoing connection takes them."""

import socket
from pathlib import Path

import pytest

from hubbub_cli import ports
from hubbub_cli.ports import first_ephemeral_port, free_tcp_port, free_tcp_ports, free_udp_ports


def test_chosen_ports_are_below_the_range_of_outgoing_connections() -> None:
    end = first_ephemeral_port()
    chosen = [port for _ in range(100) for port in (free_tcp_port(), free_tcp_ports(4) + 3, free_udp_ports(4) + 3)]
    assert max(chosen) < end


def test_a_process_is_not_given_the_same_port_twice() -> None:
    chosen = [free_tcp_port() for _ in range(200)]
    assert len(set(chosen)) == len(chosen)


def test_a_port_in_use_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        taken = free_tcp_port()
        server.bind(("127.0.0.1", taken))
        server.listen()
        monkeypatch.setattr(ports, "_candidates", iter([taken, taken + 1, taken + 2]))
        assert free_tcp_port() > taken


def test_a_system_without_the_range_file_uses_the_dynamic_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "EPHEMERAL_RANGE", Path("/does/not/exist"))
    assert first_ephemeral_port() == 49_152
