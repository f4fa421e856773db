"""The processes of an installation on this machine, with their ports and environments. Pure."""

import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .self_signed_certificate import CertificateFiles
from .supervised_process import ProcessSpec

SERVICE_GRACE = 16.0
"""Seconds between SIGTERM and SIGKILL of a service: longer than a service gives itself
(`hubbub_service.lifecycle.STOP_DEADLINE`)."""
NODE_GRACE = SERVICE_GRACE + 30.0
"""The same of a media node, which drains first, for `DRAIN_TIMEOUT` at most."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The number of processes of each kind, and their ports."""

    host: str = "127.0.0.1"
    """The address on which signaling listens."""
    http_port: int = 4000
    rtc_min_port: int = 40000
    rtc_max_port: int = 40100
    workers: int = 1
    """Per media node; each takes one UDP port."""
    registries: int = 2
    nodes: int = 1
    signalings: int = 1
    calls: int = 1
    captions: int = 1
    recorders: int = 1
    webhooks: int = 1
    recordings_dir: Path | None = None
    """Where recorders write unless RECORDINGS_DIR says so."""
    log_level: str = "info"
    page_dir: Path | None = None
    """The built page, which signaling serves at `/`."""
    tls: CertificateFiles | None = None
    """When set, signaling serves HTTPS."""
    metrics_ports: Sequence[int] = ()
    """Of the registries, the nodes, calls, captions, the recorders, webhooks and signaling, in this order. When empty,
    only signaling serves metrics, on its own port."""

    @property
    def metrics_count(self) -> int:
        """How many processes have a metrics port of their own."""
        others = self.registries + self.nodes + self.calls + self.captions + self.recorders + self.webhooks
        return others + self.signalings

    def __post_init__(self) -> None:
        """Raises ValueError when there are too few RTC ports."""
        needed = self.nodes * self.workers
        available = self.rtc_max_port - self.rtc_min_port + 1
        if available < needed:
            raise ValueError(
                f"RTC_MIN_PORT={self.rtc_min_port} to RTC_MAX_PORT={self.rtc_max_port} are {max(available, 0)} "
                f"ports, but {self.nodes} node(s) of {self.workers} worker(s) need {needed}: "
                "raise RTC_MAX_PORT or lower WORKERS"
            )

    @property
    def own_host(self) -> str:
        """The address at which this machine reaches signaling."""
        return "127.0.0.1" if self.host in ("0.0.0.0", "::", "localhost") else self.host

    def rtc_range(self, node: int) -> tuple[int, int]:
        """The first and the last UDP port of node 0, 1, ... The ranges have equal sizes and do not overlap."""
        share = (self.rtc_max_port - self.rtc_min_port + 1) // self.nodes
        first = self.rtc_min_port + node * share
        return first, first + share - 1

    def rtc_ports(self) -> list[int]:
        """The ports that the workers bind."""
        return [self.rtc_range(node)[0] + worker for node in range(self.nodes) for worker in range(self.workers)]

    def http_ports(self) -> list[int]:
        """The HTTP port of each signaling instance."""
        return [self.http_port + i for i in range(self.signalings)]

    def metrics_urls(self) -> list[str]:
        """The metrics URL of every process."""
        own = [f"http://127.0.0.1:{port}" for port in self.metrics_ports]
        return [f"{url}/metrics" for url in own or self.urls(self.own_host)]

    def urls(self, host: str) -> list[str]:
        """The URL of each signaling instance under this host name or address, without a trailing slash."""
        scheme = "http" if self.tls is None else "https"
        return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}" for port in self.http_ports()]


def service_specs(layout: Layout, nats_url: str, inherited: Mapping[str, str]) -> list[ProcessSpec]:
    """The services in start order. They stop in the reverse order.

    `inherited` is the environment to pass on to every service.
    """
    common = {**inherited, "NATS_URL": nats_url, "LOG_LEVEL": layout.log_level, "PYTHONUNBUFFERED": "1"}
    common.pop("METRICS_PORT", None)  # each process needs its own port
    metrics_ports = iter(layout.metrics_ports)

    def own(**variables: str) -> Mapping[str, str]:
        """The environment of the next process."""
        port = next(metrics_ports, None)
        return {**common, **variables, **({} if port is None else {"METRICS_PORT": str(port)})}

    specs = [_service(f"registry-{i + 1}", "hubbub_registry", own()) for i in range(layout.registries)]
    for i in range(layout.nodes):
        first, last = layout.rtc_range(i)
        ports = {"RTC_MIN_PORT": str(first), "RTC_MAX_PORT": str(last), "WORKERS": str(layout.workers)}
        name = f"node-{i + 1}"
        specs.append(_node(name, own(**ports, NODE_ID=name)))
    specs += [_service(f"calls-{i + 1}", "hubbub_calls", own()) for i in range(layout.calls)]
    specs += [_service(f"captions-{i + 1}", "hubbub_captions", own()) for i in range(layout.captions)]
    files = {} if layout.recordings_dir is None else {"RECORDINGS_DIR": str(layout.recordings_dir)}
    files = {name: inherited.get(name, value) for name, value in files.items()}
    specs += [_service(f"recorder-{i + 1}", "hubbub_recorder", own(**files)) for i in range(layout.recorders)]
    specs += [_service(f"webhooks-{i + 1}", "hubbub_webhooks", own()) for i in range(layout.webhooks)]
    page = {} if layout.page_dir is None else {"PAGE_DIR": str(layout.page_dir)}
    tls = {} if layout.tls is None else {"TLS_CERT": str(layout.tls.certificate), "TLS_KEY": str(layout.tls.key)}
    for i, port in enumerate(layout.http_ports()):
        variables = {**page, **tls, "HOST": layout.host, "PORT": str(port)}
        specs.append(_service(f"signaling-{i + 1}", "hubbub_signaling", own(**variables)))
    return specs


def _node(name: str, environment: Mapping[str, str]) -> ProcessSpec:
    """A media node. When everything stops, nobody can move to another one: SIGINT stops it without a drain."""
    return replace(_service(name, "hubbub_media_node", environment), grace=NODE_GRACE, stop_signal=signal.SIGINT)


def _service(name: str, module: str, environment: Mapping[str, str]) -> ProcessSpec:
    return ProcessSpec(name, [sys.executable, "-m", module], environment, SERVICE_GRACE)
