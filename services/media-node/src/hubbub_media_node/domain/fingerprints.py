"""Validates the fingerprints of a client's DTLS certificate (RFC 8122 section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hubbub_contracts.bus.transport import Fingerprint
from hubbub_contracts.errors import ErrorCode, HubbubError

DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Accepted hash functions and their lengths. Fingerprints of weaker ones are ignored."""

_HEX_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*", re.ASCII)


def select_fingerprints(fingerprints: Iterable[Fingerprint]) -> list[Fingerprint]:
    """The fingerprints that the certificate must match, in canonical form.

    Raises `invalid_argument` when none has an accepted hash function, or one of those that have is malformed.
    """
    accepted = [
        Fingerprint(algorithm=given.algorithm.lower(), value=given.value.upper())
        for given in fingerprints
        if given.algorithm.lower() in DIGEST_BYTES
    ]
    if not accepted:
        raise HubbubError(
            ErrorCode.INVALID_ARGUMENT, f"dtlsParameters: no fingerprint uses one of {', '.join(DIGEST_BYTES)}"
        )
    for fingerprint in accepted:
        length = 3 * DIGEST_BYTES[fingerprint.algorithm] - 1
        if len(fingerprint.value) != length or _HEX_PAIRS.fullmatch(fingerprint.value) is None:
            raise HubbubError(
                ErrorCode.INVALID_ARGUMENT, f"dtlsParameters: the {fingerprint.algorithm} fingerprint is malformed"
            )
    return accepted
