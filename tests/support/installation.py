"""An installation without a supervisor: tests kill, stop and start its processes. Nothing restarts by itself."""

import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hubbub_cli.layout import Layout, service_specs
from hubbub_cli.ports import ANY, LOOPBACK, free_tcp_ports, free_udp_ports

from .nats_servers import nats_server
from .service_process import ServiceProcess

REPOSITORY = Path(__file__).parents[2]
PAGE_DIR = REPOSITORY / "web" / "page" / "dist"
START_TIMEOUT = 80.0
ONE_ADDRESS = {"MAX_ROOM_REQUESTS_PER_ADDRESS": "100000", "MAX_MESSAGES_PER_ADDRESS": "100000"}
"""Settings for tests in which more people than usual share the address of this machine."""
SPREAD = {"ROOM_PEERS_PER_WORKER": "1"}
"""Settings with which a room is on all workers of its node as soon as it has enough peers."""
SPREAD_OVER_NODES = {"ROOM_PEERS_PER_NODE": "1"}
"""Settings with which a room is on all nodes as soon as it has enough peers."""
NODE_SILENCE = "4"
"""Seconds, instead of 1: a media node that a busy machine lets stand still for a moment is not dead."""
_POLL_INTERVAL = 0.05
_UDP_PORTS_PER_NODE = 8
_NOT_INHERITED = frozenset(
    {"NATS_URL", "PORT", "RTC_MIN_PORT", "RTC_MAX_PORT", "WORKERS", "NODE_ID", "LOG_LEVEL", "METRICS_PORT"}
)


class NotReady(Exception):
    """The installation did not become ready. The message ends with the logs."""


class Installation:
    """NATS and instances of all services on free loopback ports.

    A blocking context manager for tests with and without an event loop: ready on entry, stopped on exit. The processes
    and their settings are those of `hubbub up`. Tests may kill, stop and restart `nats` and each of `registries`,
    `nodes`, `calls`, `captions`, `recorders`, `webhooks` and `signaling` on the same ports, and then call `wait_ready`.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        registries: int = 1,
        nodes: int = 1,
        signalings: int = 1,
        calls: int = 0,
        captions: int = 0,
        recorders: int = 0,
        webhooks: int = 0,
        workers: int = 1,
        metrics: bool = False,
        reconnect_grace: float = 5.0,
        empty_room_ttl: float = 5.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`directory` is for the NATS store and the logs (None: a temporary one). Times are in seconds.

        With `metrics`, all services serve metrics on a port for them. `environment`
        overrides the environment of every service.
        """
        self._exit = ExitStack()
        if directory is None:
            temporary = tempfile.TemporaryDirectory(prefix="hubbub-installation-", ignore_cleanup_errors=True)
            directory = Path(self._exit.enter_context(temporary))
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.nats = nats_server(directory / "nats")
        shown = registries + nodes + signalings + calls + captions + recorders + webhooks if metrics else 0
        metrics_port = free_tcp_ports(shown, LOOPBACK) if metrics else 0
        rtc_min_port = free_udp_ports(nodes * _UDP_PORTS_PER_NODE, ANY)
        self.layout = Layout(
            http_port=free_tcp_ports(signalings),
            rtc_min_port=rtc_min_port,
            rtc_max_port=rtc_min_port + nodes * _UDP_PORTS_PER_NODE - 1,
            workers=workers,
            registries=registries,
            nodes=nodes,
            signalings=signalings,
            calls=calls,
            captions=captions,
            recorders=recorders,
            webhooks=webhooks,
            log_level=(environment or {}).get("LOG_LEVEL", "info"),
            page_dir=PAGE_DIR,
            metrics_ports=range(metrics_port, metrics_port + shown),
        )
        inherited = {
            **{key: value for key, value in os.environ.items() if key not in _NOT_INHERITED},
            "ANNOUNCED_IP": "127.0.0.1",
            "FRONTEND_URL": "*",  # tests open pages of other origins
            "PLAIN_MIN_PORT": "0",
            "RECONNECT_GRACE": str(reconnect_grace),
            "EMPTY_ROOM_TTL": str(empty_room_ttl),
            "RECORDINGS_DIR": str(directory / "recordings"),
            "MIN_FREE_DISK": "0",
            "NODE_SILENCE": NODE_SILENCE,
            **(environment or {}),
        }
        specs = service_specs(self.layout, self.nats.url, inherited)
        processes = [ServiceProcess(spec, directory / f"{spec.name}.log") for spec in specs]
        self.registries = [process for process in processes if process.name.startswith("registry-")]
        self.nodes = [process for process in processes if process.name.startswith("node-")]
        self.calls = [process for process in processes if process.name.startswith("calls-")]
        self.captions = [process for process in processes if process.name.startswith("captions-")]
        self.recorders = [process for process in processes if process.name.startswith("recorder-")]
        self.webhooks = [process for process in processes if process.name.startswith("webhooks-")]
        self.signaling = [process for process in processes if process.name.startswith("signaling-")]

    @property
    def processes(self) -> list[ServiceProcess]:
        """All processes except NATS, in start order."""
        others = [*self.calls, *self.captions, *self.recorders, *self.webhooks]
        return [*self.registries, *self.nodes, *others, *self.signaling]

    @property
    def url(self) -> str:
        """The URL of the first signaling instance, without a trailing slash."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """The URL of each signaling instance."""
        return [f"http://127.0.0.1:{port}" for port in self.layout.http_ports()]

    @property
    def recordings(self) -> Path:
        """The directory of the recordings."""
        return self.directory / "recordings"

    def stats(self, signaling: int = 0) -> dict[str, Any]:
        """The answer of this instance to `GET /stats`, for the whole cluster. Raises OSError."""
        answer = _get(f"{self.urls[signaling]}/stats", timeout=10.0)
        if not isinstance(answer, dict):
            raise ConnectionError(f"/stats answered {answer!r}")
        return answer

    def start(self) -> None:
        """Starts everything and waits until it is ready. Raises NotReady, NatsUnreachable."""
        self.nats.start()
        # Signaling does not wait for the services that only some installations have.
        optional = [*self.calls, *self.captions, *self.recorders, *self.webhooks]
        starts = {process: process.starts() for process in optional}
        for process in self.processes:
            process.start()
        self.wait_ready()
        deadline = time.monotonic() + START_TIMEOUT
        for process, before in starts.items():
            while process.starts() == before:
                if not process.alive or time.monotonic() > deadline:
                    raise NotReady(f"{process.name} is not up\n{self.log_tail()}")
                time.sleep(_POLL_INTERVAL)

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Waits until every running signaling instance is ready and counts every running node. Raises NotReady."""
        deadline = time.monotonic() + timeout
        waiting = [url for url, process in zip(self.urls, self.signaling, strict=True) if process.alive]
        nodes = sum(node.alive for node in self.nodes)
        while waiting:
            if _is_ready(waiting[0], nodes):
                waiting.pop(0)
                continue
            ended = [f"{process.name} {how}" for process in self.processes if (how := process.exit_description())]
            if ended or time.monotonic() > deadline:
                raise NotReady(f"{', '.join(ended) or f'not ready after {timeout:g} s'}\n{self.log_tail()}")
            time.sleep(_POLL_INTERVAL)

    def kill_all_but_nodes(self) -> None:
        """Kills NATS and all services but the media nodes."""
        for process in self._all_but_nodes():
            process.kill()
        self.nats.kill()

    def start_all_but_nodes(self) -> None:
        """Starts NATS and all services but the media nodes again, without waiting until they are ready."""
        self.nats.start()
        for process in self._all_but_nodes():
            process.start()

    def _all_but_nodes(self) -> list[ServiceProcess]:
        return [process for process in self.processes if process not in self.nodes]

    def stop(self) -> None:
        """Stops everything in order, signaling first, and removes a temporary directory."""
        for process in reversed(self.processes):
            if process.alive:
                process.thaw()
                process.stop_with_others()
        self.nats.close()
        self._exit.close()

    def log_tail(self, lines: int = 40) -> str:
        """The ends of all logs, each under the name of its process."""
        return "\n".join(f"--- {name}\n{text}" for name, text in self.logs(lines))

    def logs(self, lines: int = 40) -> Iterator[tuple[str, str]]:
        """Name and end of the log of every process that wrote something."""
        for process in self.processes:
            if text := process.log_tail(lines):
                yield process.name, text

    def __enter__(self) -> Self:
        """Starts it and waits until it is ready."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it. After an error it writes the logs to stderr, which pytest shows."""
        if kind is not None:
            sys.stderr.write(self.log_tail() + "\n")
        self.stop()


def _get(url: str, timeout: float) -> Any:
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


def _is_ready(url: str, nodes: int) -> bool:
    try:
        return int(_get(f"{url}/ready", timeout=2.0)["nodes"]) >= nodes
    except (OSError, ValueError, KeyError, TypeError):
        return False
