"""An application's server creates, watches, changes and closes rooms over HTTP, with the typed client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hubbub_client import Call
from hubbub_client.api import CallError, RoomOptions, ServerApi
from hubbub_contracts.rest.rooms import UpdateRoomBody
from support.client_socket import ClientSocket, Refused
from support.installation import Installation
from support.python_sdk import until
from support.tracks import PictureTrack, ToneTrack

CAPABILITIES: dict[str, object] = {"codecs": [], "headerExtensions": []}


@pytest.fixture
async def api(installation: Installation) -> AsyncIterator[ServerApi]:
    async with ServerApi(installation.url) as entered:
        yield entered


async def join(socket: ClientSocket, call_id: str, user: str = "ann") -> dict[str, Any]:
    return await socket.call("joinRoom", callId=call_id, userId=user, rtpCapabilities=CAPABILITIES)


async def test_room_with_options(installation: Installation, api: ServerApi, call_id: str) -> None:
    created = await api.create_room(call_id, RoomOptions(max_peers=1, metadata={"project": 7}))
    assert (created.call_id, created.max_peers, created.metadata) == (call_id, 1, {"project": 7})
    async with ClientSocket(installation.url) as ann, ClientSocket(installation.url) as ben:
        await join(ann, call_id)
        with pytest.raises(Refused, match="at most 1"):
            await join(ben, call_id, "ben")
        assert (await api.room(call_id)).participants == 1
        await api.update_room(call_id, UpdateRoomBody(max_peers=2))
        await join(ben, call_id, "ben")
        assert (await api.room(call_id)).metadata == {"project": 7}
        assert [peer.user_id for peer in await api.peers(call_id)] == ["ann", "ben"]
    assert (await api.create_room(call_id, RoomOptions(max_peers=9))).max_peers == 2, "the room exists"


async def test_rooms_are_listed_in_pages(api: ServerApi, call_id: str) -> None:
    names = {f"{call_id} {number}" for number in range(130)}
    for name in names:
        await api.create_room(name, RoomOptions(empty_ttl=3600))
    listed = [room.call_id async for room in api.rooms()]
    assert names <= set(listed)
    assert len(listed) == len(set(listed))
    for name in names:
        await api.close_room(name)


async def test_room_stays_open_as_long_as_it_should(api: ServerApi, call_id: str) -> None:
    await api.create_room(f"{call_id} short", RoomOptions(empty_ttl=1))
    await api.create_room(f"{call_id} long", RoomOptions(empty_ttl=3600))

    async with asyncio.timeout(20):
        while f"{call_id} short" in [room.call_id async for room in api.rooms()]:
            await asyncio.sleep(0.2)
    assert (await api.room(f"{call_id} long")).participants == 0
    await api.close_room(f"{call_id} long")


async def test_call_id_with_a_slash(installation: Installation, api: ServerApi, call_id: str) -> None:
    name = f"team/{call_id} ä"
    await api.create_room(name)
    async with ClientSocket(installation.url) as ann:
        await join(ann, name)
        assert [peer.user_id for peer in await api.peers(name)] == ["ann"]


async def test_codecs_of_a_room(installation: Installation, api: ServerApi, call_id: str) -> None:
    await api.create_room(call_id, RoomOptions(codecs=["opus", "vp8"]))
    async with ClientSocket(installation.url) as ann:
        ready = await ann.call("createRoom", callId=call_id)
        offered = {codec["mimeType"].lower() for codec in ready["rtpCapabilities"]["codecs"]}
        assert offered == {"audio/opus", "audio/red", "video/vp8", "video/rtx"}
        await join(ann, call_id)
        transport = await ann.call("createTransport", direction="send")
        h264 = {"mimeType": "video/H264", "payloadType": 100, "clockRate": 90_000, "parameters": {}}
        with pytest.raises(Refused) as refused:
            await ann.call(
                "produce",
                transportId=transport["id"],
                kind="video",
                rtpParameters={"codecs": [h264], "encodings": [{"ssrc": 5}]},
            )
    assert refused.value.code == "unsupported"


async def test_moderation_over_http(installation: Installation, api: ServerApi, call_id: str) -> None:
    await api.create_room(call_id)
    async with (
        Call(installation.url, call_id, "Ann", codec="vp8") as ann,
        Call(installation.url, call_id, "Ben") as ben,
    ):
        await ann.local.publish(ToneTrack(), "microphone")
        await ann.local.publish(PictureTrack(160, 120), "camera")
        [shown] = [peer for peer in await api.peers(call_id) if peer.display_name == "Ann"]
        assert {track.source for track in await api.producers(call_id)} == {"microphone", "camera"}

        await api.mute(call_id, shown.peer_id, "microphone")
        async with asyncio.timeout(20):
            while not any(each.paused for each in await api.producers(call_id)):
                await asyncio.sleep(0.05)
        await api.stop_source(call_id, shown.peer_id, "camera")
        await until(lambda: "camera" not in ann.local.publications)
        [track] = await api.producers(call_id)
        assert (track.source, track.paused) == ("microphone", True)
        await api.unmute(call_id, shown.peer_id, "microphone")

        await api.remove_peer(call_id, shown.peer_id, ban=True)
        await until(lambda: ann.state == "ended")
        assert (await api.room(call_id)).banned == [shown.user_id]
        await api.lift_ban(call_id, shown.user_id)
        assert (await api.room(call_id)).banned == []
        await api.close_room(call_id)
        await until(lambda: ben.state == "ended")


async def test_announcement_reaches_everybody(installation: Installation, api: ServerApi, call_id: str) -> None:
    await api.create_room(call_id)
    async with ClientSocket(installation.url) as ann, Call(installation.url, call_id, "Ben") as ben:
        heard: list[Any] = []
        ben.on("announcement", heard.append)
        await join(ann, call_id)
        await api.announce(call_id, {"text": "Five minutes left"})
        assert await ann.event("announcement") == {"data": {"text": "Five minutes left"}}
        await until(lambda: heard == [{"text": "Five minutes left"}])


async def test_locked_room(installation: Installation, api: ServerApi, call_id: str) -> None:
    await api.create_room(call_id)
    assert (await api.update_room(call_id, UpdateRoomBody(locked=True))).locked
    async with ClientSocket(installation.url) as ann:
        with pytest.raises(Refused) as refused:
            await join(ann, call_id)
        assert refused.value.code == "room_locked"
        assert not (await api.update_room(call_id, UpdateRoomBody(locked=False))).locked
        await join(ann, call_id)


@pytest.mark.parametrize("path", ["~", "~%20", "nothing", "~bm90aGluZw", 65 * "x", "~" + 300 * "A"])
async def test_unknown_room(api: ServerApi, path: str) -> None:
    assert api._http is not None
    async with api._http.get(f"{api._url}/rooms/{path}") as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] in ("room_not_found", "not_found")


async def test_installation_that_does_not_answer() -> None:
    async with ServerApi("http://127.0.0.1:9") as api:
        with pytest.raises(CallError) as failed:
            await api.room("standup")
    assert failed.value.code == "unreachable"
