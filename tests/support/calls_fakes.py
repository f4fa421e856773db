"""A fake of the port through which signaling reaches calls, and records for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hubbub_contracts import Done, ErrorCode, HubbubError, Model, ids
from hubbub_contracts.base import CallsRequest, RegistryRequest
from hubbub_contracts.bus.call import CallReply, GetCall, GetLiveCalls, LiveCalls
from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord
from hubbub_contracts.bus.message import DeliverMessage
from hubbub_contracts.bus.presence import ConnectedDevices
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.bus.room import CreateRoom, GetRoom, RoomCreated
from hubbub_contracts.call import ParticipantState
from hubbub_signaling.adapters.access_http import AccessApi
from hubbub_signaling.adapters.calls_http import CallsApi
from hubbub_signaling.adapters.calls_namespace import CallsNamespace
from hubbub_signaling.adapters.forwarded import ForwardedHeaders
from hubbub_signaling.adapters.http_limits import HttpLimits
from hubbub_signaling.adapters.identification import Identification
from hubbub_signaling.adapters.nodes_http import NodesApi
from hubbub_signaling.adapters.recordings_http import RecordingsApi
from hubbub_signaling.adapters.rooms_http import RoomsApi
from hubbub_signaling.adapters.webhooks_http import WebhooksApi
from hubbub_signaling.domain.calls.ports import CallChange, ReplyT
from hubbub_signaling.domain.client_address import TrustedProxies
from hubbub_signaling.domain.client_limits import ClientLimits, Limits
from hubbub_signaling.domain.identity import IdentityPolicy
from hubbub_signaling.domain.ports import Backend
from hubbub_signaling.domain.revocations import Revocations
from hubbub_signaling.domain.token_issue import TokenIssue
from hubbub_signaling.handlers.calls.hub import CallHub
from hubbub_signaling.handlers.live_tokens import LiveTokens

from .fake_ports import FakeSubscription, FakeTelemetry

KEY = "k" * ids.CALL_KEY_LENGTH
CALL_ID = f"c{KEY}unique"


def call_record(call_id: str = CALL_ID, state: str = "ringing", **participants: ParticipantState) -> CallRecord:
    """A call by Ann. `participants` are the states by user; Ann has accepted unless she is among them."""
    states: dict[str, ParticipantState] = {"ann": "accepted", **participants}
    return CallRecord(
        call_id=call_id,
        state=state,  # type: ignore[arg-type]  # one of the literals
        caller_id="ann",
        caller_name="Ann",
        participants=[ParticipantRecord(user_id=user, state=each) for user, each in states.items()],
        created_at=0,
        end_reason="ended" if state == "ended" else None,
    )


def with_part(record: CallRecord, user_id: str, **changes: Any) -> CallRecord:
    """The record with changes of a participant."""
    participants = [
        each.model_copy(update=changes) if each.user_id == user_id else each for each in record.participants
    ]
    return record.model_copy(update={"participants": participants})


class FakeCallsBackend:
    """Implements `CallsBackend`: live calls by key, with the changes that the test makes."""

    def __init__(self) -> None:
        self.live: dict[str, tuple[CallRecord, int]] = {}
        self.history: dict[str, CallRecord] = {}
        self.requests: list[Model] = []
        self.answer: Model | HubbubError = Done()
        """To requests about calls that are not listed here."""
        self.peers: list[PeerRecord] = []
        self.devices: list[ConnectedDevices] = []
        self.failures = 0
        """How many of the next requests for live calls fail."""
        self.before_live_reply: Callable[[], None] = lambda: None
        """Called when the snapshot is taken, before its reply."""
        self._revision = 0
        self._on_change: Callable[[CallChange], None] = lambda _change: None
        self.on_gap: Callable[[], None] = lambda: None

    def store(self, record: CallRecord, *, lost: bool = False) -> None:
        """Stores a record. `lost`: signaling does not hear of it."""
        self._revision += 1
        key = ids.call_key(record.call_id) or ""
        self.live[key] = (record, self._revision)
        if not lost:
            self._on_change(CallChange(key, self._revision, record))

    def archive(self, call_id: str, *, lost: bool = False) -> None:
        """Moves a call into the history."""
        self._revision += 1
        key = ids.call_key(call_id) or ""
        self.history[call_id] = self.live.pop(key)[0]
        if not lost:
            self._on_change(CallChange(key, self._revision, None))

    async def calls(self, message: CallsRequest[ReplyT]) -> ReplyT:
        """See `CallsBackend`."""
        return self._calls(message)  # type: ignore[return-value]  # the reply of its model

    async def registry(self, message: RegistryRequest[ReplyT]) -> ReplyT:
        """See `CallsBackend`."""
        self.requests.append(message)
        reply: Model = Done()
        if isinstance(message, CreateRoom):
            room_id = ids.room_id(message.call_id)
            reply = RoomCreated(room_id=room_id, call_id=message.call_id, codec_profile="v1", rtp_capabilities={})
        elif isinstance(message, GetRoom):
            raise HubbubError(ErrorCode.ROOM_NOT_FOUND, "no such room")
        return reply  # type: ignore[return-value]  # the reply of its model

    async def find_devices(self, tenant: str | None, user_ids: Sequence[str]) -> list[ConnectedDevices]:
        """See `CallsBackend`."""
        return self.devices

    async def deliver(self, message: DeliverMessage) -> int:
        """See `CallsBackend`."""
        self.requests.append(message)
        return 0

    async def watch_calls(
        self, on_change: Callable[[CallChange], None], on_gap: Callable[[], None]
    ) -> FakeSubscription:
        """See `CallsBackend`."""
        self._on_change, self.on_gap = on_change, on_gap
        return FakeSubscription()

    def _calls(self, message: CallsRequest[Any]) -> Model:
        if isinstance(message, GetLiveCalls):
            if self.failures:
                self.failures -= 1
                raise HubbubError(ErrorCode.UNAVAILABLE, "unreachable", retryable=True)
            users = set(message.user_ids)
            live = [
                CallReply(call=record, revision=revision)
                for record, revision in self.live.values()
                if users & {each.user_id for each in record.participants}
            ]
            self.before_live_reply()
            return LiveCalls(calls=live)
        self.requests.append(message)
        if isinstance(message, GetCall):
            return self._find(message.call_id)
        if isinstance(self.answer, HubbubError):
            raise self.answer
        return self.answer

    def _find(self, call_id: str) -> CallReply:
        for record, revision in self.live.values():
            if record.call_id == call_id:
                return CallReply(call=record, revision=revision)
        if call_id not in self.history:
            raise HubbubError(ErrorCode.NOT_FOUND, "no such call")
        return CallReply(call=self.history[call_id], revision=0)


def local_identification(policy: IdentityPolicy | None = None) -> Identification:
    """Believes clients on this machine, unless there is another policy."""
    return Identification(
        policy or IdentityPolicy(api_key=None, trust_user_header=False), ForwardedHeaders(TrustedProxies([]))
    )


def calls_api(backend: FakeCallsBackend, policy: IdentityPolicy | None = None) -> CallsApi:
    """The routes about calls over this backend, for clients on this machine."""
    return CallsApi(backend, local_identification(policy), http_limits())


def recordings_api(
    backend: Backend, policy: IdentityPolicy | None = None, revocations: Revocations | None = None
) -> RecordingsApi:
    """The routes about recordings over this backend, for clients on this machine."""
    return RecordingsApi(
        backend, local_identification(policy), http_limits(), Revocations() if revocations is None else revocations
    )


def rooms_api(backend: Backend, policy: IdentityPolicy | None = None) -> RoomsApi:
    """The routes about rooms over this backend, for clients on this machine."""
    return RoomsApi(backend, local_identification(policy), http_limits())


def nodes_api(backend: Backend, policy: IdentityPolicy | None = None) -> NodesApi:
    """The routes about media nodes over this backend, for clients on this machine."""
    return NodesApi(backend, local_identification(policy), http_limits())


def webhooks_api(backend: Backend, policy: IdentityPolicy | None = None) -> WebhooksApi:
    """The routes about webhooks over this backend, for clients on this machine."""
    return WebhooksApi(backend, local_identification(policy), http_limits())


def access_api(backend: Backend, policy: IdentityPolicy | None = None) -> AccessApi:
    """The routes about access tokens over this backend, for clients on this machine."""
    return AccessApi(backend, local_identification(policy), http_limits(), TokenIssue(None, "hubbub"))


def http_limits() -> HttpLimits:
    """Limits that no test reaches by chance."""
    return HttpLimits(ClientLimits(Limits(10, 1_000), Limits(10, 1_000)), ForwardedHeaders(TrustedProxies([])))


def calls_namespace(backend: FakeCallsBackend) -> CallsNamespace:
    """The namespace over this backend, for clients on this machine."""
    identification = local_identification()
    tokens = LiveTokens(identification.verify, Revocations())
    return CallsNamespace(CallHub(backend, clock=lambda: 0), backend, identification, FakeTelemetry(), tokens)
