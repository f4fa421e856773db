"""What must hold in rooms whose peers have standbys, whatever happened to them (ADR 51)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.node import PeerDescription
from hubbub_contracts.bus.records import PeerRecord, Placement

from .bus_client import BusClient
from .standby_person import HomeIds, StandbyPerson

log = logging.getLogger(__name__)

NOTHING = PeerDescription(transports=[], producers=[], consumers=[])
UNKNOWN = NOTHING.model_copy(update={"plain_producers": ["?"]})
"""Of a node that did not answer."""
POLL = 0.25
SOON = 15.0
"""Seconds after which it is logged what does not agree yet."""


async def require_consistent(
    client: BusClient,
    call_id: str,
    people: Sequence[StandbyPerson],
    nodes: Callable[[], Awaitable[Sequence[Placement]]],
    within: float,
) -> None:
    """Requires within this time, seconds, that the clients of a room, its records and its media nodes agree.

    `people` are all who have ever been in the room, `nodes` returns those that run. Raises AssertionError.
    """
    deadline = time.monotonic() + within
    while (why := await _why_not(client, call_id, people, await nodes())) is not None:
        left = deadline - time.monotonic()
        assert left > 0, f"{call_id}, after {within:g} s: {why}"
        if left < within - SOON:
            log.info("%s, after %.0f s: %s", call_id, within - left, why[:400])
        await asyncio.sleep(POLL)


async def _why_not(
    client: BusClient, call_id: str, people: Sequence[StandbyPerson], nodes: Sequence[Placement]
) -> str | None:
    present = [person for person in people if not person.left]
    contradictions = [each for person in present for each in person.contradictions]
    assert not contradictions, contradictions
    if busy := [person.name for person in present if not person.idle]:
        return f"busy: {busy}"
    snapshot = await client.room(call_id)
    records = {peer.peer_id: peer for peer in snapshot.peers}
    if records.keys() != {person.peer_id for person in present}:
        return f"the registry has {sorted(records)}"
    seen = {peer.peer_id: {each.producer_id: each.paused for each in peer.producers} for peer in snapshot.peers}
    for person in present:
        others = {peer_id: producers for peer_id, producers in seen.items() if peer_id != person.peer_id}
        if person.room.peers != others:
            return f"{person.name} sees {person.room.peers}, not {others}"
    for person in people:
        described = {node: await _describe(client, node, call_id, person.peer_id) for node in nodes}
        record = records.get(person.peer_id)
        why = _left_behind(described) if record is None else _why_not_as_recorded(person, record, described)
        if why is not None:
            return f"{person.name} {person.peer_id}: {why}"
    return None


def _left_behind(described: dict[Placement, PeerDescription]) -> str | None:
    return next((f"has left, and {node} has {what}" for node, what in described.items() if what != NOTHING), None)


def _why_not_as_recorded(
    person: StandbyPerson, record: PeerRecord, described: dict[Placement, PeerDescription]
) -> str | None:
    """What a client, its record and what the nodes have of it disagree on."""
    if record.placement not in described or record.leaving is not None:
        return f"is placed on {record.placement}, leaving {record.leaving}"
    standby = None if record.standby is None else record.standby.placement
    copies = set[str]() if record.standby is None else set(record.standby.producers)
    sources = {each.producer_id: (str(each.shows), each.paused) for each in record.producers}
    wanted = sorted(person.wanted.items())
    if sorted(sources.values()) != wanted:
        return f"wants {wanted}, and the record has {sources}"
    if resurrected := sources.keys() & person.stopped:
        return f"{resurrected} were closed"
    if person.home.producers != {producer_id: source for producer_id, (source, _) in sources.items()}:
        return f"has {person.home.producers}, and the record {sources}"
    if set(person.standby.producers) != copies or (standby is None) != (not person.standby.transports):
        return f"has a standby with {person.standby} {person.standby_ends}, and the record {record.standby}"
    paused = {producer_id: paused for producer_id, (_, paused) in sources.items()}
    for node, what in described.items():
        if node == record.placement:
            why = _why_not_described(person.home, paused, what)
        elif node == standby:
            why = _why_not_described(person.standby, {each: paused[each] for each in copies}, what)
        else:
            why = None if what == NOTHING else "has something"
        if why is not None:
            return f"{node} {why}: {what}"
    return None


def _why_not_described(home: HomeIds, paused: dict[str, bool], what: PeerDescription) -> str | None:
    """What a node has otherwise than the client and the record. `paused`: the producers that it is to have."""
    mine = {each.transport_id for each in what.transports}
    if mine != set(home.transports.values()):
        return f"has other transports than {home.transports}"
    if _as_dict((each.producer_id, each.paused) for each in what.producers) != paused:
        return f"has other producers than {paused}"
    consumed = {each.producer_id: each.consumer_id for each in what.consumers}
    if len(consumed) != len(what.consumers) or consumed != home.consumers:
        return f"has other consumers than {home.consumers}"
    if each := next((each for each in what.consumers if each.paused), None):
        return f"has a paused consumer {each.consumer_id}"
    return None


def _as_dict(pairs: Iterable[tuple[str, bool]]) -> dict[str, bool]:
    listed = list(pairs)
    assert len(dict(listed)) == len(listed), f"a producer is there twice: {listed}"
    return dict(listed)


async def _describe(client: BusClient, node: Placement, call_id: str, peer_id: str) -> PeerDescription:
    """What a node has of a peer; NOTHING when it does not know it."""
    try:
        described = await client.describe(node, call_id, peer_id)
    except HubbubError as error:
        if error.code is not ErrorCode.NOT_FOUND and not error.retryable:
            raise
        return NOTHING if error.code is ErrorCode.NOT_FOUND else UNKNOWN
    return NOTHING.model_copy(
        update={each: getattr(described, each) for each in ("transports", "producers", "consumers")}
    )
