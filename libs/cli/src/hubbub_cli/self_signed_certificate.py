"""A self-signed certificate for HTTPS. Browsers on other devices allow the camera over HTTPS only.

No browser trusts it, so each device shows a warning once. The certificate is stored and reused until the machine has a
new address or the certificate is about to expire.
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

from .nats_config import write_secret

LIFETIME = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=14)
_NAMES = ("localhost",)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The PEM files of a certificate and its key."""

    certificate: Path
    key: Path


def local_addresses() -> list[Address]:
    """The addresses of all interfaces that are up, loopback last, without link-local ones."""
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


def ensure_certificate(directory: Path, addresses: Sequence[Address], now: dt.datetime) -> CertificateFiles:
    """The certificate in `directory`, created when it is absent, damaged, about to expire or lacks an address.

    `now` is timezone-aware.
    """
    files = CertificateFiles(directory / "certificate.pem", directory / "key.pem")
    if not _is_valid(files, addresses, now):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _sign(key, addresses, now)
        write_secret(files.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
        write_secret(files.certificate, certificate.public_bytes(Encoding.PEM).decode())
    return files


def _is_valid(files: CertificateFiles, addresses: Sequence[Address], now: dt.datetime) -> bool:
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
        # The clocks of other devices may be slightly behind.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
