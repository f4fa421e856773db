"""The certificate of `hubbub up --tls`."""

import datetime as dt
import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from hubbub_cli.own_certificate import (
    LIFETIME,
    RENEW_BEFORE,
    Address,
    CertificateFiles,
    keep_certificate,
    own_addresses,
)

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
HERE: list[Address] = [ipaddress.ip_address(text) for text in ("10.1.2.3", "2001:db8::1", "127.0.0.1")]


def serial(files: CertificateFiles) -> int:
    """Of the certificate in these files."""
    return x509.load_pem_x509_certificate(files.certificate.read_bytes()).serial_number


def test_it_names_localhost_and_every_address_and_its_key_is_private(tmp_path: Path) -> None:
    files = keep_certificate(tmp_path, HERE, NOW)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(files.certificate, files.key)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == HERE
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


def test_it_is_kept_while_it_is_good(tmp_path: Path) -> None:
    first = serial(keep_certificate(tmp_path, HERE, NOW))
    assert serial(keep_certificate(tmp_path, HERE, NOW + LIFETIME - RENEW_BEFORE - dt.timedelta(days=1))) == first
    assert serial(keep_certificate(tmp_path, HERE[1:], NOW)) == first, "an address that went away does no harm"


def test_it_is_made_anew_before_it_expires(tmp_path: Path) -> None:
    first = serial(keep_certificate(tmp_path, HERE, NOW))
    assert serial(keep_certificate(tmp_path, HERE, NOW + LIFETIME - RENEW_BEFORE)) != first


def test_it_is_made_anew_for_a_new_address(tmp_path: Path) -> None:
    first = serial(keep_certificate(tmp_path, HERE[:2], NOW))
    assert serial(keep_certificate(tmp_path, HERE, NOW)) != first


@pytest.mark.parametrize("damaged", ["certificate", "key"])
def test_damaged_files_are_replaced(tmp_path: Path, damaged: str) -> None:
    first = serial(keep_certificate(tmp_path, HERE, NOW))
    (tmp_path / f"{damaged}.pem").write_text("nothing")
    assert serial(keep_certificate(tmp_path, HERE, NOW)) != first


def test_a_key_of_another_certificate_is_noticed(tmp_path: Path) -> None:
    first, other = (keep_certificate(tmp_path / name, HERE, NOW) for name in ("a", "b"))
    before = serial(first)
    first.key.write_bytes(other.key.read_bytes())
    assert serial(keep_certificate(tmp_path / "a", HERE, NOW)) != before


def test_addresses_of_this_machine_end_with_loopback_and_have_no_scope() -> None:
    found = own_addresses()
    assert ipaddress.ip_address("127.0.0.1") in found
    assert [address.is_loopback for address in found] == sorted(address.is_loopback for address in found)
    assert not any(address.is_link_local for address in found)
