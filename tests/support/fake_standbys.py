"""What the registry and a node answer about a peer's standby (ADR 51), in the fakes of signaling."""

from __future__ import annotations

from typing import Protocol

from hubbub_contracts import Done, ErrorCode, HubbubError, Model
from hubbub_contracts.bus.peer import ChooseStandby, EndStandby, StandbyChosen
from hubbub_contracts.bus.producer import AddStandbyProducer, Registered
from hubbub_contracts.bus.records import PeerRecord, Placement, Standby
from hubbub_contracts.bus.transport import TransportCreated

STANDBY_NODE = Placement(node_id="other", epoch=2)
"""Every peer's standby."""
TRANSPORT_CREATED = TransportCreated.model_validate(
    {
        "iceParameters": {"usernameFragment": "u", "password": "p", "iceLite": True},
        "iceCandidates": [],
        "dtlsParameters": {"role": "auto", "fingerprints": [{"algorithm": "sha-256", "value": "AA"}]},
        "sctpParameters": {
            "port": 5000,
            "OS": 1,
            "MIS": 1,
            "maxMessageSize": 1,
            "maxSendMessageSize": 1,
            "maxReceiveMessageSize": 1,
        },
    }
)
"""A node's answer to a request for a transport."""


class Peers(Protocol):
    """The peers that are stored."""

    peers: dict[str, PeerRecord]
    revision: int

    def update_peer(self, peer_id: str, **changed: object) -> None:
        """Stores changed fields of a peer."""


def answer_about_standby(stored: Peers, message: ChooseStandby | AddStandbyProducer | EndStandby) -> Model:
    """Does what the registry does. Raises HubbubError."""
    record = stored.peers.get(message.peer_id)
    if record is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such peer")
    standby = record.standby
    if isinstance(message, ChooseStandby):
        if standby is None:
            stored.update_peer(message.peer_id, standby=Standby(placement=STANDBY_NODE))
        return StandbyChosen(placement=STANDBY_NODE, revision=stored.revision)
    is_there = standby is not None and standby.placement == message.placement
    if isinstance(message, EndStandby):
        if is_there:
            stored.update_peer(message.peer_id, standby=None)
        return Done()
    if standby is None or not is_there:
        raise HubbubError(ErrorCode.INVALID_STATE, "no standby there")
    if all(each.producer_id != message.producer_id for each in record.producers):
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")
    copies = [*standby.producers, message.producer_id]
    stored.update_peer(message.peer_id, standby=standby.model_copy(update={"producers": copies}))
    return Registered(revision=stored.revision)
