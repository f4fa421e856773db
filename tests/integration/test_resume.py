"""A session survives its socket: it is resumed on the same or another instance while its media continues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hubbub_contracts import ids
from hubbub_contracts.bus.producer import CloseProducer
from support.bus_client import bus_client
from support.caller import Caller
from support.client_socket import Refused
from support.eventually import wait_for_counts, wait_for_metrics
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP, Pair, connected_pair

GRACE = 8.0
"""Long enough for a busy machine to resume a session within it."""
LATE = 40.0
"""The lease of a dead instance expires after 10 s, and a replica that stood still judges 5 s later."""
FULL = {"rooms": 1, "peers": 2, "producers": 2, "transports": 2, "consumers": 2}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two signaling instances and one registry."""
    with Installation(tmp_path_factory.mktemp("resume"), signalings=2, reconnect_grace=GRACE, metrics=True) as running:
        yield running


@pytest.fixture
async def pair(installation: Installation, call_id: str) -> AsyncIterator[Pair]:
    """Alice on the first instance and Bob on the second, both resumable."""
    async with connected_pair(installation.urls[0], call_id, installation.urls[1], resumable=True) as pair:
        yield pair


@pytest.mark.parametrize("instance", [0, 1], ids=["same instance", "other instance"])
async def test_lost_socket_is_resumed_without_a_media_gap(
    installation: Installation, pair: Pair, instance: int
) -> None:
    await pair.alice.cut()
    await pair.wait_media()
    async with Caller(installation.urls[instance]) as again:
        resumed = await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
        again.take_over_media(pair.alice)
        assert resumed["peerId"] == again.peer_id
        assert [peer["peerId"] for peer in resumed["peers"]] == [pair.bob.peer_id]
        assert {one["transportId"]: one["direction"] for one in resumed["transports"]} == dict.fromkeys(
            again.transports, "send"
        )
        assert {one["producerId"] for one in resumed["producers"]} == set(pair.producers.values())
        assert resumed["consumers"] == []

        await again.call("pauseProducer", producerId=pair.producers["audio"])
        await pair.bob.event("producerPaused", producerId=pair.producers["audio"])
        await pair.consumers["video"].wait_packets(10)
        await again.publish("audio")
        await pair.bob.event("newProducer", producerId=list(again.sources)[-1])
        assert pair.bob.events("peerLeft") == pair.bob.events("producerClosed") == []
        assert pair.longest_gap < MAX_MEDIA_GAP


async def test_receiver_resumes_with_its_consumers(installation: Installation, pair: Pair) -> None:
    await pair.bob.cut()
    async with Caller(installation.urls[0]) as again:
        resumed = await again.call("resume", resumeToken=pair.bob.resume_token, lastRevision=0)
        again.take_over_media(pair.bob)
        assert {(one["consumerId"], one["producerId"], one["paused"]) for one in resumed["consumers"]} == {
            (one.id, one.producer_id, False) for one in pair.consumers.values()
        }
        assert {one["producerId"] for peer in resumed["peers"] for one in peer["producers"]} == set(
            pair.producers.values()
        )
        await pair.wait_media()
        await again.call("closeConsumer", consumerId=pair.consumers["audio"].id)
        third = await again.publish("audio")
        await pair.alice.event("newProducer", producerId=third, peerId=again.peer_id)


async def test_missed_changes_are_in_the_answer_and_not_sent_as_events(installation: Installation, pair: Pair) -> None:
    await pair.bob.cut()
    await pair.alice.call("closeProducer", producerId=pair.producers["audio"])
    async with Caller(installation.urls[1]) as carol, Caller(installation.urls[1]) as again:
        await carol.join(pair.call_id, userId="carol")
        resumed = await again.call("resume", resumeToken=pair.bob.resume_token, lastRevision=0)
        again.take_over_media(pair.bob)
        assert {peer["userId"] for peer in resumed["peers"]} == {"alice", "carol"}
        assert [one["producerId"] for one in resumed["consumers"]] == [pair.producers["video"]]
        await carol.call("leaveRoom")
        await again.event("peerLeft", userId="carol")
        assert again.events("peerJoined") == again.events("producerClosed") == []


@pytest.mark.parametrize("instance", [0, 1], ids=["same instance", "other instance"])
async def test_resume_replaces_the_connected_socket(installation: Installation, pair: Pair, instance: int) -> None:
    async with Caller(installation.urls[instance]) as again:
        await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
        await pair.alice.wait_closed()
        again.take_over_media(pair.alice)
        await pair.wait_media()
        await again.call("pauseProducer", producerId=pair.producers["audio"])
        await pair.bob.event("producerPaused", producerId=pair.producers["audio"])
        assert pair.bob.events("peerLeft") == []


async def test_client_whose_media_ends_with_its_socket_is_removed_at_once(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, reconnect_grace=60) as installation:
        async with connected_pair(installation.url, call_id, resumable=True) as pair:
            await pair.alice.end_media()
            await pair.alice.cut()
            await pair.bob.event("peerLeft", within=30, peerId=pair.alice.peer_id, reason="disconnected")


async def test_session_ends_with_its_grace_period(installation: Installation, pair: Pair) -> None:
    await pair.alice.cut()
    await pair.bob.event("peerLeft", within=GRACE + LATE, peerId=pair.alice.peer_id, reason="disconnected")
    async with Caller(installation.urls[0]) as again:
        with pytest.raises(Refused, match="not_found"):
            await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
        assert [peer["peerId"] for peer in (await again.join(pair.call_id))["peers"]] == [pair.bob.peer_id]


async def test_a_token_that_was_replaced_ends_the_session(installation: Installation, pair: Pair) -> None:
    tokens = [pair.alice.resume_token]
    await pair.alice.cut()
    # The first answer may get lost: until the second token is used, the first one resumes again.
    for instance, shown in ((0, 0), (1, 0), (0, 2)):
        async with Caller(installation.urls[instance]) as again:
            resumed = await again.call("resume", resumeToken=tokens[shown])
            assert resumed["resumeToken"] not in tokens
            tokens.append(resumed["resumeToken"])
            await again.cut()
    for stolen in (tokens[0], tokens[3]):
        async with Caller(installation.urls[1]) as thief:
            answer = await thief.request("resume", {"resumeToken": stolen})
            assert answer["error"]["code"] == ("not_allowed" if stolen is tokens[0] else "not_found")
    left = await pair.bob.event("peerLeft", peerId=pair.alice.peer_id)
    assert left["reason"] == "removed"
    await wait_for_metrics(installation, lambda seen: seen.total("hubbub_reused_resume_tokens_total") == 1)


async def test_wrong_tokens_are_rejected(installation: Installation, pair: Pair, call_id: str) -> None:
    room_id, peer_id, secret = str(pair.alice.resume_token).split(".")
    async with Caller(installation.urls[1]) as mallory:
        expected = {
            f"{room_id}.{peer_id}.{'x' * len(secret)}": "not_allowed",
            f"{room_id}.{peer_id}.": "not_allowed",
            f"{room_id}.nobody.{secret}": "not_found",
            f"{ids.room_id('nowhere')}.{peer_id}.{secret}": "room_not_found",
            "": "invalid_argument",
            "a.b": "invalid_argument",
            "..": "invalid_argument",
            "*.>.x": "invalid_argument",
            f"{room_id}.{peer_id}.{secret}.more": "invalid_argument",
        }
        for token, code in expected.items():
            answer = await mallory.request("resume", {"resumeToken": token})
            assert answer["error"]["code"] == code, token
    await pair.wait_media()
    assert not pair.alice.is_closed
    assert pair.bob.events("peerLeft") == []


async def test_session_without_resumable_cannot_be_resumed(installation: Installation, call_id: str) -> None:
    async with Caller(installation.urls[0]) as alice, Caller(installation.urls[0]) as mallory:
        joined = await alice.join(call_id)
        assert "resumeToken" not in joined
        answer = await mallory.request("resume", {"resumeToken": f"{ids.room_id(call_id)}.{alice.peer_id}."})
        assert answer["error"]["code"] == "not_allowed"
        await alice.call("getProducers")


async def test_rows_16_and_24_sessions_of_a_killed_instance_resume_on_another(
    installation: Installation, call_id: str
) -> None:
    first, second = installation.urls
    async with connected_pair(first, call_id, second, resumable=True) as pair, Caller(first) as carol:
        await carol.join(call_id, userId="carol", resumable=True)
        await pair.bob.event("peerJoined", userId="carol")
        installation.signaling[0].kill()
        try:
            async with bus_client(installation) as client, Caller(second) as again:
                await pair.wait_media()
                placement = await client.placement(call_id, pair.alice.peer_id)
                message = CloseProducer(
                    room_id=ids.room_id(call_id), peer_id=pair.alice.peer_id, producer_id=pair.producers["audio"]
                )
                await client.ask_node(placement, message)
                resumed = await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
                again.take_over_media(pair.alice)
                assert [one["producerId"] for one in resumed["producers"]] == [pair.producers["video"]]
                await pair.bob.event("producerClosed", producerId=pair.producers["audio"])
                await pair.consumers["video"].wait_packets(10)

                await pair.bob.event("peerLeft", within=GRACE + LATE, userId="carol", reason="signaling_lost")
                assert len(pair.bob.events("peerLeft")) == 1
                await again.call("pauseProducer", producerId=pair.producers["video"])
                await pair.bob.event("producerPaused", producerId=pair.producers["video"])
        finally:
            installation.signaling[0].start()
            await asyncio.to_thread(installation.wait_ready)


async def test_row_23_sessions_of_a_stopped_instance_resume_on_another(
    installation: Installation, call_id: str
) -> None:
    first, second = installation.urls
    async with connected_pair(first, call_id, second, resumable=True) as pair, Caller(first) as carol:
        await carol.join(call_id, userId="carol")
        await pair.bob.event("peerJoined", userId="carol")
        try:
            await asyncio.to_thread(installation.signaling[0].stop)
            await pair.bob.event("peerLeft", userId="carol", reason="disconnected")
            await pair.alice.wait_closed()
            async with Caller(second) as again:
                resumed = await again.call("resume", resumeToken=pair.alice.resume_token, lastRevision=0)
                again.take_over_media(pair.alice)
                assert {one["producerId"] for one in resumed["producers"]} == set(pair.producers.values())
                await pair.wait_media()
                assert pair.bob.events("producerClosed") == []
        finally:
            installation.signaling[0].start()
            await asyncio.to_thread(installation.wait_ready)


async def test_peers_of_an_instance_that_restarts_under_its_name_are_removed(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, reconnect_grace=GRACE, environment={"SIGNALING_ID": "signaling-a"}) as installation:
        async with Caller(installation.url) as alice:
            await alice.join(call_id)
            installation.signaling[0].kill()
        installation.signaling[0].start()
        await asyncio.to_thread(installation.wait_ready)
        await wait_for_counts(installation, within=GRACE + LATE)


async def test_nothing_is_left_after_all_clients_left(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.urls[0], call_id, installation.urls[1]):
        await wait_for_counts(installation, within=GRACE + LATE, **FULL)
    await wait_for_counts(installation)
