"""The events of a worker.

Each entity that is closed has exactly one `*Closed` event. It precedes the reply to the command that closed the entity.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

CloseReason: TypeAlias = Literal[
    "requested",
    "transport_closed",
    "producer_closed",
    "router_closed",
    "handshake_timeout",
    "ice_timeout",
    "internal",
]
"""Why an entity was closed.

- `requested`: a command closed it.
- `transport_closed`, `producer_closed`, `router_closed`: the entity that it belongs to was closed.
- `handshake_timeout`: ICE and DTLS did not complete within the handshake timeout.
- `ice_timeout`: the client sent no STUN request within the consent timeout (RFC 7675).
- `internal`: a bug may have left it inconsistent.
"""

ErrorCode: TypeAlias = Literal[
    "not_found", "already_exists", "invalid_state", "invalid_spec", "limit_reached", "internal"
]
"""Why a command failed.

- `not_found`: an entity that the command refers to does not exist.
- `already_exists`: the id or ufrag is in use.
- `invalid_state`: the state of the entity does not allow the command.
- `invalid_spec`: a parameter is invalid, or an SSRC, RID or MID is in use on this transport.
- `limit_reached`: a limit of the worker is reached.
- `internal`: a bug; the command may be done in part.
"""


IceState: TypeAlias = Literal["new", "connected", "disconnected"]
"""The state of ICE.

- `new`: no candidate pair is valid.
- `connected`: a valid pair is selected.
- `disconnected`: a pair is selected, but the client has sent nothing authentic for 8 s. Of a link to another node: for
  3 s the other side has sent no check, or has answered none.
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a command: its result in `body`, or the reason of its failure in `error`."""

    request: int
    body: dict[str, Any]
    error: ErrorCode | None


@dataclass(frozen=True, slots=True)
class IceSelected:
    """The ICE state or the selected pair changed."""

    transport: int
    state: IceState
    remote: tuple[str, int]
    """IP address and port of the client."""
    local: str
    """Local IP address of the pair; the port is the worker's."""
    protocol: Literal["udp", "tcp"]


@dataclass(frozen=True, slots=True)
class DtlsReceived:
    """A DTLS datagram (first byte 20 to 63) arrived over a valid pair of this transport."""

    transport: int
    datagram: bytes


@dataclass(frozen=True, slots=True)
class TransportClosed:
    """A transport was closed."""

    transport: int
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class ProducerClosed:
    """A producer was closed."""

    producer: int
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class ConsumerClosed:
    """A consumer was closed."""

    consumer: int
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class ProducerReplaced:
    """No consumer of a producer is left: all have moved to its successor, or were closed.

    Once for each `ReplaceProducer`, unless the successor was closed before. It may precede the reply. Who is to consume
    the producer from then on consumes the successor.
    """

    producer: int
    successor: int
    """The one that replaced the successor of the command, if there is one."""


@dataclass(frozen=True, slots=True)
class LayersChanged:
    """A video consumer receives other layers than before. Not for a producer with one encoding and no layers."""

    consumer: int
    spatial: int
    """Index of the encoding, or the spatial layer of a producer with one encoding."""
    temporal: int


@dataclass(frozen=True, slots=True)
class LayersWanted:
    """The client of a simulcast producer is to send these of its encodings. All of them before the first such event.

    For a pipe producer, also of audio and with one encoding: its consumers want these. None of them before the first.
    """

    producer: int
    encodings: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class AudioVolume:
    """The loudness of an audio producer."""

    producer: int
    volume: int
    """The loudest of the last 800 ms, dBov: -127 to 0."""


@dataclass(frozen=True, slots=True)
class ActiveSpeaker:
    """Another microphone of a router is the dominant speaker."""

    router: int
    speaker: AudioVolume


@dataclass(frozen=True, slots=True)
class AudioLevels:
    """The microphones of a router that carry speech, loudest first, at most 10. At most every 300 ms."""

    router: int
    levels: tuple[AudioVolume, ...]


@dataclass(frozen=True, slots=True)
class BandwidthPause:
    """A video consumer receives nothing for lack of bandwidth, or receives something again."""

    consumer: int
    paused: bool


@dataclass(frozen=True, slots=True)
class EncodingScore:
    """How well a stream of a producer arrives."""

    encoding: int
    """Index of the encoding."""
    ssrc: int
    rid: str | None
    score: int
    """0, nothing arrives, to 10."""


@dataclass(frozen=True, slots=True)
class ProducerScore:
    """Streams of a producer arrive better or worse than before: those that arrived and are wanted. At most once a
    second."""

    producer: int
    scores: tuple[EncodingScore, ...]


@dataclass(frozen=True, slots=True)
class ConsumerScore:
    """A consumer's stream, or its source, arrives better or worse than before. At most once a second."""

    consumer: int
    score: int
    """0 to 10, at the client."""
    encoding: int
    """The encoding that is forwarded: an index of `producer_scores`."""
    producer_scores: tuple[int, ...]
    """0 to 10, of each encoding at the worker; 0 for one that does not arrive."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The worker recovered from a panic. The entities in use are closed with reason `internal`."""

    message: str
    """For the log."""


Event: TypeAlias = (
    Reply
    | IceSelected
    | DtlsReceived
    | TransportClosed
    | ProducerClosed
    | ConsumerClosed
    | ProducerReplaced
    | LayersChanged
    | LayersWanted
    | ActiveSpeaker
    | AudioLevels
    | BandwidthPause
    | ProducerScore
    | ConsumerScore
    | Fault
)


def _ice_selected(
    transport: int, state: IceState, remote: str, local: str, protocol: Literal["udp", "tcp"]
) -> IceSelected:
    host, _, port = remote.rpartition(":")
    return IceSelected(transport, state, (host.strip("[]"), int(port)), local, protocol)


def _reply(request: int, ok: dict[str, Any] | None = None, error: ErrorCode | None = None) -> Reply:
    return Reply(request, ok or {}, error)


def _layers_wanted(producer: int, encodings: Sequence[bool]) -> LayersWanted:
    return LayersWanted(producer, tuple(encodings))


def _active_speaker(router: int, speaker: Mapping[str, int]) -> ActiveSpeaker:
    return ActiveSpeaker(router, AudioVolume(**speaker))


def _audio_levels(router: int, levels: Sequence[Mapping[str, int]]) -> AudioLevels:
    return AudioLevels(router, tuple(AudioVolume(**level) for level in levels))


def _producer_score(producer: int, scores: Sequence[Mapping[str, Any]]) -> ProducerScore:
    return ProducerScore(producer, tuple(EncodingScore(**score) for score in scores))


def _consumer_score(consumer: int, score: int, encoding: int, producer_scores: Sequence[int]) -> ConsumerScore:
    return ConsumerScore(consumer, score, encoding, tuple(producer_scores))


_PARSERS: Mapping[str, Callable[..., Event]] = {
    "reply": _reply,
    "ice_selected": _ice_selected,
    "dtls_received": DtlsReceived,
    "transport_closed": TransportClosed,
    "producer_closed": ProducerClosed,
    "consumer_closed": ConsumerClosed,
    "producer_replaced": ProducerReplaced,
    "layers_changed": LayersChanged,
    "layers_wanted": _layers_wanted,
    "active_speaker": _active_speaker,
    "audio_levels": _audio_levels,
    "bandwidth_pause": BandwidthPause,
    "producer_score": _producer_score,
    "consumer_score": _consumer_score,
    "fault": Fault,
}


def parse(wire: Mapping[str, Any]) -> Event:
    """Converts a dict of the native module to an event.

    Raises:
        KeyError: the type is unknown.
        TypeError: the fields do not match the type.
    """
    fields = dict(wire)
    return _PARSERS[fields.pop("type")](**fields)
