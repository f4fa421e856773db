"""`hubbub up`: everything that a call needs, on this machine, until it is told to stop.

Rules
- Nothing is started before the ports are known to be free and the folder is ours.
- What ends by itself is started again; what keeps failing before the installation was ever ready ends the
  start, with its last words.
- Whatever ends this program, no child stays: in order when asked, by the kernel when killed.
"""

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hubbub_cli import data_dir, nats_info, nats_server, ports, readiness
from hubbub_cli.plan import Layout, service_specs
from hubbub_cli.process import Died, Notice, ProcessSpec, Started
from hubbub_cli.reporter import Reporter
from hubbub_cli.supervisor import Supervisor

READY_TIMEOUT = 60.0
PATIENCE = 3
"""Deaths of one child before the installation was ever ready, after which the start has failed."""
NATS_PORT = 4222
METRICS_PORT = 9464
"""Where exporters of OpenTelemetry and Prometheus are looked for first."""
NATS = "nats"


class StartFailed(Exception):
    """The services did not become ready; the message says which and why."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What the command line and the environment say."""

    layout: Layout
    data_dir: Path
    environment: Mapping[str, str]
    nats_url: str | None
    """Of a server that somebody else runs; None: start one."""
    metrics_port: int = METRICS_PORT
    """Where the search for ports of the metrics begins."""
    other_hosts: Sequence[str] = ()
    """Addresses to tell the user for other devices."""


def up(options: UpOptions, reporter: Reporter) -> None:
    """Blocks until a signal ends it.

    Raises PortTaken, DataDirInUse, NatsUnreachable, NatsTooOld, NatsBinaryMissing, StartFailed.
    """
    for port in options.layout.http_ports()[1:]:
        ports.require_free(port, ())
    ports.require_free(options.layout.http_port, options.layout.rtc_ports())
    if options.nats_url is not None:
        nats_info.require_version(nats_info.read_info(options.nats_url, timeout=3.0))
    with data_dir.locked(options.data_dir):
        asyncio.run(_Installation(options, reporter).run())


class _Installation:
    def __init__(self, options: UpOptions, reporter: Reporter) -> None:
        self._options = options
        count = options.layout.registries + options.layout.nodes
        self._layout = replace(options.layout, metrics_ports=ports.free_tcp_ports_from(options.metrics_port, count))
        self._reporter = reporter
        self._supervisor = Supervisor(self._hear)
        self._base_urls = self._layout.urls("127.0.0.1")
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._nats_url = ""
        self._ready = False

    async def run(self) -> None:
        with self._signals():
            try:
                await self._start()
                if not self._stopping.is_set():
                    self._ready = True
                    self._publish()
                    self._reporter.say(
                        f"[bold green]Hubbub is ready:[/] {self._layout.urls('localhost')[0]} [dim](Ctrl-C ends it)[/]"
                    )
                    for host in self._options.other_hosts:
                        self._reporter.say(f"[dim]from other devices:[/] {self._layout.urls(host)[0]}")
                    self._reporter.say(f"[dim]metrics:[/] {' '.join(self._layout.metrics_urls())}")
                    await self._stopping.wait()
            finally:
                self._reporter.end_of_start()
                if self._stopping.is_set():
                    self._reporter.say("Ending ...")
                await self._supervisor.stop()
        self._reporter.say("Ended.")

    async def _start(self) -> None:
        own_nats = self._options.nats_url is None
        launch = self._prepare_nats() if own_nats else None
        self._nats_url = launch.url if launch is not None else self._options.nats_url or ""
        services = service_specs(self._layout, self._nats_url, self._options.environment)
        self._reporter.begin([*([NATS] if launch else []), *(spec.name for spec in services)])
        if launch is not None:
            self._supervisor.start([ProcessSpec(NATS, launch.command, self._options.environment)])
            await asyncio.to_thread(nats_info.wait_for_info, self._nats_url, nats_server.START_TIMEOUT)
        for stage in stages(services):
            self._supervisor.start(stage)
        await self._wait_until_ready()
        self._reporter.end_of_start()

    def _prepare_nats(self) -> nats_server.NatsLaunch:
        port = NATS_PORT if ports.tcp_port_is_free(NATS_PORT, ports.LOOPBACK) else ports.free_tcp_port()
        return nats_server.prepare(self._options.data_dir / "nats", port)

    async def _wait_until_ready(self) -> None:
        """Returns when ready or told to stop. Raises StartFailed."""
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
            words = "\n".join(self._reporter.last_words(name))
            raise StartFailed(f"{name} ended {PATIENCE} times; its last words:\n{words}")
        if not done:
            raise StartFailed(f"not ready after {READY_TIMEOUT:g} s: try --verbose")

    async def _wait_for_failure(self) -> str:
        while True:
            for name, deaths in self._supervisor.deaths.items():
                if deaths >= PATIENCE:
                    return name
            self._changed.clear()
            await self._changed.wait()

    def _hear(self, notice: Notice) -> None:
        self._reporter.hear(notice)
        self._changed.set()
        if self._ready and isinstance(notice, Started | Died) and not self._stopping.is_set():
            self._publish()

    def _publish(self) -> None:
        data_dir.publish(
            self._options.data_dir,
            data_dir.RunningInstallation.of_this_process(self._base_urls[0], self._nats_url, self._supervisor.pids()),
        )

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
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
        """The first asks for an orderly end, the second for one at once."""
        if self._stopping.is_set():
            self._supervisor.kill()
        self._stopping.set()


def stages(services: list[ProcessSpec]) -> list[list[ProcessSpec]]:
    """Neighbours of one kind (`node-1`, `node-2`) form a stage: they start and end together."""
    grouped: dict[str, list[ProcessSpec]] = {}
    for spec in services:
        grouped.setdefault(spec.name.rsplit("-", 1)[0], []).append(spec)
    return list(grouped.values())
