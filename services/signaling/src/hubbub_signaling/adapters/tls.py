"""TLS for the listening socket, with files that may be replaced while we run.

Rules
- A handshake uses the newest certificate and key that fit together; connections that stand keep theirs.
- Files that cannot be used, as between the replacing of the one and the other, change nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)
POLL_INTERVAL = 2.0
"""Seconds until replaced files are noticed."""


class CertificateUnusable(ValueError):
    """The files are no certificate and key for a server; the message says why, in the operator's words."""


def load_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's context with this chain and key, TLS 1.2 at least. Raises CertificateUnusable."""
    for variable, path in (("TLS_CERT", certificate), ("TLS_KEY", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise CertificateUnusable(f"{variable}: {path} cannot be read: {error.strerror}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # An encrypted key would be asked for on the terminal, were there no password.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateUnusable("TLS_KEY is not the key of TLS_CERT") from error
        raise CertificateUnusable(
            "TLS_CERT has to be a PEM file with the certificate and its chain, TLS_KEY one with its key, unencrypted"
        ) from error
    return context


class ReloadedCertificate:
    """A context that is made again when its files change. Raises CertificateUnusable."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._stamp()
        self.context = self._newest = load_context(certificate, key)
        self.context.sni_callback = self._on_hello

    async def watch(self) -> None:
        """Looks at the files for ever."""
        while True:
            await asyncio.sleep(POLL_INTERVAL)
            self.refresh()

    def refresh(self) -> None:
        """Loads the files when they are not those of the last time."""
        seen = self._stamp()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._newest = load_context(*self._files)
        except CertificateUnusable as error:
            _log.warning("the replaced certificate cannot be used; the old one stays", why=str(error))
        else:
            _log.info("the certificate was replaced")

    def _on_hello(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _stamp(self) -> list[tuple[int, int, int]]:
        """Changes with the files, also when a link is pointed elsewhere."""
        stamps = []
        for path in self._files:
            try:
                status = path.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return stamps
