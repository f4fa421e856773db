"""The self-signed certificate of `hubbub up --tls`."""

import datetime as dt
import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from hubbub_cli.self_signed_certificate import (
    LIFETIME,
    RENEW_BEFORE,
    Address,
    CertificateFiles,
    ensure_certificate,
    local_addresses,
)

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
HERE: list[Address] = [ipaddress.ip_address(text) for text in ("10.1.2.3", "2001:db8::1", "127.0.0.1")]


def serial(files: CertificateFiles) -> int:
    """The serial number of the certificate."""
    return x509.load_pem_x509_certificate(files.certificate.read_bytes()).serial_number


def test_certificate_names_localhost_and_all_addresses_and_its_key_is_private(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, HERE, NOW)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(files.certificate, files.key)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == HERE
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


def test_valid_certificate_is_reused(tmp_path: Path) -> None:
    first = serial(ensure_certificate(tmp_path, HERE, NOW))
    assert serial(ensure_certificate(tmp_path, HERE, NOW + LIFETIME - RENEW_BEFORE - dt.timedelta(days=1))) == first
    assert serial(ensure_certificate(tmp_path, HERE[1:], NOW)) == first, "a removed address does not invalidate it"


def test_certificate_is_replaced_before_it_expires(tmp_path: Path) -> None:
    first = serial(ensure_certificate(tmp_path, HERE, NOW))
    assert serial(ensure_certificate(tmp_path, HERE, NOW + LIFETIME - RENEW_BEFORE)) != first


def test_certificate_is_replaced_for_a_new_address(tmp_path: Path) -> None:
    first = serial(ensure_certificate(tmp_path, HERE[:2], NOW))
    assert serial(ensure_certificate(tmp_path, HERE, NOW)) != first


@pytest.mark.parametrize("damaged", ["certificate", "key"])
def test_damaged_files_are_replaced(tmp_path: Path, damaged: str) -> None:
    first = serial(ensure_certificate(tmp_path, HERE, NOW))
    (tmp_path / f"{damaged}.pem").write_text("damaged")
    assert serial(ensure_certificate(tmp_path, HERE, NOW)) != first


def test_key_of_another_certificate_is_replaced(tmp_path: Path) -> None:
    first, other = (ensure_certificate(tmp_path / name, HERE, NOW) for name in ("a", "b"))
    before = serial(first)
    first.key.write_bytes(other.key.read_bytes())
    assert serial(ensure_certificate(tmp_path / "a", HERE, NOW)) != before


def test_local_addresses_end_with_loopback_and_omit_link_local() -> None:
    found = local_addresses()
    assert ipaddress.ip_address("127.0.0.1") in found
    assert [address.is_loopback for address in found] == sorted(address.is_loopback for address in found)
    assert not any(address.is_link_local for address in found)
