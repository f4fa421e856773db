"""The `hubbub` command."""

import datetime as dt
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .data_dir import DataDirInUse
from .drain_command import add_drain_command
from .exec_with_parent import die_with_parent
from .invitations import prepare_access
from .layout import Layout
from .nats_info import NatsTooOld, NatsUnreachable
from .nats_server import NatsBinaryMissing
from .ports import PortTaken
from .report_commands import add_report_commands
from .reporter import Reporter
from .self_signed_certificate import Address, CertificateFiles, ensure_certificate, local_addresses
from .token_commands import tokens
from .up import METRICS_PORT, StartFailed, UpOptions, up

_PAGE_DIR = Path(__file__).parents[4] / "web" / "page" / "dist"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(tokens, name="token")
add_report_commands(app)
add_drain_command(app)


@app.callback()
def hubbub() -> None:
    """Hubbub, a WebRTC SFU: runs an installation on this machine, shows what one does, and drains its media nodes."""


@app.command("up")
def up_command(
    *,
    port: Annotated[int, typer.Option(envvar="PORT", help="HTTP and Socket.IO port of signaling.", min=1)] = 4000,
    host: Annotated[
        str | None,
        typer.Option(
            envvar="HOST",
            help="Address on which signaling listens. With another one than a loopback address, clients need an access "
            "token, unless AUTH is off.",
            show_default="127.0.0.1, with --tls 0.0.0.0",
        ),
    ] = None,
    rtc_min_port: Annotated[
        int, typer.Option(envvar="RTC_MIN_PORT", help="First media port, UDP and TCP.", min=1)
    ] = 40000,
    rtc_max_port: Annotated[int, typer.Option(envvar="RTC_MAX_PORT", help="Last media port.", max=65535)] = 40100,
    workers: Annotated[
        int | None, typer.Option(envvar="WORKERS", help="Workers per media node.", min=1, show_default="one per core")
    ] = None,
    registries: Annotated[int, typer.Option(help="Number of registry replicas.", min=1, max=9)] = 2,
    nodes: Annotated[int, typer.Option(help="Number of media nodes.", min=1, max=50)] = 1,
    signalings: Annotated[
        int, typer.Option(help="Number of signaling instances, on consecutive ports from PORT.", min=1, max=9)
    ] = 1,
    calls: Annotated[int, typer.Option(help="Number of calls instances; 0: nobody can be rung.", min=0, max=9)] = 1,
    captions: Annotated[int, typer.Option(help="Number of captions instances; 0: no captions.", min=0, max=9)] = 1,
    recorders: Annotated[int, typer.Option(help="Number of recorders; 0: nothing can be recorded.", min=0, max=9)] = 1,
    webhooks: Annotated[int, typer.Option(help="Number of webhooks instances; 0: no webhooks.", min=0, max=9)] = 1,
    nats_url: Annotated[
        str | None,
        typer.Option(envvar="NATS_URL", help="URL of an external NATS server.", show_default="an embedded server"),
    ] = None,
    metrics_port: Annotated[
        int,
        typer.Option(
            envvar="METRICS_PORT",
            help="First port to try for the metrics of all services; each process takes one free port.",
            min=1,
            max=65535,
        ),
    ] = METRICS_PORT,
    log_level: Annotated[str, typer.Option(envvar="LOG_LEVEL", help="Log level of the services.")] = "info",
    data_dir: Annotated[Path, typer.Option(help="Directory of the NATS store.")] = Path(".hubbub"),
    page_dir: Annotated[
        Path | None,
        typer.Option(envvar="PAGE_DIR", help="Directory of the built page.", show_default="that of this checkout"),
    ] = None,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls", help="Serve HTTPS with a self-signed certificate, so that cameras work on other devices."
        ),
    ] = False,
    tls_cert: Annotated[
        Path | None, typer.Option(envvar="TLS_CERT", help="PEM file of a certificate: serve HTTPS with it.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(envvar="TLS_KEY", help="PEM file of the certificate's key.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the whole output of the services.")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Run NATS and all services, of which signaling serves a page, on this machine."""
    if with_parent:
        die_with_parent(signal.SIGTERM)
    try:
        host = host or ("0.0.0.0" if tls else "127.0.0.1")
        addresses = local_addresses() if tls or host in ("0.0.0.0", "::") else []
        layout = Layout(
            host=host,
            http_port=port,
            rtc_min_port=rtc_min_port,
            rtc_max_port=rtc_max_port,
            workers=workers or len(os.sched_getaffinity(0)),
            registries=registries,
            nodes=nodes,
            signalings=signalings,
            calls=calls,
            captions=captions,
            recorders=recorders,
            webhooks=webhooks,
            recordings_dir=data_dir.absolute() / "recordings",
            log_level=log_level,
            page_dir=page_dir or built_page(),
            tls=_certificate(tls_cert, tls_key, data_dir.absolute() / "tls" if tls else None, addresses),
        )
        others = [str(address) for address in addresses if not address.is_loopback and host in ("0.0.0.0", "::")]
        access = prepare_access(data_dir.absolute(), host, os.environ, time.time())
        environment = {**os.environ, **access.environment}
        options = UpOptions(
            layout, data_dir.absolute(), environment, nats_url or None, metrics_port, others, access.invitations
        )
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
    """The operator's certificate, or a self-signed one in the directory `own`. Raises ValueError."""
    if bool(certificate) != bool(key):
        raise ValueError("TLS_CERT and TLS_KEY are used together")
    if certificate and key:
        if own is not None:
            raise ValueError("--tls and TLS_CERT exclude each other: --tls creates a certificate")
        return CertificateFiles(certificate.absolute(), key.absolute())
    return None if own is None else ensure_certificate(own, addresses, dt.datetime.now(dt.UTC))


def built_page() -> Path | None:
    """The page that `make web` built in this checkout; None when there is none."""
    return _PAGE_DIR if (_PAGE_DIR / "index.html").exists() else None
