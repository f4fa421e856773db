"""Strategies for events of a client: any event, with well-formed, foreign and senseless values in its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from hubbub_contracts.socket.base import ClientRequest
from hubbub_contracts.socket.calls_catalogue import CALL_REQUESTS
from hubbub_contracts.socket.catalogue import CLIENT_REQUESTS

from .caller import rtp_capabilities, rtp_parameters

KINDS = ("transport", "producer", "consumer", "peer", "call", "room", "recording")
OWNERS = ("own", "own", "neighbour", "neighbour", "stranger")
"""As often as they are drawn."""


@dataclass(frozen=True)
class Ref:
    """An id that is known when the event is sent: of one of the client's own objects, or of somebody else's."""

    owner: str
    kind: str
    index: int


@dataclass(frozen=True)
class RandomEvent:
    """One event."""

    namespace: str
    event: str
    payload: Any
    awaited: bool
    """Whether the acknowledgement is awaited before the next step. Otherwise events overlap."""


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["", "*", ">", "a.b", "x" * 300, "../..", "\x00", "__proto__", "null"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
REFS = st.builds(Ref, st.sampled_from(OWNERS), st.sampled_from(KINDS), st.integers(0, 3))


def _refs(kind: str) -> st.SearchStrategy[Any]:
    return st.builds(Ref, st.sampled_from(OWNERS), st.just(kind), st.integers(0, 3))


def _parameters() -> st.SearchStrategy[Any]:
    return st.builds(
        rtp_parameters,
        st.sampled_from(["audio", "video"]),
        st.integers(1, 2**32 - 1),
        st.sampled_from(["0", "1", "2"]),
    )


_FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "callId": _refs("room") | _refs("call"),
    "transportId": _refs("transport"),
    "producerId": _refs("producer"),
    "consumerId": _refs("consumer"),
    "peerId": _refs("peer"),
    "recordingId": _refs("recording"),
    "userId": st.sampled_from(["mallory", "alice", "carol"]),
    "rtpCapabilities": st.builds(rtp_capabilities),
    "rtpParameters": _parameters(),
    "dtlsParameters": st.sampled_from(["client", "server"]).map(
        lambda role: {"role": role, "fingerprints": [_FINGERPRINT]}
    ),
    "direction": st.sampled_from(["send", "recv"]),
    "kind": st.sampled_from(["audio", "video"]),
    "source": st.sampled_from(["camera", "microphone", "screen"]),
    "role": st.sampled_from(["moderator", "speaker", "listener"]),
    "enabled": st.booleans(),
    "resumable": st.booleans(),
    "spatialLayer": st.integers(0, 3),
    "temporalLayer": st.integers(0, 3),
    "priority": st.integers(0, 255),
    "bitrate": st.integers(0, 10_000_000),
    "appData": st.dictionaries(st.text(max_size=8), SCALARS, max_size=3),
    "operationId": st.sampled_from(["one", "two"]),
    "status": st.sampled_from(["online", "away", "doNotDisturb"]),
    "lastRevision": st.integers(0, 100),
    "resumeToken": st.sampled_from(["cm9vbQ.peer.secret", "a.b", ""]),
    "token": st.sampled_from(["a.b.c", "", "x" * 4096]),
}
"""Values that a client might send, by the name of the field."""


@st.composite
def payloads(draw: st.DrawFn, request: type[ClientRequest[Any]]) -> Any:
    """Mostly a well-formed payload of the event; in places anything else."""
    if draw(st.integers(0, 19)) == 0:
        return draw(JSON)
    payload: dict[str, Any] = {}
    for name, info in request.model_fields.items():
        alias = info.alias or name
        if not info.is_required() and draw(st.booleans()):
            continue
        plausible = PLAUSIBLE.get(alias, JSON)
        payload[alias] = draw(plausible if draw(st.integers(0, 9)) else JSON | REFS)
    return payload


@st.composite
def steps(draw: st.DrawFn) -> RandomEvent:
    """One event of either namespace."""
    namespace = draw(st.sampled_from(["", "", "", "/calls"]))
    requests = CALL_REQUESTS if namespace else CLIENT_REQUESTS
    event = draw(st.sampled_from([*requests, "connect", "disconnect"]))
    payload = draw(payloads(requests[event]) if event in requests else JSON)
    return RandomEvent(namespace, event, payload, draw(st.booleans()))


# A session gets further once it is in a room and has transports, so most begin with them.
BEGIN = [
    RandomEvent("", "createRoom", {"callId": Ref("own", "room", 0)}, awaited=True),
    RandomEvent(
        "",
        "joinRoom",
        {"callId": Ref("own", "room", 0), "userId": "mallory", "rtpCapabilities": rtp_capabilities()},
        awaited=True,
    ),
    RandomEvent("", "createTransport", {"direction": "send"}, awaited=True),
    RandomEvent("", "createTransport", {"direction": "recv"}, awaited=True),
    RandomEvent(
        "",
        "consume",
        {"transportId": Ref("own", "transport", 1), "producerId": Ref("neighbour", "producer", 0)},
        awaited=True,
    ),
]
SESSIONS = st.tuples(st.integers(0, 4), st.lists(steps(), min_size=6, max_size=30)).map(
    lambda drawn: [*(BEGIN if drawn[0] else []), *drawn[1]]
)
"""The events of one client, in their order."""
