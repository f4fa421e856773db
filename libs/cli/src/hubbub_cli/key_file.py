"""The operator's file with the keys of access tokens. A file that cannot be used ends the command."""

from __future__ import annotations

from pathlib import Path

from hubbub_access import KeySet, KeySetInvalid, SigningKey

from .failure import fail


def read_keys(keys: Path) -> KeySet:
    """The keys in a file."""
    try:
        return KeySet.read(keys)
    except KeySetInvalid as error:
        fail(str(error), error)


def read_signing_key(keys: Path) -> SigningKey:
    """The first key in a file that can sign."""
    signing = read_keys(keys).signing_key
    if signing is None:
        fail(f"{keys}: has only public keys, which cannot sign")
    return signing
