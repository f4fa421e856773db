"""HTTPS: validation and reloading of the certificate."""

import asyncio
import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hubbub_service import load_settings
from hubbub_signaling.adapters.tls import ReloadedCertificate
from hubbub_signaling.settings import Settings

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


def make(directory: Path, name: str, password: bytes | None = None) -> tuple[Path, Path]:
    """Writes a certificate for this name and its key. Returns their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    certificate = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(days=1)).sign(key, hashes.SHA256())
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    files = directory / f"{name}.crt", directory / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(PEM))
    files[1].write_bytes(key.private_bytes(PEM, PKCS8, encryption))
    return files


async def certificate_name(port: int) -> str:
    """The name in the certificate that a client without SNI gets."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    name = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return str(name)


async def test_a_handshake_uses_the_newest_certificate_with_a_matching_key(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "first")
    reloaded = ReloadedCertificate(certificate, key)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=reloaded.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await certificate_name(port) == "first"

        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)

        newer = make(tmp_path, "second")
        newer[0].replace(certificate)
        reloaded.refresh()
        assert await certificate_name(port) == "first", "the key is not replaced yet"
        newer[1].replace(key)
        reloaded.refresh()
        assert await certificate_name(port) == "second"

        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"
        writer.close()
        await writer.wait_closed()


def test_invalid_files_end_the_start_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, key = make(tmp_path, "good")
    _, other = make(tmp_path, "other")
    _, locked = make(tmp_path, "locked", password=b"secret")
    absent = tmp_path / "absent.pem"
    for variables, message in [
        ((certificate, None), "TLS_CERT is set and TLS_KEY is not"),
        ((None, key), "TLS_KEY is set and TLS_CERT is not"),
        ((absent, key), f"TLS_CERT: {absent} cannot be read: No such file or directory"),
        ((certificate, tmp_path), f"TLS_KEY: {tmp_path} cannot be read: Is a directory"),
        ((certificate, other), "TLS_KEY is not the key of TLS_CERT"),
        ((certificate, locked), "TLS_KEY one with its unencrypted key"),
        ((key, certificate), "TLS_CERT must be a PEM file"),
    ]:
        for name, path in zip(("TLS_CERT", "TLS_KEY"), variables, strict=True):
            monkeypatch.setenv(name, "" if path is None else str(path))
        with pytest.raises(SystemExit) as exited:
            load_settings(Settings)
        assert exited.value.code == 2
        assert message in capsys.readouterr().err


def test_a_certificate_with_its_key_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "127.0.0.1")
    certificate, key = make(tmp_path, "good")
    monkeypatch.setenv("TLS_CERT", str(certificate))
    monkeypatch.setenv("TLS_KEY", str(key))
    assert load_settings(Settings).tls_cert == certificate


def test_certificate_replaced_while_it_is_read_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = ReloadedCertificate(*make(tmp_path, "first"))
    before = certificate._newest

    def vanish(_self: ssl.SSLContext, *_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", vanish)
    make(tmp_path, "first")
    certificate.refresh()
    assert certificate._newest is before
