"""Subjects of the bus and keys of its buckets. All of them are built here.

hubbub.v1.registry.<verb>                a request to any registry replica (queue group `registry`)
hubbub.v1.calls.<verb>                   a request to any instance of the calls service (queue group `calls`)
hubbub.v1.captions.<verb>                a request to any instance of the captions service (queue group `captions`)
hubbub.v1.captions-of.<serverId>.<verb>  a request to one instance of the captions service
hubbub.v1.recorder.<verb>                a request to any instance of the recorder (queue group `recorder`)
hubbub.v1.webhooks.<verb>                a request to any instance of the webhooks service (queue group `webhooks`)
hubbub.v1.signaling.<verb>               a question to all signaling instances
hubbub.v1.node.<nodeId>.<epoch>.<verb>   a request to one epoch of one media node
hubbub.v1.node.<nodeId>.beat             a node's heartbeat
hubbub.v1.cluster.<cluster>.ping         a question to any service that is connected to this NATS cluster
hubbub.v1.room.<roomId>.<kind>.<id>      a stored change of a room's state, republished by JetStream
hubbub.v1.call.<key>                     a stored change of a live call, republished by JetStream
hubbub.v1.recording.<key>                a stored change of a recording, republished by JetStream
hubbub.v1.changes.<bucket>.<key>         a stored change in the log from which webhooks are made
hubbub.v1.webhook.<id>.<roomId>          an event that waits for its delivery to an endpoint
hubbub.v1.webhook-dead.<id>.<roomId>     an event that could not be delivered
hubbub.v1.call-history.<user>.<callId>   a call that has ended, stored once for each of its participants
hubbub.v1.media.<roomId>.<peerId>        events about one peer's media
hubbub.v1.speakers.<roomId>              who speaks in a room
hubbub.v1.room-captions.<roomId>         what is said in a room, as text
hubbub.v1.announcements.<roomId>         what the application tells everybody in a room
hubbub.v1.rooms.revisions                the latest revision of each room, periodically
hubbub.v1.tenants.quotas                 the limits of tenants, and what these use on all nodes, periodically
"""

from __future__ import annotations

import base64
import hashlib

from . import ids
from .base import PROTOCOL

REGISTRY_QUEUE = "registry"
ROOMS_BUCKET = "rooms"
LEASES_BUCKET = "leases"
ROOMS_REPUBLISH_SOURCE = f"$KV.{ROOMS_BUCKET}.>"
ROOMS_REPUBLISH_DESTINATION = f"{PROTOCOL}.room.>"
REVISIONS = f"{PROTOCOL}.rooms.revisions"
TENANT_QUOTAS = f"{PROTOCOL}.tenants.quotas"
CAPTIONS_QUEUE = "captions"
CALLS_QUEUE = "calls"
CALLS_BUCKET = "calls"
CALLS_REPUBLISH_SOURCE = f"$KV.{CALLS_BUCKET}.>"
CALLS_REPUBLISH_DESTINATION = f"{PROTOCOL}.call.>"
CALL_CHANGES = f"{PROTOCOL}.call."
"""The prefix of every stored change of a live call. The rest of the subject is the call's key."""
CALL_HISTORY_STREAM = "call-history"
CALL_HISTORY = f"{PROTOCOL}.call-history"
"""The prefix of the subjects of that stream."""
CLUSTER_QUEUE = "cluster"
RECORDER_QUEUE = "recorder"
RECORDINGS_BUCKET = "recordings"
RECORDINGS_REPUBLISH_SOURCE = f"$KV.{RECORDINGS_BUCKET}.>"
RECORDINGS_REPUBLISH_DESTINATION = f"{PROTOCOL}.recording.>"
WEBHOOKS_QUEUE = "webhooks"
WEBHOOKS_BUCKET = "webhooks"
CHANGES_STREAM = "changes"
CHANGES = f"{PROTOCOL}.changes"
"""The prefix of the subjects of that stream."""
WEBHOOK_EVENTS_STREAM = "webhook-events"
WEBHOOK_EVENTS = f"{PROTOCOL}.webhook"
"""The prefix of the subjects of that stream."""
DEAD_LETTERS_STREAM = "webhook-dead-letters"
DEAD_LETTERS = f"{PROTOCOL}.webhook-dead"
"""The prefix of the subjects of that stream."""
CHANGE_SOURCES = {
    ROOMS_BUCKET: ROOMS_REPUBLISH_DESTINATION.removesuffix(">"),
    CALLS_BUCKET: CALLS_REPUBLISH_DESTINATION.removesuffix(">"),
    RECORDINGS_BUCKET: RECORDINGS_REPUBLISH_DESTINATION.removesuffix(">"),
}
"""The prefix of the republished changes of each bucket."""
REVOCATIONS_BUCKET = "revocations"
PEER_CHANGES = f"{PROTOCOL}.room.*.peer.*"
"""The subject filter for every stored change of a peer, in any room."""
ALL_HEARTBEATS = f"{PROTOCOL}.node.*.beat"

SETTINGS = "settings"
PEER = "peer"
_ROOM_PREFIX = f"{PROTOCOL}.room."


def registry(verb: str) -> str:
    """The subject on which any registry replica answers `verb`."""
    return f"{PROTOCOL}.registry.{verb}"


def calls(verb: str) -> str:
    """The subject on which any instance of the calls service answers `verb`."""
    return f"{PROTOCOL}.calls.{verb}"


def captions(verb: str) -> str:
    """The subject on which any instance of the captions service answers `verb`."""
    return f"{PROTOCOL}.captions.{verb}"


def captions_of(server_id: str, verb: str) -> str:
    """The subject on which this instance of the captions service answers `verb`."""
    return f"{PROTOCOL}.captions-of.{server_id}.{verb}"


def recorder(verb: str) -> str:
    """The subject on which any instance of the recorder answers `verb`."""
    return f"{PROTOCOL}.recorder.{verb}"


def webhooks(verb: str) -> str:
    """The subject on which any instance of the webhooks service answers `verb`."""
    return f"{PROTOCOL}.webhooks.{verb}"


def live_recording_key(room_id: str) -> str:
    """The key of the recording that a room has now, in the bucket `recordings`."""
    return f"live.{room_id}"


def done_recording_key(recording_id: str) -> str:
    """The key of a recording that has stopped."""
    return f"done.{recording_id}"


def revoked_token_key(tenant: str | None, token_id: str) -> str:
    """The key of the revocation of one token, in the bucket `revocations`."""
    return f"token.{_digest(ids.of_tenant(token_id, tenant))}"


def revoked_user_key(tenant: str | None, user_id: str, room_id: str | None) -> str:
    """The key of the revocation of a user's tokens, in all rooms or in one."""
    return f"user.{_digest(ids.of_tenant(user_id, tenant))}" + ("" if room_id is None else f".{room_id}")


def banned_user_key(tenant: str | None, user_id: str, room_id: str) -> str:
    """The key of the revocation of a banned user's tokens in a room. Another key, since lifting the ban ends it."""
    return f"ban.{_digest(ids.of_tenant(user_id, tenant))}.{room_id}"


def signaling(verb: str) -> str:
    """The subject on which every signaling instance answers `verb`."""
    return f"{PROTOCOL}.signaling.{verb}"


def call_history_key(user_id: str, call_id: str, tenant: str | None = None) -> str:
    """The key under which the history holds a call for one of its participants.

    User ids are arbitrary text of up to 512 bytes. Their digest is one short token of a subject.
    """
    return f"{_user_token(user_id, tenant)}.{call_id}"


def user_history(user_id: str, tenant: str | None = None) -> str:
    """The key filter for all calls of a user in the history."""
    return f"{_user_token(user_id, tenant)}.*"


def call_in_history(call_id: str) -> str:
    """The key filter for one call in the history, of any of its participants."""
    return f"*.{call_id}"


def node(node_id: str, epoch: int, verb: str) -> str:
    """The subject on which this epoch of the node answers `verb`. After a restart nothing responds there."""
    return f"{PROTOCOL}.node.{node_id}.{epoch}.{verb}"


def cluster_ping(cluster: str) -> str:
    """The subject on which any service of this NATS cluster answers."""
    return f"{PROTOCOL}.cluster.{cluster}.ping"


def heartbeat(node_id: str) -> str:
    """The subject of the node's heartbeats."""
    return f"{PROTOCOL}.node.{node_id}.beat"


def room(room_id: str) -> str:
    """The subject filter for every stored change of one room."""
    return f"{_ROOM_PREFIX}{room_id}.>"


def media(room_id: str, peer_id: str) -> str:
    """The subject of media events for this peer's signaling session."""
    return f"{PROTOCOL}.media.{room_id}.{peer_id}"


def speakers(room_id: str) -> str:
    """The subject of the events about who speaks in a room."""
    return f"{PROTOCOL}.speakers.{room_id}"


def announcements(room_id: str) -> str:
    """The subject of what the application tells everybody in a room."""
    return f"{PROTOCOL}.announcements.{room_id}"


def room_captions(room_id: str) -> str:
    """The subject of the events about what is said in a room."""
    return f"{PROTOCOL}.room-captions.{room_id}"


def settings_key(room_id: str) -> str:
    """The key of a room's settings record."""
    return f"{room_id}.{SETTINGS}.room"


def peer_key(room_id: str, peer_id: str) -> str:
    """The key of a peer's record, which includes its producers."""
    return f"{room_id}.{PEER}.{peer_id}"


def split_key(key: str) -> tuple[str, str, str]:
    """`(room_id, kind, id)` of a key of the rooms bucket. Raises ValueError for any other key."""
    parts = key.split(".")
    if len(parts) != 3:
        raise ValueError(f"not a key of the rooms bucket: {key!r}")
    return parts[0], parts[1], parts[2]


def split_room_subject(subject: str) -> tuple[str, str, str]:
    """`(room_id, kind, id)` of a republished change. Raises ValueError for any other subject."""
    if not subject.startswith(_ROOM_PREFIX):
        raise ValueError(f"not the subject of a room change: {subject!r}")
    return split_key(subject.removeprefix(_ROOM_PREFIX))


def node_lease(node_id: str) -> str:
    """The key of a media node's lease."""
    return f"node.{node_id}"


def registry_lease(replica_id: str) -> str:
    """The key of a registry replica's lease."""
    return f"registry.{replica_id}"


def signaling_lease(signaling_id: str) -> str:
    """The key of a signaling instance's lease."""
    return f"signaling.{signaling_id}"


def _user_token(user_id: str, tenant: str | None) -> str:
    return _digest(ids.of_tenant(user_id, tenant))


def _digest(name: bytes) -> str:
    digest = hashlib.sha256(name).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
