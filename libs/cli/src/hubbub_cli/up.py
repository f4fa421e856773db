"""`hubbub up`: runs a whole installation on this machine until a signal stops it.

Rules
- Nothing starts before the ports are free and the data directory is locked.
- A process that exits by itself is restarted. If it keeps exiting before the installation is ready, the start fails and
  shows the end of its output.
- No child outlives this program: it stops them in order, or the kernel kills them when this program is killed.
"""

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import data_dir, nats_info, nats_server, ports, readiness
from .invitations import Invitations
from .jetstream_recovery import JetStreamRecovery
from .layout import Layout, service_specs
from .reporter import Reporter
from .supervised_process import Exited, OutputLine, ProcessEvent, ProcessSpec, Started
from .supervisor import Supervisor

READY_TIMEOUT = 60.0
MAX_EXITS = 3
"""The start fails when one process exits this often before the installation is ready."""
NATS_PORT = 4222
METRICS_PORT = 9464
"""The first port to try for metrics: the default of the OpenTelemetry exporter for Prometheus."""
NATS = "nats"


class StartFailed(Exception):
    """The services did not become ready. The message names the process and shows its output."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The options from the command line and the environment."""

    layout: Layout
    data_dir: Path
    environment: Mapping[str, str]
    nats_url: str | None
    """An external NATS server; None starts an embedded one."""
    metrics_port: int = METRICS_PORT
    """The first port to try for metrics."""
    other_hosts: Sequence[str] = ()
    """Addresses under which other devices reach this machine, to print."""
    invitations: Invitations | None = None
    """For the links to print; None when the page needs no token of ours."""


def up(options: UpOptions, reporter: Reporter) -> None:
    """Blocks until a signal stops the installation.

    Raises PortTaken, DataDirInUse, NatsUnreachable, NatsTooOld, NatsBinaryMissing, StartFailed.
    """
    for port in options.layout.http_ports()[1:]:
        ports.require_free(port, ())
    ports.require_free(options.layout.http_port, options.layout.rtc_ports())
    if options.nats_url is not None:
        nats_info.require_version(nats_info.read_info(options.nats_url, timeout=3.0))
    with data_dir.lock_data_dir(options.data_dir):
        asyncio.run(_Installation(options, reporter).run())


class _Installation:
    def __init__(self, options: UpOptions, reporter: Reporter) -> None:
        self._options = options
        metrics_ports = ports.free_tcp_ports_from(options.metrics_port, options.layout.metrics_count)
        self._layout = replace(options.layout, metrics_ports=metrics_ports)
        self._reporter = reporter
        self._supervisor = Supervisor(self._on_event)
        self._base_urls = self._layout.urls(self._layout.own_host)
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._nats_url = ""
        self._recovery = JetStreamRecovery(options.data_dir / NATS, lambda: self._supervisor.restart(NATS))
        self._ready = False

    async def run(self) -> None:
        with self._handle_signals():
            try:
                await self._start()
                if not self._stopping.is_set():
                    self._ready = True
                    self._write_run_file()
                    self._print_addresses()
                    await self._stopping.wait()
            finally:
                self._recovery.stop()
                try:
                    self._reporter.end_start()
                    if self._stopping.is_set():
                        self._reporter.print("Stopping ...")
                finally:
                    await self._supervisor.stop()
        self._reporter.print("Stopped.")

    def _print_addresses(self) -> None:
        layout, invitations = self._layout, self._options.invitations

        def page(host: str, token: str | None) -> str:
            url = layout.urls(host)[0]
            return url if token is None else Invitations.link(url, token)

        own, guest = (invitations.host, invitations.guest) if invitations is not None else (None, None)
        here = "localhost" if layout.own_host == ports.LOOPBACK else layout.own_host
        self._reporter.print(f"[bold green]Hubbub is ready:[/] {page(here, own)} [dim](Ctrl-C stops it)[/]")
        for host in self._options.other_hosts:
            self._reporter.print(f"[dim]from other devices:[/] {page(host, guest)}")
        if invitations is not None:
            self._reporter.print(
                "[dim]These links are keys, for a week: the first one allows everything, the others allow to join any "
                f"room. For other tokens:[/] hubbub token create --keys {invitations.keys}"
            )
        self._reporter.print(f"[dim]metrics:[/] {' '.join(layout.metrics_urls())}")

    async def _start(self) -> None:
        own_nats = self._options.nats_url is None
        launch = self._prepare_nats() if own_nats else None
        self._nats_url = launch.url if launch is not None else self._options.nats_url or ""
        services = service_specs(self._layout, self._nats_url, self._options.environment)
        self._reporter.begin_start([*([NATS] if launch else []), *(spec.name for spec in services)])
        if launch is not None:
            self._supervisor.start([ProcessSpec(NATS, launch.command, self._options.environment)])
            await asyncio.to_thread(nats_info.wait_for_info, self._nats_url, nats_server.START_TIMEOUT)
        for stage in stages(services):
            self._supervisor.start(stage)
        await self._wait_until_ready()
        self._reporter.end_start()

    def _prepare_nats(self) -> nats_server.NatsLaunch:
        return nats_server.prepare(self._options.data_dir / NATS, ports.free_tcp_port_like(NATS_PORT))

    async def _wait_until_ready(self) -> None:
        """Returns when the installation is ready or a signal arrived. Raises StartFailed."""
        ready = asyncio.create_task(readiness.wait_until_ready(self._base_urls, self._layout.nodes))
        stop = asyncio.create_task(self._stopping.wait())
        failed = asyncio.create_task(self._wait_for_failure())
        tasks = {ready, stop, failed}
        try:
            done, _ = await asyncio.wait(tasks, timeout=READY_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if failed in done:
            name = failed.result()
            output = "\n".join(self._reporter.recent_output(name))
            raise StartFailed(f"{name} exited {MAX_EXITS} times; its output ends with:\n{output}")
        if ready in done:
            ready.result()  # a failure of the check does not mean that the services are ready
        if not done:
            raise StartFailed(f"not ready after {READY_TIMEOUT:g} s: see the output of --verbose")

    async def _wait_for_failure(self) -> str:
        while True:
            for name, exits in self._supervisor.exits.items():
                if exits >= MAX_EXITS:
                    return name
            self._changed.clear()
            await self._changed.wait()

    def _on_event(self, event: ProcessEvent) -> None:
        self._reporter.on_event(event)
        if isinstance(event, OutputLine) and event.name == NATS:
            self._recovery.on_output(event.text)
        self._changed.set()
        if self._ready and isinstance(event, Started | Exited) and not self._stopping.is_set():
            self._write_run_file()

    def _write_run_file(self) -> None:
        data_dir.write_run_file(
            self._options.data_dir,
            data_dir.RunningInstallation.of_this_process(self._base_urls[0], self._nats_url, self._supervisor.pids()),
        )

    @contextlib.contextmanager
    def _handle_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in handled:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        """The first signal stops the processes in order, the second kills them."""
        if self._stopping.is_set():
            self._supervisor.kill()
        self._stopping.set()


def stages(services: list[ProcessSpec]) -> list[list[ProcessSpec]]:
    """Groups the processes by kind (`node-1`, `node-2`). A group starts and stops together."""
    grouped: dict[str, list[ProcessSpec]] = {}
    for spec in services:
        grouped.setdefault(spec.name.rsplit("-", 1)[0], []).append(spec)
    return list(grouped.values())
