"""A client's standby: the media node that hosts it at once when its own dies (ADR 51).

Rules
- The registry chooses the node, and writes it into the peer's record. The client has one transport of each direction
  there at most.
- A standby ends as a whole: with one of its transports, for whatever reason, all others and its copies of producers
  end too. The registry is told, and the client hears `transportClosed` of each transport that it did not close itself.
- One whose node refuses the first transport for good ends as well, and another node is preferred next time.
- It ends when the session is resumed, as the client's requests about it may have been lost: the registry writes that
  with the claim, and its node closes what is there. The client makes another one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import transport as bus
from hubbub_contracts.bus.peer import ChooseStandby, EndStandby
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.socket.transport import TransportClosed
from hubbub_contracts.types import Direction

from ..domain.peer_nodes import standby_of
from .context import RequestContext

_ENDED = "the standby has ended"


async def choose_standby(context: RequestContext, direction: Direction) -> Placement:
    """The node of the client's standby, which the room's view names from now on.

    Raises `invalid_state` while the peer moves, or when it has such a transport there, `unavailable` while no node can
    be its standby, and what the registry answers.
    """
    membership, resources = context.membership, context.resources
    if membership.record.leaving is not None:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer moves to another media node")
    if any(
        owned.placement == resources.standby and owned.direction == direction for owned in resources.transports.values()
    ):
        raise HubbubError(ErrorCode.INVALID_STATE, f"the standby has a {direction} transport already")
    if resources.ended_standby is not None:
        # Again: a choice that was under way may have renewed it, and a snapshot shows the outcome alone.
        _end_in_the_record(context, resources.ended_standby)
        raise HubbubError(ErrorCode.UNAVAILABLE, "the former standby has not ended yet", retryable=True)
    chosen = await context.backend.registry(
        ChooseStandby(room_id=membership.room_id, peer_id=membership.peer_id, avoid=resources.refusing_standby)
    )
    await membership.hub.replica.reach(chosen.revision)
    require_standby(context, chosen.placement)
    return chosen.placement


def require_standby(context: RequestContext, placement: Placement) -> None:
    """Raises `invalid_state` when the node hosts the peer by now, and `unavailable` when it is not its standby."""
    record = context.membership.record
    if record.placement == placement:
        raise HubbubError(ErrorCode.INVALID_STATE, "the standby hosts the peer already")
    if placement != standby_of(record) or placement == context.resources.ended_standby:
        raise HubbubError(ErrorCode.UNAVAILABLE, _ENDED, retryable=True)


def end_standby(context: RequestContext, reason: str, *, closed_by_client: str | None = None) -> None:
    """Ends the standby with all that is on it. Does nothing without one.

    `closed_by_client`: the transport that the client closes, and hears nothing of.
    """
    placement = context.resources.standby
    if placement is None:
        return
    transports = context.resources.end_standby()
    for transport_id in transports:
        if transport_id != closed_by_client:
            context.session.push(TransportClosed(transport_id=transport_id, reason=reason))
    membership = context.membership
    record = membership.hub.view.peers.get(membership.peer_id)
    if record is not None and standby_of(record) == placement:
        context.resources.ended_standby = placement
    _end_in_the_record(context, placement)
    context.session.run_in_background(partial(close_transports, placement=placement, transports=transports))


def give_up_standby(context: RequestContext, placement: Placement) -> None:
    """The node refuses a transport for good: ends the standby if nothing is there. The next one is another node."""
    membership, resources = context.membership, context.resources
    record = membership.hub.view.peers.get(membership.peer_id)
    if resources.standby is None and record is not None and standby_of(record) == placement:
        resources.ended_standby = resources.refusing_standby = placement
        _end_in_the_record(context, placement)


def _end_in_the_record(context: RequestContext, placement: Placement) -> None:
    membership = context.membership
    end = EndStandby(room_id=membership.room_id, peer_id=membership.peer_id, placement=placement)
    context.outbox.enqueue_once(end)  # a second one could end the next standby


async def close_transports(context: RequestContext, placement: Placement, transports: Iterable[str]) -> None:
    """Closes them on their node.

    A node that does not answer closes them when the peer's record does not name it.
    """
    membership = context.membership
    for transport_id in transports:
        with contextlib.suppress(HubbubError):
            await context.close_on_node(
                placement,
                bus.CloseTransport(room_id=membership.room_id, peer_id=membership.peer_id, transport_id=transport_id),
            )
