"""A session of signaling whose client has a standby (ADR 51)."""

from __future__ import annotations

import asyncio

from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedTransport
from support.moving_session import sending
from support.signaling_fakes import OTHER_NODE, FakeClient, SignalingRig

SENDS_THERE, RECEIVES_THERE = OwnedTransport("send", OTHER_NODE), OwnedTransport("recv", OTHER_NODE)


async def standing_by(rig: SignalingRig, *, copied: bool = True) -> tuple[FakeClient, str, str]:
    """A client that sends, and its transports on its standby: for sending, with a copy, and for receiving."""
    client = await sending(rig)
    ids = [str((await create(client, direction))["id"]) for direction in ("send", "recv")]
    client.session.resources.consumers["held"] = OwnedConsumer(ids[1], "p")
    if copied:
        assert await copy(client, ids[0]) == {"id": "camera"}
    client.socket.sent.clear()
    rig.backend.registry_requests.clear()
    rig.backend.node_requests.clear()
    rig.backend.asked.clear()
    return client, ids[0], ids[1]


async def create(client: FakeClient, direction: str) -> dict[str, object]:
    return await client.ask("createTransport", {"direction": direction, "home": "standby"})


async def copy(client: FakeClient, transport_id: str, **changed: object) -> dict[str, object]:
    produce = {"transportId": transport_id, "kind": "audio", "rtpParameters": {}, "replaces": "camera"}
    return await client.ask("produce", {**produce, **changed})


def take_over(rig: SignalingRig, client: FakeClient, placement: Placement = OTHER_NODE) -> None:
    """The client's node has ended, and the registry places it on its standby."""
    record = rig.backend.peers[client.peer_id]
    assert record.standby is not None
    kept = [each for each in record.producers if each.producer_id in record.standby.producers]
    rig.backend.update_peer(client.peer_id, placement=placement, standby=None, producers=kept)


def standby_of(rig: SignalingRig, client: FakeClient) -> list[str] | None:
    """The copies in the client's record; None: it has no standby."""
    record: PeerRecord = rig.backend.peers[client.peer_id]
    return None if record.standby is None else record.standby.producers


async def settled() -> None:
    """Waits, in virtual time, for what goes on in the background."""
    await asyncio.sleep(5)
