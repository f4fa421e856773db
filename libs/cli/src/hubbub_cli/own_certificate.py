"""A certificate of our own making, for cameras on other devices of the network: browsers give them to HTTPS only.

It is signed by nobody whom a browser knows, so that each device asks once whether to go on. It is kept, so that it asks
only once, until an address is added or its time is nearly over.
"""

import datetime as dt
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hubbub_cli.nats_config import write_secret

LIFETIME = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=14)
_NAMES = ("localhost",)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files for a server."""

    certificate: Path
    key: Path


def own_addresses() -> list[Address]:
    """Those of every interface that is up, loopback last; link-local ones belong in no address bar."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = {
        ipaddress.ip_address(entry.address.partition("%")[0])
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    }
    return sorted(
        (address for address in found if not address.is_link_local),
        key=lambda address: (address.is_loopback, address.version, address.packed),
    )


def keep_certificate(directory: Path, addresses: Sequence[Address], now: dt.datetime) -> CertificateFiles:
    """The files in `directory`, made anew when they are absent, damaged, about to expire or lack an address."""
    files = CertificateFiles(directory / "certificate.pem", directory / "key.pem")
    if not _still_good(files, addresses, now):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _sign(key, addresses, now)
        write_secret(files.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
        write_secret(files.certificate, certificate.public_bytes(Encoding.PEM).decode())
    return files


def _still_good(files: CertificateFiles, addresses: Sequence[Address], now: dt.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = load_pem_private_key(files.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    if certificate.public_key() != key.public_key():
        return False
    if not set(addresses) <= set(names.get_values_for_type(x509.IPAddress)):
        return False
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE


def _sign(key: ec.EllipticCurvePrivateKey, addresses: Sequence[Address], now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hubbub on this machine")])
    names = [*map(x509.DNSName, _NAMES), *map(x509.IPAddress, addresses)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of other devices may be a little behind.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
