"""TLS of a client, with files that were made for one installation."""

from __future__ import annotations

import ssl
from pathlib import Path


class TlsFilesUnusable(ValueError):
    """The files are not what their settings promise. The message names the setting at fault."""


def client_context(authority: Path, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Returns a context that trusts servers with a certificate of this authority, for TLS 1.2 and newer.

    Arguments:
        authority: PEM file of the authorities' certificates. No other authority is trusted.
        certificate, key: PEM files with which the client proves who it is, where the server asks for that.

    Raises TlsFilesUnusable.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise TlsFilesUnusable("NATS_CA must be a PEM file of certificates") from error
    except OSError as error:
        raise TlsFilesUnusable(f"NATS_CA: {authority} cannot be read: {error.strerror}") from error
    if certificate is None or key is None:
        return context
    try:
        # Without a password, OpenSSL asks on the terminal for the one of an encrypted key.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise TlsFilesUnusable(
            "NATS_CERT must be a PEM file with a certificate and its chain, NATS_KEY one with its unencrypted key"
        ) from error
    except OSError as error:
        raise TlsFilesUnusable(f"NATS_CERT or NATS_KEY cannot be read: {error.strerror}") from error
    return context
