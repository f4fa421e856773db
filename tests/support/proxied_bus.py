"""A service that reaches the bus through a proxy."""

from __future__ import annotations

from dataclasses import replace

from .installation import Installation
from .service_process import ServiceProcess
from .tcp_proxy import TcpProxy


def connect_through(proxy: TcpProxy, process: ServiceProcess, installation: Installation) -> None:
    """Makes the proxy the NATS server of a process from its next start on."""
    url = process.spec.environment["NATS_URL"].replace(f":{installation.nats.port}", f":{proxy.port}")
    process.spec = replace(process.spec, environment={**process.spec.environment, "NATS_URL": url})
