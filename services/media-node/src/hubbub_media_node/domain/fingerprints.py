"""Which fingerprints of the client's certificate are good enough (RFC 8122 section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hubbub_contracts.bus.transport import Fingerprint
from hubbub_contracts.errors import ErrorCode, HubbubError

DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""The digests that are accepted. Others prove too little and are passed over."""

_HEX_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*", re.ASCII)


def acceptable(fingerprints: Iterable[Fingerprint]) -> list[Fingerprint]:
    """Those that the certificate will be held to, all of them; `invalid_argument` when none is or one is malformed."""
    accepted = [
        Fingerprint(algorithm=given.algorithm.lower(), value=given.value.upper())
        for given in fingerprints
        if given.algorithm.lower() in DIGEST_BYTES
    ]
    if not accepted:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"dtlsParameters: no fingerprint is of {', '.join(DIGEST_BYTES)}")
    for fingerprint in accepted:
        length = 3 * DIGEST_BYTES[fingerprint.algorithm] - 1
        if len(fingerprint.value) != length or _HEX_PAIRS.fullmatch(fingerprint.value) is None:
            raise HubbubError(
                ErrorCode.INVALID_ARGUMENT, f"dtlsParameters: the {fingerprint.algorithm} fingerprint is malformed"
            )
    return accepted
