"""The SRTP keys of plain transports, as SDES writes them (RFC 4568 section 6.1)."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

from hubbub_contracts.bus.plain_transport import SrtpCryptoSuite, SrtpParameters
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core.commands import SrtpProfile


class _Suite(NamedTuple):
    profile: SrtpProfile
    length: int
    """Master key and master salt, bytes."""


_SUITES: Final[Mapping[SrtpCryptoSuite, _Suite]] = {
    "AES_CM_128_HMAC_SHA1_80": _Suite("SRTP_AES128_CM_SHA1_80", 16 + 14),
    "AEAD_AES_128_GCM": _Suite("SRTP_AEAD_AES_128_GCM", 16 + 12),
    "AEAD_AES_256_GCM": _Suite("SRTP_AEAD_AES_256_GCM", 32 + 12),
}


def profile_of(suite: SrtpCryptoSuite) -> SrtpProfile:
    """The core's name of a crypto suite."""
    return _SUITES[suite].profile


def new_parameters(suite: SrtpCryptoSuite) -> SrtpParameters:
    """A random key."""
    key = secrets.token_bytes(_SUITES[suite].length)
    return SrtpParameters(crypto_suite=suite, key_base64=base64.b64encode(key).decode())


def key_of(parameters: SrtpParameters, suite: SrtpCryptoSuite) -> bytes:
    """Master key and salt. Raises `invalid_argument` for another suite than the transport's, and other lengths."""
    if parameters.crypto_suite != suite:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"srtpParameters.cryptoSuite: this transport uses {suite}")
    try:
        key = base64.b64decode(parameters.key_base64, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    length = _SUITES[suite].length
    if len(key) != length:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"srtpParameters.keyBase64: not {length} bytes in base64")
    return key
