"""The embedded NATS server."""

import json
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hubbub_cli.nats_info import NatsTooOld, NatsUnreachable, parse_version, read_info, require_version
from hubbub_cli.nats_server import EmbeddedNats, prepare
from hubbub_cli.ports import free_tcp_port
from support.nats_servers import NatsServer


def answer_to_ping(server: NatsServer, password: str) -> bytes:
    """The server's reply to a PING from a client with this password."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        login = json.dumps({"user": "hubbub", "pass": password, "verbose": False})
        connection.sendall(f"CONNECT {login}\r\nPING\r\n".encode())
        stream = connection.makefile("rb")
        stream.readline()  # INFO
        return stream.readline()


def is_alive(pid: int) -> bool:
    """Whether a process runs. A zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_server_accepts_its_password_only(nats_server: NatsServer) -> None:
    password = urlsplit(nats_server.url).password
    assert password is not None
    assert answer_to_ping(nats_server, password) == b"PONG\r\n"
    assert b"Authorization Violation" in answer_to_ping(nats_server, "guess")


def test_server_has_jetstream_and_a_payload_limit(nats_server: NatsServer) -> None:
    info = read_info(nats_server.url, timeout=20)
    require_version(info)
    assert info["max_payload"] == 1024 * 1024
    assert info["auth_required"] is True


def test_killed_server_restarts_at_the_same_address(tmp_path: Path) -> None:
    with EmbeddedNats(tmp_path / "store") as server:
        url = server.url
        server.kill()
        with pytest.raises(NatsUnreachable):
            read_info(url, timeout=0.5)
        server.start()
        assert server.url == url
        assert read_info(url, timeout=20)["jetstream"] is True


def test_process_and_temporary_store_are_removed() -> None:
    with EmbeddedNats() as server:
        pid, store = server.pid, server.store_dir
        assert pid is not None
    assert not is_alive(pid)
    assert not store.exists()


def test_server_dies_with_its_parent() -> None:
    script = (
        "import time\n"
        "from hubbub_cli.nats_server import EmbeddedNats\n"
        "server = EmbeddedNats()\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_alive(pid)
        owner.kill()
    deadline = time.monotonic() + 15
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_credentials_are_reused_and_have_mode_0600(tmp_path: Path) -> None:
    first = prepare(tmp_path, port=free_tcp_port())
    second = prepare(tmp_path, port=urlsplit(first.url).port or 0)
    assert first.url == second.url
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("nats.conf", "credentials.json")} == {0o600}


def test_old_server_is_rejected_with_its_version() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def old_server() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b'INFO {"version":"2.9.10","jetstream":true}\r\n')

        thread = threading.Thread(target=old_server)
        thread.start()
        info = read_info(f"nats://127.0.0.1:{listener.getsockname()[1]}", timeout=20)
        thread.join()
    with pytest.raises(NatsTooOld, match=r"2\.11 or newer is required, this one is 2\.9\.10"):
        require_version(info)


def test_server_without_jetstream_is_rejected() -> None:
    with pytest.raises(NatsTooOld, match="JetStream"):
        require_version({"version": "2.12.0"})


@pytest.mark.parametrize(
    ("text", "version"), [("2.11.0", (2, 11, 0)), ("2.12.0-RC.1", (2, 12, 0)), ("", (0,)), ("dev", (0,))]
)
def test_versions_are_compared_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version
