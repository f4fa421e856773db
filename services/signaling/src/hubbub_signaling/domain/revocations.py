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
from .ticket_holder import TicketHolder, token_digest, user_digest

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
        self._token_digests: dict[str, tuple[str | None, str]] = {}
        """The keys of `_tokens`, by what tickets say of their holders."""
        self._user_digests: dict[str, tuple[_User, str | None]] = {}
        """Users and rooms in `_users`, likewise."""

    def __len__(self) -> int:
        """The number of revocations."""
        return len(self._tokens) + sum(map(len, self._users.values()))

    def add(self, record: RevocationRecord) -> None:
        """Adds a revocation, or ends that of a ban. A former one of the same tokens stays as far as it goes further."""
        if record.token_id is not None:
            self._tokens[record.tenant, record.token_id] = record
            self._token_digests[token_digest(record.tenant, record.token_id)] = record.tenant, record.token_id
        elif record.user_id is not None:
            user = record.tenant, record.user_id
            scopes = self._users.setdefault(user, {})
            room = None if record.call_id is None else normalized(record.call_id)
            self._user_digests[user_digest(*user, room)] = user, room
            scope = room, record.ban
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
        self._token_digests = {digest: key for digest, key in self._token_digests.items() if key in self._tokens}
        self._user_digests = {digest: key for digest, key in self._user_digests.items() if key[0] in self._users}

    def applied_to(self, identity: Identity) -> Identity:
        """The identity without the rooms in which its token is revoked. Raises `unauthenticated` when it is in all."""
        user = identity.token_user
        if user is None:
            return identity
        scopes = self._users.get(user, {})
        revoked = {room for (room, _), record in scopes.items() if _concerns(record, identity.issued_at)}
        if None in revoked or (identity.tenant, identity.token_id) in self._tokens:
            raise HubbubError(ErrorCode.UNAUTHENTICATED, "the access token was revoked")
        return replace(identity, closed_rooms=frozenset(room for room in revoked if room is not None))

    def concern(self, holder: TicketHolder) -> bool:
        """Whether the token with which a ticket was made is revoked, in the room of the recording."""
        if self._token_digests.get(holder.token) in self._tokens:
            return True
        targets = (self._user_digests.get(digest) for digest in (holder.user, holder.user_in_room))
        records = (
            self._users.get(user, {}).get((room, ban)) for user, room in filter(None, targets) for ban in (False, True)
        )
        return any(record is not None and _concerns(record, holder.issued_at) for record in records)


def _concerns(record: RevocationRecord, issued_at: float | None) -> bool:
    return issued_at is None or issued_at * 1000 < record.not_before


def _holds(record: RevocationRecord, now: float) -> bool:
    # A token is accepted for a while after it has expired, since clocks differ.
    return record.expires_at / 1000 + 2 * LEEWAY > now
