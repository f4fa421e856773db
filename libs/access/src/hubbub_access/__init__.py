"""Access tokens: who a client is, and what it may do."""

from .claims import AccessToken
from .grants import ALL_GRANTS, NO_GRANTS, Grants, PublishLimits, Source
from .issuer import issue
from .key_set import KeySet, KeySetInvalid, SigningKey
from .verifier import LEEWAY, MAX_TOKEN_LENGTH, TokenVerifier

__all__ = [
    "ALL_GRANTS",
    "LEEWAY",
    "MAX_TOKEN_LENGTH",
    "NO_GRANTS",
    "AccessToken",
    "Grants",
    "KeySet",
    "KeySetInvalid",
    "PublishLimits",
    "SigningKey",
    "Source",
    "TokenVerifier",
    "issue",
]
