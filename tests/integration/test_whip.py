"""WHIP with real clients: FFmpeg publishes, participants of the Python SDK see and hear it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from hubbub_client import Call
from support import whip_ffmpeg, whip_werift
from support.caller import Caller
from support.installation import Installation
from support.python_sdk import WITHIN, participant_of, publication_of, until
from support.whip_aiortc import SIZE, AiortcPublisher

TOKEN = "token-of-the-tests-0123456789"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
OFFERS = Path(__file__).parents[1] / "fixtures" / "sdp"


@pytest.fixture(scope="module")
def whip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with two signaling instances and a token."""
    environment = {"WHIP_TOKEN": TOKEN, "ICE_SERVERS": '[{"urls": ["stun:stun.example.org"]}]'}
    with Installation(tmp_path_factory.mktemp("whip"), signalings=2, environment=environment) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that shows the token."""
    async with aiohttp.ClientSession(headers=AUTHORIZED) as session:
        yield session


def offer(name: str) -> str:
    return (OFFERS / f"{name}.sdp").read_bytes().decode()


async def ask(http: aiohttp.ClientSession, method: str, url: str, **options: Any) -> aiohttp.ClientResponse:
    """The response, with its body read."""
    async with http.request(method, url, **options) as response:
        await response.read()
        return response


async def post(http: aiohttp.ClientSession, server: str, call_id: str, name: str = "Camera") -> Any:
    """Publishes FFmpeg's offer, without media. Returns the response."""
    url = f"{server}/whip/{call_id}?name={name}"
    response = await ask(http, "POST", url, data=offer("ffmpeg-9-baseline"), headers=SDP)
    assert response.status == 201, await response.text()
    return response


@pytest.mark.parametrize("profile", ["baseline", "main"])
async def test_a_participant_decodes_what_ffmpeg_publishes(whip: Installation, call_id: str, profile: str) -> None:
    async with Call(whip.url, call_id, "Bob") as bob:
        url = f"{whip.url}/whip/{quote(call_id)}?name=Camera"
        async with whip_ffmpeg.publishing(url, TOKEN, profile):
            camera = await publication_of(bob, "Camera", "camera")
            microphone = await publication_of(bob, "Camera", "microphone")
            async with asyncio.timeout(WITHIN), camera.video_frames() as pictures:
                shown = [await anext(pictures) for _ in range(30)]
            assert {(one.width, one.height) for one in shown} == {whip_ffmpeg.SIZE}
            assert len({bytes(one.planes[0])[0] // 8 for one in shown}) > 10, "the picture moves"
            async with asyncio.timeout(WITHIN), microphone.audio_frames() as sound:
                await until_loud(sound)
        await until(lambda: participant_of(bob, "Camera") is None)


async def test_a_participant_decodes_what_werift_publishes(whip: Installation, call_id: str) -> None:
    async with Call(whip.url, call_id, "Bob") as bob:
        async with whip_werift.publishing(f"{whip.url}/whip/{quote(call_id)}?name=Camera", TOKEN):
            camera = await publication_of(bob, "Camera", "camera")
            async with asyncio.timeout(WITHIN), camera.video_frames() as pictures:
                shown = [await anext(pictures) for _ in range(20)]
            assert {(one.width, one.height) for one in shown} == {whip_werift.SIZE}
            assert len({bytes(one.planes[0])[0] // 8 for one in shown}) > 10, "the picture moves"
        await until(lambda: participant_of(bob, "Camera") is None)


async def test_a_participant_decodes_what_aiortc_publishes(whip: Installation, call_id: str) -> None:
    async with Call(whip.url, call_id, "Bob") as bob:
        async with AiortcPublisher(f"{whip.url}/whip/{quote(call_id)}?name=Camera", TOKEN):
            camera = await publication_of(bob, "Camera", "camera")
            async with asyncio.timeout(WITHIN), camera.video_frames() as pictures:
                shown = [await anext(pictures) for _ in range(10)]
            assert {(one.width, one.height) for one in shown} == {SIZE}
        await until(lambda: participant_of(bob, "Camera") is None)


async def until_loud(sound: AsyncIterator[Any]) -> None:
    """Waits for a frame that is not silence."""
    async for frame in sound:
        if any(bytes(frame.planes[0])):
            return


async def test_high_profile_is_refused_with_the_reason(whip: Installation, call_id: str) -> None:
    with pytest.raises(whip_ffmpeg.Refused, match="4XX"):
        async with whip_ffmpeg.publishing(f"{whip.url}/whip/{quote(call_id)}", TOKEN, "high"):
            pass


async def test_a_publication_without_audio_is_accepted(
    http: aiohttp.ClientSession, whip: Installation, call_id: str
) -> None:
    session, audio_and_video = offer("ffmpeg-9-baseline").split("m=audio")
    video = "m=video" + audio_and_video.split("m=video")[1]
    body = session.replace("BUNDLE 0 1", "BUNDLE 1") + video
    async with http.post(f"{whip.url}/whip/{call_id}", data=body, headers=SDP) as response:
        assert response.status == 201
        assert "m=audio" not in await response.text()


async def test_a_session_from_its_post_to_its_second_delete(
    http: aiohttp.ClientSession, whip: Installation, call_id: str
) -> None:
    created = await post(http, whip.url, call_id)
    session, etag = f"{whip.url}{created.headers['Location']}", created.headers["ETag"]
    assert created.content_type == "application/sdp"
    assert created.headers["Link"] == '<stun:stun.example.org>; rel="ice-server"'
    answer = await created.text()
    assert "a=setup:active" in answer
    assert "a=candidate:udp0 1 udp" in answer
    candidate = "a=ice-ufrag:{}\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
    client_ufrag = offer("ffmpeg-9-baseline").split("a=ice-ufrag:")[1].split("\r\n")[0]

    async def patch(ufrag: str, **headers: str) -> Any:
        return await ask(http, "PATCH", session, data=candidate.format(ufrag), headers=FRAGMENT | headers)

    assert (await patch(client_ufrag)).status == 428
    assert (await patch(client_ufrag, **{"If-Match": '"other"'})).status == 412
    trickled = await patch(client_ufrag, **{"If-Match": etag})
    assert (trickled.status, trickled.headers.get("ETag")) == (204, None)
    restarted = await patch("new1", **{"If-Match": '"*"'})
    assert (restarted.status, restarted.content_type) == (200, FRAGMENT["Content-Type"])
    assert f'"{(await restarted.text()).split("a=ice-ufrag:")[1].split()[0]}"' == restarted.headers["ETag"] != etag
    assert (await patch("new1", **{"If-Match": etag})).status == 412
    assert (await ask(http, "GET", session)).status == 204
    assert (await ask(http, "DELETE", session, headers={"Authorization": "Bearer wrong"})).status == 401
    assert (await ask(http, "DELETE", session[:-1] + ("x" if session[-1] != "x" else "y"))).status == 404
    assert (await ask(http, "DELETE", session)).status == 200
    assert (await ask(http, "DELETE", session)).status == 404


async def test_another_instance_serves_the_session_url(
    http: aiohttp.ClientSession, whip: Installation, call_id: str
) -> None:
    created = await post(http, whip.url, call_id)
    path, etag = created.headers["Location"], created.headers["ETag"]
    fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    for url, status in ((whip.urls[1], 204), (whip.urls[0], 204)):
        trickled = await ask(http, "PATCH", f"{url}{path}", data=fragment, headers=FRAGMENT | {"If-Match": etag})
        assert trickled.status == status
    assert (await ask(http, "DELETE", f"{whip.urls[1]}{path}")).status == 200
    assert (await ask(http, "GET", f"{whip.urls[0]}{path}")).status == 404


async def test_a_second_post_replaces_the_first(http: aiohttp.ClientSession, whip: Installation, call_id: str) -> None:
    async with Call(whip.url, call_id, "Camera") as participant:
        first = await post(http, whip.url, call_id)
        other = await post(http, whip.url, call_id, "Other")
        await post(http, whip.urls[1], call_id)

        async def status(response: Any) -> int:
            return (await ask(http, "GET", f"{whip.url}{response.headers['Location']}")).status

        async with asyncio.timeout(WITHIN):
            while await status(first) != 404:
                await asyncio.sleep(0.05)
        assert await status(other) == 204
        # A participant of the same name is not replaced. The session's departure reaches everybody a moment later.
        await until(lambda: sorted(one.name for one in participant.participants.values()) == ["Camera", "Other"])


async def test_preflight_needs_no_authorization(whip: Installation, call_id: str) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,if-match",
    }
    async with aiohttp.ClientSession() as http:
        preflight = await ask(http, "OPTIONS", f"{whip.url}/whip/{call_id}/session", headers=asked)
        assert preflight.status == 200
        assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
        described = await ask(
            http, "OPTIONS", f"{whip.url}/whip/{call_id}", headers={"Origin": "https://app.example"} | AUTHORIZED
        )
        assert described.headers["Accept-Post"] == "application/sdp"
        assert {"Location", "ETag", "Link"} <= set(described.headers["Access-Control-Expose-Headers"].split(", "))


async def test_a_publisher_is_heard_again_when_a_mute_is_lifted(
    http: aiohttp.ClientSession, whip: Installation, call_id: str
) -> None:
    """Nobody could answer `unmuteRequested`."""
    async with Caller(whip.urls[1]) as host:
        await host.join(call_id)
        await post(http, whip.url, call_id)
        published = await host.event("newProducer", source="camera")
        peer = {"peerId": published["peerId"], "source": "camera"}
        for _ in range(2):
            await host.call("mutePeer", **peer)
            await host.event("producerPaused", producerId=published["producerId"])
            await host.call("unmutePeer", **peer)
            await host.event("producerResumed", producerId=published["producerId"])
            host.log.clear()
