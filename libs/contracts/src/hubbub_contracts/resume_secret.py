"""The secret of a resume token: 32 characters that are replaced at each use.

The first half stays the same as long as the session lives, and names its family: a secret of the family that is not the
newest one was used before. Whoever never saw a secret of the session cannot show one of its family.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_HALF: Final = 16
"""Characters: 96 random bits."""


def mint() -> str:
    """The first secret of a session."""
    return secrets.token_urlsafe(_HALF * 2 * 3 // 4)


def successor(secret: str) -> str:
    """A new secret of the same family."""
    return secret[:_HALF] + secrets.token_urlsafe(_HALF * 3 // 4)


def digest(secret: str) -> str:
    """The hex SHA-256 that is stored instead of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def family_digest(secret: str) -> str:
    """The hex SHA-256 that is stored of the half that all secrets of the session share."""
    return digest(secret[:_HALF])
