"""`hubbub up` with real services, from start to stop."""

import asyncio
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from hubbub_cli.readiness import is_ready
from hubbub_media_node.adapters.local_network import interface_address
from support.supervised_installation import SupervisedInstallation

StartInstallation = Callable[..., SupervisedInstallation]


def is_alive(pid: int) -> bool:
    """Whether a process runs. A zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_gone(pids: list[int], within: float) -> bool:
    """Whether all processes exit in time."""
    deadline = time.monotonic() + within
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_sigint_stops_all_processes(start_installation: StartInstallation) -> None:
    installation = start_installation(recorders=1)
    pids = list(installation.running.processes.values())
    assert sorted(installation.running.processes) == [
        "calls-1",
        "nats",
        "node-1",
        "recorder-1",
        "registry-1",
        "registry-2",
        "signaling-1",
    ]
    assert asyncio.run(is_ready(installation.url, nodes=1))
    # Printed after the run file is written. The test's timeout bounds the wait.
    while len(urls := re.findall(r"http://127\.0\.0\.1:\d+/metrics\b", installation.log.read_text())) < 4:
        time.sleep(0.02)
    for url in urls:
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert b"hubbub_bus_connected 1.0" in answer.read()

    assert installation.stop(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in pids)
    assert "was killed" not in installation.log.read_text()


def test_killed_supervisor_takes_all_processes_with_it(
    start_installation: StartInstallation,
) -> None:
    installation = start_installation()
    pids = list(installation.running.processes.values())
    assert all(is_alive(pid) for pid in pids)

    os.kill(installation.running.pid, signal.SIGKILL)
    assert all_gone(pids, within=30)


def test_without_a_host_only_this_machine_can_connect(start_installation: StartInstallation) -> None:
    installation = start_installation(captions=0, calls=0)
    with urllib.request.urlopen(f"{installation.url}/stats", timeout=10) as answer:
        assert answer.status == 200, "needs no token"
    own = interface_address()
    if own is None:
        pytest.skip("this machine has no other address")
    with pytest.raises(ConnectionRefusedError), socket.create_connection((own, installation.port), timeout=5):
        pass


def test_killed_processes_are_restarted_and_sigterm_stops_all(start_installation: StartInstallation) -> None:
    installation = start_installation()
    before = installation.running.processes

    for name in before:
        installation.kill(name)

    deadline = time.monotonic() + 120
    while any(installation.running.processes.get(name, pid) == pid for name, pid in before.items()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while not asyncio.run(is_ready(installation.url, nodes=1)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    restarted = list(installation.running.processes.values())
    assert installation.stop(signal.SIGTERM) == 0
    assert not any(is_alive(pid) for pid in restarted)
