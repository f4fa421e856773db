"""TLS for the listening socket. The certificate's files may be replaced while the service runs.

Rules
- A handshake uses the newest certificate whose key matches. Existing connections keep theirs.
- Unusable files change nothing: certificate and key are rarely replaced at the same moment.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)
POLL_INTERVAL = 2.0
"""Seconds between two checks of the files."""


class CertificateUnusable(ValueError):
    """The files are not a server's certificate and key. The message names the setting at fault."""


def load_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server context with this chain and key, for TLS 1.2 and newer. Raises CertificateUnusable."""
    for variable, path in (("TLS_CERT", certificate), ("TLS_KEY", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise CertificateUnusable(f"{variable}: {path} cannot be read: {error.strerror}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password, OpenSSL asks on the terminal for the one of an encrypted key.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateUnusable("TLS_KEY is not the key of TLS_CERT") from error
        raise CertificateUnusable(
            "TLS_CERT must be a PEM file with the certificate and its chain, TLS_KEY one with its unencrypted key"
        ) from error
    except OSError as error:  # the files were replaced since they were read
        raise CertificateUnusable(f"TLS_CERT or TLS_KEY cannot be read: {error.strerror}") from error
    return context


class ReloadedCertificate:
    """A server context that follows changes of its files. The constructor raises CertificateUnusable."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._stamp()
        self.context = self._newest = load_context(certificate, key)
        self.context.sni_callback = self._on_hello

    async def watch(self) -> None:
        """Reloads changed files until cancelled."""
        while True:
            await asyncio.sleep(POLL_INTERVAL)
            self.refresh()

    def refresh(self) -> None:
        """Loads the files if they changed since the last time."""
        seen = self._stamp()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._newest = load_context(*self._files)
        except CertificateUnusable as error:
            _log.warning("new certificate is unusable, keeping the old one", reason=str(error))
        else:
            _log.info("certificate reloaded")

    def _on_hello(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _stamp(self) -> list[tuple[int, int, int]]:
        """Identifies the versions of the files. It also changes when a symbolic link gets another target."""
        stamps = []
        for path in self._files:
            try:
                status = path.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return stamps
