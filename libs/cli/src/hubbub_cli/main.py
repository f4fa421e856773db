"""The `hubbub` command."""

import datetime as dt
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hubbub_cli.data_dir import DataDirInUse
from hubbub_cli.exec_with_parent import die_with_parent
from hubbub_cli.nats_info import NatsTooOld, NatsUnreachable
from hubbub_cli.nats_server import NatsBinaryMissing
from hubbub_cli.own_certificate import Address, CertificateFiles, keep_certificate, own_addresses
from hubbub_cli.plan import Layout
from hubbub_cli.ports import PortTaken
from hubbub_cli.reporter import Reporter
from hubbub_cli.up import METRICS_PORT, StartFailed, UpOptions, up

_WEB_CLIENT = Path(__file__).parents[3] / "web-client"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def hubbub() -> None:
    """A WebRTC call server: starts, loads, measures and inspects an installation."""


@app.command("up")
def up_command(
    *,
    port: Annotated[int, typer.Option(envvar="PORT", help="HTTP and Socket.IO port of signaling.", min=1)] = 4000,
    rtc_min_port: Annotated[
        int, typer.Option(envvar="RTC_MIN_PORT", help="First port of media, UDP and TCP.", min=1)
    ] = 40000,
    rtc_max_port: Annotated[int, typer.Option(envvar="RTC_MAX_PORT", help="Last port of media.", max=65535)] = 40100,
    workers: Annotated[
        int | None, typer.Option(envvar="WORKERS", help="Per media node.", min=1, show_default="one per core")
    ] = None,
    registries: Annotated[int, typer.Option(help="Replicas of the registry.", min=1, max=9)] = 2,
    nodes: Annotated[int, typer.Option(help="Media nodes.", min=1, max=50)] = 1,
    signalings: Annotated[int, typer.Option(help="Instances of signaling, on ports from PORT on.", min=1, max=9)] = 1,
    nats_url: Annotated[
        str | None,
        typer.Option(envvar="NATS_URL", help="Of a server that runs already.", show_default="one of our own"),
    ] = None,
    metrics_port: Annotated[
        int,
        typer.Option(
            envvar="METRICS_PORT",
            help="Where registries and nodes show metrics: one free port each, from this one on.",
            min=1,
            max=65535,
        ),
    ] = METRICS_PORT,
    log_level: Annotated[str, typer.Option(envvar="LOG_LEVEL", help="What services write.")] = "info",
    data_dir: Annotated[Path, typer.Option(help="Where the bus keeps its store.")] = Path(".hubbub"),
    page_dir: Annotated[
        Path | None,
        typer.Option(envvar="PAGE_DIR", help="Of the built page.", show_default="that of this checkout"),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="HTTPS with a certificate of our own making: cameras work on other devices.")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option(envvar="TLS_CERT", help="PEM file: HTTPS with it.")] = None,
    tls_key: Annotated[Path | None, typer.Option(envvar="TLS_KEY", help="PEM file of its key.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all that services write.")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Run everything on this machine: NATS, the registry, a media node and signaling with its page."""
    if with_parent:
        die_with_parent(signal.SIGTERM)
    try:
        addresses = own_addresses() if tls else []
        layout = Layout(
            http_port=port,
            rtc_min_port=rtc_min_port,
            rtc_max_port=rtc_max_port,
            workers=workers or len(os.sched_getaffinity(0)),
            registries=registries,
            nodes=nodes,
            signalings=signalings,
            log_level=log_level,
            page_dir=page_dir or built_page(),
            tls=_certificate(tls_cert, tls_key, data_dir.absolute() / "tls" if tls else None, addresses),
        )
        others = [str(address) for address in addresses if not address.is_loopback]
        options = UpOptions(layout, data_dir.absolute(), dict(os.environ), nats_url or None, metrics_port, others)
        up(options, Reporter(verbose=verbose))
    except (
        DataDirInUse,
        NatsBinaryMissing,
        NatsTooOld,
        NatsUnreachable,
        PortTaken,
        StartFailed,
        ValueError,
    ) as error:
        Console(stderr=True, highlight=False).print(f"[bold red]hubbub:[/] {error}", markup=True, soft_wrap=True)
        raise typer.Exit(1) from error


def _certificate(
    certificate: Path | None, key: Path | None, own: Path | None, addresses: Sequence[Address]
) -> CertificateFiles | None:
    """That of the operator, or the one that is kept in the folder `own`. Raises ValueError."""
    if bool(certificate) != bool(key):
        raise ValueError("TLS_CERT and TLS_KEY are used together")
    if certificate and key:
        if own is not None:
            raise ValueError("--tls makes a certificate, TLS_CERT brings one: use either")
        return CertificateFiles(certificate.absolute(), key.absolute())
    return None if own is None else keep_certificate(own, addresses, dt.datetime.now(dt.UTC))


def built_page() -> Path | None:
    """The page of the checkout that this package is run from, once `make web` has built it."""
    page = _WEB_CLIENT / "dist"
    return page if (page / "index.html").exists() else None
