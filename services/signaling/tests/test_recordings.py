"""Recordings: who may handle them over HTTP, and who may record a room."""

from __future__ import annotations

import json
import time

import pytest
from fastapi import FastAPI

from hubbub_access import Grants, KeySet, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.bus import recording as bus
from hubbub_contracts.bus.revocation import RevocationRecord
from hubbub_contracts.recording import Composition, CompositionOptions, Manifest, RecordingInfo, RecordingTicket
from hubbub_signaling.adapters.http_errors import install_error_handlers
from hubbub_signaling.domain.identity import IdentityPolicy
from hubbub_signaling.domain.revocations import Revocations
from support.asgi import Answer, ask
from support.calls_fakes import recordings_api
from support.signaling_fakes import FakeBackend, SignalingRig, code

KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
API_KEY = "key-of-the-tests-0123456789"
WITH_TOKENS = IdentityPolicy(api_key=API_KEY, trust_user_header=False, tokens=TokenVerifier(KEYS, "hubbub"))
RECORDING = RecordingInfo(
    recording_id="recording", call_id="standup", state="recording", audio_only=False, started_at=1
)
COMPOSITION = Composition(
    composition_id="one",
    layout="grid",
    format="webm",
    audio_only=False,
    width=640,
    height=360,
    state="queued",
    requested_at=1,
)
RECORDER = Grants(rooms=("standup",), record=True)
ELSEWHERE = Grants(rooms=("other",), record=True, join=True)
START = json.dumps({"callId": "standup", "userId": "mallory"}).encode()


def token(grants: Grants) -> str:
    key = KEYS.signing_key
    assert key is not None
    return issue(key, "ann", grants, audience="hubbub", now=time.time(), lifetime=60, token_id="1")


class Client:
    """An HTTP client of the routes, in front of a recorder that has one recording."""

    def __init__(self) -> None:
        self.backend = FakeBackend()
        self.backend.answers |= {
            bus.StartRecording: self._start,
            bus.GetRecording: Manifest(recording=RECORDING),
            bus.ListRecordings: bus.RecordingPage(recordings=[RECORDING]),
            bus.StopRecording: RECORDING,
            bus.CreateRecordingTicket: self._create_ticket,
            bus.ComposeRecording: self._compose,
            bus.ReadRecordingFile: self._read,
        }
        self.good = "good"
        self.tickets: list[bus.CreateRecordingTicket] = []
        self.revocations = Revocations()
        self.started: list[bus.StartRecording] = []
        self.composed: list[bus.ComposeRecording] = []
        self.app = FastAPI()
        install_error_handlers(self.app)
        recordings_api(self.backend, WITH_TOKENS, self.revocations).install(self.app)

    async def ask(self, method: str, path: str, bearer: str, body: bytes = b"") -> Answer:
        return await ask(self.app, path, method, {"authorization": f"Bearer {bearer}"}, body)

    async def _read(self, message: bus.ReadRecordingFile) -> bus.FileChunk:
        if message.ticket not in (None, self.good):
            raise HubbubError(ErrorCode.UNAUTHENTICATED, "ticket: unknown or expired")
        return bus.FileChunk(size=2, data="aGk=")

    async def _create_ticket(self, message: bus.CreateRecordingTicket) -> RecordingTicket:
        self.tickets.append(message)
        return RecordingTicket(ticket=self.good, expires_at=1)

    async def _start(self, message: bus.StartRecording) -> RecordingInfo:
        self.started.append(message)
        return RECORDING

    async def _compose(self, message: bus.ComposeRecording) -> Composition:
        self.composed.append(message)
        return COMPOSITION


FILE = "/recordings/recording/files/00-001-camera.webm"
ROUTES = [
    ("POST", "/recordings", START),
    ("GET", "/recordings?callId=standup", b""),
    ("GET", "/recordings/recording", b""),
    ("POST", "/recordings/recording/stop", b""),
    ("DELETE", "/recordings/recording", b""),
    ("POST", "/recordings/recording/ticket", b""),
    ("POST", "/recordings/recording/compositions", b"{}"),
    ("GET", FILE, b""),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_the_grant_opens_the_recordings_of_its_rooms_only(method: str, path: str, body: bytes) -> None:
    client = Client()
    for bearer in (token(RECORDER), token(Grants(admin=True)), API_KEY):
        assert (await client.ask(method, path, bearer, body)).status in {200, 201, 202}
    for refused in (ELSEWHERE, RECORDER.model_copy(update={"record": False})):
        answer = await client.ask(method, path, token(refused), body)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "not_allowed")


async def test_a_ticket_opens_a_file_without_a_header() -> None:
    client = Client()
    answer = await ask(client.app, f"{FILE}?ticket=good", "GET", {}, b"")
    assert (answer.status, answer.body) == (200, b"hi")
    for path in (f"{FILE}?ticket=bad", f"{FILE}?ticket=", FILE):
        answer = await ask(client.app, path, "GET", {}, b"")
        assert (answer.status, answer.json()["error"]["code"]) == (401, "unauthenticated")
    ticket_for_other_routes = await ask(client.app, "/recordings/recording?ticket=good", "GET", {}, b"")
    assert ticket_for_other_routes.status == 401


async def test_a_ticket_ends_with_the_token_that_made_it() -> None:
    client = Client()
    assert (await client.ask("POST", "/recordings/recording/ticket", API_KEY)).status == 201
    assert (await client.ask("POST", "/recordings/recording/ticket", token(RECORDER))).status == 201
    by_server, by_user = client.tickets
    assert by_server.holder is None
    client.good = f"1764043200000.{by_user.holder}.{'0b' * 32}"
    assert (await ask(client.app, f"{FILE}?ticket={client.good}", "GET", {}, b"")).status == 200
    client.revocations.add(RevocationRecord(user_id="ann", not_before=2**52, expires_at=2**52))
    refused = await ask(client.app, f"{FILE}?ticket={client.good}", "GET", {}, b"")
    assert (refused.status, refused.json()["error"]["code"]) == (401, "unauthenticated")


async def test_only_an_admin_lists_the_recordings_of_all_rooms() -> None:
    client = Client()
    assert (await client.ask("GET", "/recordings", token(RECORDER))).status == 403
    assert (await client.ask("GET", "/recordings", token(Grants(admin=True)))).status == 200
    assert (await client.ask("GET", "/recordings", API_KEY)).status == 200


async def test_a_user_records_in_its_own_name_and_a_server_in_anybodys() -> None:
    client = Client()
    for bearer in (token(RECORDER), API_KEY):
        assert (await client.ask("POST", "/recordings", bearer, START)).status == 201
    assert [message.started_by for message in client.started] == ["ann", "mallory"]


async def test_the_options_of_a_composition_are_passed_on_and_bounded() -> None:
    client = Client()
    path = "/recordings/recording/compositions"
    body = {"layout": "speaker", "format": "webm", "width": 640, "height": 360}
    answer = await client.ask("POST", path, API_KEY, json.dumps(body).encode())
    assert (answer.status, answer.json()["state"]) == (202, "queued")
    [asked] = client.composed
    assert asked.options == CompositionOptions(layout="speaker", format="webm", width=640, height=360)
    for wrong in ({"layout": "mosaic"}, {"width": 641}, {"width": 8_000}, {"width": 1_920, "height": 1_920}):
        answer = await client.ask("POST", path, API_KEY, json.dumps(wrong).encode())
        assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_argument"), wrong
    assert len(client.composed) == 1


@pytest.mark.parametrize(("file", "media_type"), [("composed-1.mp4", "video/mp4"), ("composed-1.jpg", "image/jpeg")])
async def test_composed_files_have_their_media_type(file: str, media_type: str) -> None:
    answer = await Client().ask("GET", f"/recordings/recording/files/{file}", API_KEY)
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)


async def test_what_is_not_complete_is_not_served() -> None:
    answer = await Client().ask("GET", "/recordings/recording/files/.composed-1-1.mp4", API_KEY)
    assert answer.status == 400


async def test_a_participant_records_its_own_room_and_no_other() -> None:
    rig = SignalingRig()
    requests: list[bus.StartRecording | bus.StopRecording] = []

    async def recorder(message: bus.StartRecording | bus.StopRecording) -> RecordingInfo:
        requests.append(message)
        return RECORDING

    rig.backend.answers |= {bus.StartRecording: recorder, bus.StopRecording: recorder}
    client = await rig.joined()
    assert (await client.ask("startRecording"))["recordingId"] == "recording"
    assert await client.ask("stopRecording", {"recordingId": "recording"}) == {}
    assert ids.call_id(client.room_id) == "call"
    assert requests == [
        bus.StartRecording(call_id="call", audio_only=False, started_by="ann"),
        bus.StopRecording(recording_id="recording", call_id="call"),
    ]


async def test_recording_that_the_operator_has_switched_off_is_not_allowed() -> None:
    client = await SignalingRig(participants_record=False).joined()
    assert code(await client.ask("startRecording")) == "not_allowed"
    assert code(await client.ask("stopRecording", {"recordingId": "recording"})) == "not_allowed"
