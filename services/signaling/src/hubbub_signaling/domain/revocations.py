"""The revoked access tokens.

A revocation is kept until the last token that it concerns has expired, whatever becomes of the store.
"""

from __future__ import annotations

from dataclasses import replace

from hubbub_access import LEEWAY
from hubbub_access.grants import normalized
from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.revocation import RevocationRecord

from .identity import Identity

_User = tuple[str | None, str]
"""Tenant and user."""


_Scope = tuple[str | None, bool]
"""The room, None for all rooms, and whether a ban revoked the tokens there."""


class Revocations:
    """What is known of revoked tokens."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str | None, str], RevocationRecord] = {}
        """By tenant and `jti`."""
        self._users: dict[_User, dict[_Scope, RevocationRecord]] = {}

    def __len__(self) -> int:
        """The number of revocations."""
        return len(self._tokens) + sum(map(len, self._users.values()))

    def add(self, record: RevocationRecord) -> None:
        """Adds a revocation, or ends that of a ban. A former one of the same tokens stays as far as it goes further."""
        if record.token_id is not None:
            self._tokens[record.tenant, record.token_id] = record
        elif record.user_id is not None:
            scopes = self._users.setdefault((record.tenant, record.user_id), {})
            scope = None if record.call_id is None else normalized(record.call_id), record.ban
            former = scopes.get(scope)
            if record.ban and record.not_before == 0:  # it was lifted
                scopes.pop(scope, None)
            elif former is None or former.not_before <= record.not_before:
                scopes[scope] = record

    def forget_expired(self, now: float) -> None:
        """Removes what concerns no token any more. `now` is in Unix seconds."""
        self._tokens = {key: record for key, record in self._tokens.items() if _holds(record, now)}
        kept = (
            (user, {scope: record for scope, record in scopes.items() if _holds(record, now)})
            for user, scopes in self._users.items()
        )
        self._users = {user: scopes for user, scopes in kept if scopes}

    def applied_to(self, identity: Identity) -> Identity:
        """The identity without the rooms in which its token is revoked. Raises `unauthenticated` when it is in all."""
        if identity.expires_at is None or identity.user_id is None:
            return identity  # no access token
        scopes = self._users.get((identity.tenant, identity.user_id), {})
        revoked = {room for (room, _), record in scopes.items() if _concerns(record, identity.issued_at)}
        if None in revoked or (identity.tenant, identity.token_id) in self._tokens:
            raise HubbubError(ErrorCode.UNAUTHENTICATED, "the access token was revoked")
        return replace(identity, closed_rooms=frozenset(room for room in revoked if room is not None))


def _concerns(record: RevocationRecord, issued_at: float | None) -> bool:
    return issued_at is None or issued_at * 1000 < record.not_before


def _holds(record: RevocationRecord, now: float) -> bool:
    # A token is accepted for a while after it has expired, since clocks differ.
    return record.expires_at / 1000 + 2 * LEEWAY > now
