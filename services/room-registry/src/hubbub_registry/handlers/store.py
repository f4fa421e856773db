"""`store.confirm`: finds out whether the store was lost, from what signaling instances have seen of it."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.store import ConfirmStore, StorePosition

from .context import RegistryContext


async def confirm(context: RegistryContext, request: ConfirmStore) -> StorePosition:
    """Returns the position of the store.

    Raises `unavailable` when the store lacks what the sender has seen. It is then replaced, and signaling instances
    restore their peers.
    """
    store = context.store
    await store.confirm(request.store, request.sequence)
    if store.identity is None:
        raise HubbubError(ErrorCode.UNAVAILABLE, "the store is not known yet", retryable=True)
    return StorePosition(store=store.identity, sequence=store.sequence)
