"""`store.confirm` hands the sender's position to the store, and answers with the replica's own."""

from hubbub_contracts.bus.store import ConfirmStore
from hubbub_registry.handlers.context import RegistryContext
from hubbub_registry.handlers.store import confirm
from support.fake_room_store import FakeRoomStore


async def test_the_position_of_the_sender_is_checked_and_the_own_returned(
    context: RegistryContext, store: FakeRoomStore
) -> None:
    reply = await confirm(context, ConfirmStore(store="former", sequence=3))
    assert store.confirmed == [("former", 3)]
    assert (reply.store, reply.sequence) == (store.identity, store.sequence)
