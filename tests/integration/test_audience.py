"""An audience in a running installation: counted by everybody, listed to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hubbub_client import Call, CallError
from support.client_socket import ClientSocket
from support.installation import ONE_ADDRESS, Installation
from support.python_sdk import publication_of, until
from support.tracks import ToneTrack

AUDIENCE = 200
ENVIRONMENT = {**ONE_ADDRESS, "MAX_CONNECTIONS_PER_ADDRESS": "1000"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two signaling instances."""
    with Installation(tmp_path_factory.mktemp("audience"), signalings=2, environment=ENVIRONMENT) as running:
        yield running


@pytest.fixture
async def sockets() -> AsyncIterator[AsyncExitStack]:
    """Closes the sockets of a test."""
    async with AsyncExitStack() as stack:
        yield stack


async def join(stack: AsyncExitStack, url: str, call_id: str, user_id: str, **more: Any) -> ClientSocket:
    socket = await stack.enter_async_context(ClientSocket(url))
    await socket.ask("createRoom", callId=call_id)
    await socket.ask("joinRoom", callId=call_id, userId=user_id, rtpCapabilities={}, **more)
    return socket


async def wait_count(socket: ClientSocket, count: int) -> None:
    """Waits until the client has been told that so many watch."""
    async with asyncio.timeout(40):
        while not any(one.name == "audienceChanged" and one.payload["count"] == count for one in socket.log):
            await asyncio.sleep(0.05)


def listed(socket: ClientSocket) -> list[str]:
    """The users of whose coming and going the client was told."""
    return [one.payload["userId"] for one in socket.log if one.name in ("peerJoined", "peerLeft")]


async def test_nobody_is_told_who_watches_and_everybody_how_many(
    installation: Installation, call_id: str, sockets: AsyncExitStack
) -> None:
    urls = installation.urls
    people = [await join(sockets, url, call_id, f"person {number}") for number, url in enumerate(urls)]
    async with AsyncExitStack() as audience:
        watching = await asyncio.gather(
            *(
                join(audience, urls[number % 2], call_id, f"watcher {number}", audience=True)
                for number in range(AUDIENCE)
            )
        )
        everybody = [*people, *watching]
        answers = [one.payload["audience"] for socket in watching for one in socket.log if "audience" in one.payload]
        assert max(answers) == AUDIENCE
        # Who joined last was answered with the number, and need not be told again.
        final = [socket for socket in everybody if _known(socket) != AUDIENCE]
        await asyncio.gather(*(wait_count(socket, AUDIENCE) for socket in final))
        assert all(not user.startswith("watcher") for socket in everybody for user in listed(socket))
        assert max(sum(one.name == "audienceChanged" for one in socket.log) for socket in people) < AUDIENCE / 4
        async with Call(urls[0], call_id, "Cem") as cem:
            assert (len(cem.participants), cem.audience) == (2, AUDIENCE)
    await asyncio.gather(*(wait_count(socket, 0) for socket in people))
    assert all("watcher" not in user for socket in people for user in listed(socket))


def _known(socket: ClientSocket) -> int:
    """The number that the client knows."""
    told = [one.payload for one in socket.log if one.name == "audienceChanged" or "audience" in one.payload]
    last = told[-1]
    return int(last.get("count", last.get("audience", -1)))


async def test_one_in_the_audience_hears_the_others_and_sends_nothing(installation: Installation, call_id: str) -> None:
    url = installation.url
    async with Call(url, call_id, "Ann") as ann, Call(url, call_id, "Eve", audience=True) as eve:
        counts: list[int] = []
        ann.on("audience", counts.append)
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(eve, "Ann", "microphone")
        async with asyncio.timeout(40), microphone.frames() as frames:
            await anext(frames)
        with pytest.raises(CallError, match="not_allowed"):
            await eve.local.publish(ToneTrack(), "microphone")
        await until(lambda: ann.audience == 1)
        assert (eve.audience, list(ann.participants)) == (1, [])
        await eve.leave()
        await until(lambda: ann.audience == 0)


async def test_the_server_refuses_what_one_in_the_audience_sends(
    installation: Installation, call_id: str, sockets: AsyncExitStack
) -> None:
    eve = await join(sockets, installation.url, call_id, "eve", audience=True)
    transport = await eve.call("createTransport", direction="send")
    answer = await eve.request(
        "produce", {"transportId": transport["id"], "kind": "audio", "rtpParameters": {"codecs": [], "encodings": []}}
    )
    assert answer["error"]["code"] == "not_allowed"
    assert "audience" in answer["error"]["message"]


async def test_a_resumed_session_stays_in_the_audience(
    installation: Installation, call_id: str, sockets: AsyncExitStack
) -> None:
    here, there = installation.urls
    ann = await join(sockets, here, call_id, "ann")
    eve = ClientSocket(here)
    await eve.open()
    joined = await eve.call("joinRoom", callId=call_id, userId="eve", rtpCapabilities={}, resumable=True, audience=True)
    await wait_count(ann, 1)
    await eve.cut()
    again = await sockets.enter_async_context(ClientSocket(there))
    resumed = await again.call("resume", resumeToken=joined["resumeToken"])
    assert (resumed["peerId"], resumed["audience"]) == (joined["peerId"], 1)
    assert [one.payload["count"] for one in ann.log if one.name == "audienceChanged"] == [1]
    assert listed(ann) == []
