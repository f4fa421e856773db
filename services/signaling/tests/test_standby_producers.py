"""Copies of producers on a client's standby (ADR 51)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import Done, ErrorCode, HubbubError, Model
from hubbub_contracts.bus import media
from hubbub_contracts.bus.moderation_records import Moderation
from hubbub_contracts.bus.peer import EndStandby
from hubbub_contracts.bus.producer import (
    AddStandbyProducer,
    CloseProducer,
    CreateProducer,
    PauseProducer,
    ProducerCreated,
    Registered,
    ResumeProducer,
)
from support.fake_standbys import answer_about_standby
from support.moving_session import asked, two_node_rig
from support.signaling_fakes import OTHER_NODE, FakeClient, SignalingRig, code, unavailable
from support.standby_session import copy, settled, standby_of, standing_by, take_over


@pytest.fixture
def rig() -> SignalingRig:
    """Two media nodes."""
    return two_node_rig()


def pause_record(rig: SignalingRig, client: FakeClient, *, paused: bool) -> None:
    [record] = rig.backend.peers[client.peer_id].producers
    rig.backend.update_peer(client.peer_id, producers=[record.model_copy(update={"paused": paused})])


def ended(rig: SignalingRig) -> list[Any]:
    return [each.placement for each in rig.backend.registry_requests if isinstance(each, EndStandby)]


@pytest.mark.parametrize("paused", [False, True])
async def test_a_copy_has_the_id_and_the_pause_of_its_producer(rig: SignalingRig, *, paused: bool) -> None:
    client, sends, _ = await standing_by(rig, copied=False)
    other = await rig.joined()
    pause_record(rig, client, paused=paused)
    client.socket.sent.clear()
    other.socket.sent.clear()
    answer = await copy(client, sends, paused=not paused, operationId="1")
    assert answer == ({"id": "camera", "paused": True} if paused else {"id": "camera"})
    [created] = rig.backend.node_requests
    assert isinstance(created, CreateProducer)
    assert (created.producer_id, created.transport_id, created.paused) == ("camera", sends, paused)
    assert (rig.backend.asked, standby_of(rig, client)) == ([OTHER_NODE], ["camera"])
    resources = client.session.resources
    assert (resources.producers, resources.standby_producers) == ({"camera": "up"}, {"camera": sends})
    assert (client.socket.pushes(), other.socket.pushes()) == ([], [])


async def test_a_copy_is_refused(rig: SignalingRig) -> None:
    client, sends, receives = await standing_by(rig, copied=False)
    codes = {
        "unknown": code(await copy(client, sends, replaces="other")),
        "kind": code(await copy(client, sends, kind="video")),
        "direction": code(await copy(client, receives)),
    }
    user = rig.backend.peers[client.peer_id].user_id
    rig.backend.moderate(Moderation.model_validate({"roles": [{"userId": user, "role": "listener"}]}))
    codes["rights"] = code(await copy(client, sends))
    assert codes == {
        "unknown": "not_found",
        "kind": "invalid_argument",
        "direction": "invalid_state",
        "rights": "not_allowed",
    }
    assert not any(isinstance(each, CreateProducer) for each in rig.backend.node_requests)


async def test_a_repeated_copy_is_the_nodes_to_compare(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    assert await copy(client, sends) == {"id": "camera"}
    rig.backend.answers[CreateProducer] = HubbubError(ErrorCode.CONFLICT, "another one")
    assert code(await copy(client, sends)) == "conflict"
    assert asked(rig) == [("CreateProducer", "other")] * 2
    assert (rig.backend.registry_requests, standby_of(rig, client)) == ([], ["camera"])


@pytest.mark.parametrize("error", [HubbubError(ErrorCode.NOT_FOUND, "gone"), unavailable()])
async def test_a_copy_that_the_registry_does_not_record_is_closed(rig: SignalingRig, error: HubbubError) -> None:
    client, sends, _ = await standing_by(rig, copied=False)
    rig.backend.answers[AddStandbyProducer] = error
    assert code(await copy(client, sends)) == error.code
    assert asked(rig)[:2] == [("CreateProducer", "other"), ("CloseProducer", "other")]
    await settled()
    resources = client.session.resources
    assert (resources.producers, resources.standby_producers) == ({"camera": "up"}, {})
    assert rig.backend.removed_producers() == []
    # It may have been recorded, and must not count.
    assert ended(rig) == ([OTHER_NODE] if error.retryable else [])


async def test_the_standby_takes_over_while_a_copy_is_made(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig, copied=False)

    async def record(message: AddStandbyProducer) -> Model:
        registered = answer_about_standby(rig.backend, message)
        take_over(rig, client)
        assert isinstance(registered, Registered)
        raise unavailable()

    rig.backend.answers[AddStandbyProducer] = record
    assert await copy(client, sends) == {"id": "camera"}
    assert asked(rig) == [("CreateProducer", "other")]
    assert client.session.resources.producers == {"camera": sends}
    assert ended(rig) == []


async def test_a_copy_that_came_too_late_is_closed(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig, copied=False)

    async def create(_: CreateProducer) -> Model:
        take_over(rig, client)
        return ProducerCreated(producer_id="camera")

    rig.backend.answers[CreateProducer] = create
    assert code(await copy(client, sends)) == "not_found"
    assert asked(rig) == [("CreateProducer", "other"), ("CloseProducer", "other")]
    assert client.session.resources.producers == {}


async def test_a_producer_that_is_paused_while_its_copy_is_made(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig, copied=False)

    async def create(_: CreateProducer) -> Model:
        pause_record(rig, client, paused=True)
        return ProducerCreated(producer_id="camera")

    rig.backend.answers[CreateProducer] = create
    assert await copy(client, sends) == {"id": "camera", "paused": True}
    await settled()
    assert asked(rig) == [("CreateProducer", "other"), ("PauseProducer", "other")]


async def test_a_pause_that_the_view_does_not_show_yet(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig, copied=False)
    rig.backend.answers[AddStandbyProducer] = Registered(revision=rig.backend.revision + 1)
    answers: list[dict[str, Any]] = []
    replace = {"transportId": sends, "kind": "audio", "rtpParameters": {}, "replaces": "camera"}
    client.send("produce", replace, answers.append)
    await client.ask("getProducers")
    pause_record(rig, client, paused=True)
    await settled()
    assert answers == [{"id": "camera", "paused": True}]
    assert asked(rig) == [("CreateProducer", "other"), ("PauseProducer", "other")]


async def test_pauses_reach_the_copy_in_their_order(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    done: list[str] = []

    async def pause(_: PauseProducer) -> Model:
        await asyncio.sleep(1)
        done.append("pause")
        return Done()

    async def resume(_: ResumeProducer) -> Model:
        done.append("resume")
        return Done()

    rig.backend.nodes[OTHER_NODE].update({PauseProducer: pause, ResumeProducer: resume})
    for event in ("pauseProducer", "resumeProducer", "pauseProducer"):
        client.send(event, {"producerId": "camera"})
    await settled()
    pauses = ["PauseProducer", "ResumeProducer", "PauseProducer"]
    for node in ("node", "other"):
        assert [name for name, at in asked(rig) if at == node] == pauses
    assert done == ["pause", "resume", "pause"]
    assert ended(rig) == []


@pytest.mark.parametrize(("event", "message"), [("pauseProducer", PauseProducer), ("resumeProducer", ResumeProducer)])
async def test_a_copy_that_cannot_be_paused_ends_the_standby(rig: SignalingRig, event: str, message: Any) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][message] = unavailable()
    assert await client.ask(event, {"producerId": "camera"}) == {}
    await settled()
    assert ended(rig) == [OTHER_NODE]
    assert [each for each in client.socket.pushes() if each == "transportClosed"] == ["transportClosed"] * 2
    assert client.session.resources.producers == {"camera": "up"}


async def test_a_node_that_still_considers_the_source_muted_is_asked_again(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    answers = [HubbubError(ErrorCode.MUTED, "muted")]

    async def resume(_: ResumeProducer) -> Model:
        if answers:
            raise answers.pop()
        return Registered(revision=0)

    rig.backend.nodes[OTHER_NODE][ResumeProducer] = resume
    assert await client.ask("resumeProducer", {"producerId": "camera"}) == {}
    await settled()
    assert [at for name, at in asked(rig) if name == "ResumeProducer"] == ["node", "other", "other"]
    assert ended(rig) == []


async def test_a_copy_that_its_node_considers_muted_ends_nothing(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][ResumeProducer] = HubbubError(ErrorCode.MUTED, "muted")
    assert await client.ask("resumeProducer", {"producerId": "camera"}) == {}
    await settled()
    assert ended(rig) == []


async def test_a_closed_producer_has_no_copy(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.nodes[OTHER_NODE][CloseProducer] = unavailable()
    assert await client.ask("closeProducer", {"producerId": "camera"}) == {}
    await settled()
    assert asked(rig) == [("CloseProducer", "node"), ("CloseProducer", "other")]
    assert client.session.resources.standby_producers == {}
    assert (rig.backend.removed_producers(), client.socket.pushes()) == ([["camera"]], [])
    assert ended(rig) == []


async def test_a_stopped_source_has_no_copy(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    rig.backend.update_peer(client.peer_id, producers=[])
    await settled()
    assert sorted(asked(rig)) == [("CloseProducer", "node"), ("CloseProducer", "other")]
    assert client.socket.pushes() == ["producerClosed"]


async def test_a_role_without_publishing_closes_the_copy(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    user = rig.backend.peers[client.peer_id].user_id
    rig.backend.moderate(Moderation.model_validate({"roles": [{"userId": user, "role": "listener"}]}))
    await settled()
    assert sorted(asked(rig)) == [("CloseProducer", "node"), ("CloseProducer", "other")]


async def test_the_end_of_the_first_homes_transport_closes_the_copy(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    assert await client.ask("closeTransport", {"transportId": "up"}) == {}
    rig.backend.update_peer(client.peer_id, producers=[])
    await settled()
    assert asked(rig) == [("CloseTransport", "node"), ("CloseProducer", "other")]
    assert ended(rig) == []


async def test_the_end_of_a_copy_does_not_end_the_producer(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)
    ended = media.ProducerClosed(producer_id="camera", transport_id=sends, reason="transport_closed")
    client.session.on_media_event(ended)
    assert (client.socket.pushes(), rig.backend.removed_producers()) == ([], [])
    assert client.session.resources.producers == {"camera": "up"}
    assert client.session.resources.standby_producers != {}


async def test_a_closed_transport_of_the_first_home_takes_its_producer(rig: SignalingRig) -> None:
    client, _, _ = await standing_by(rig)
    for event in (
        media.ProducerClosed(producer_id="camera", transport_id="up", reason="transport_closed"),
        media.TransportClosed(transport_id="up", reason="ice_timeout"),
    ):
        client.session.on_media_event(event)
    assert client.socket.pushes() == ["producerClosed", "transportClosed"]
    assert client.session.resources.standby_producers == {}
    await rig.ports.outbox.drain()
    assert rig.backend.removed_producers() == [["camera"]]


async def test_what_is_reported_of_a_copy_is_not_of_the_producer(rig: SignalingRig) -> None:
    client, sends, _ = await standing_by(rig)

    def reported(transport_id: str | None) -> list[str]:
        client.socket.sent.clear()
        names: dict[str, Any] = {"producer_id": "camera", "transport_id": transport_id}
        client.session.on_media_event(media.ProducerLayersWanted(encodings=[False], **names))
        client.session.on_media_event(media.ProducerScoreChanged(score=[], **names))
        return client.socket.pushes()

    both = ["producerLayersWanted", "producerScore"]
    assert reported(sends) == []
    assert reported("up") == reported(None) == both
    client.session.resources.replacing["camera"] = "next"
    assert reported("next") == both
    take_over(rig, client)
    assert reported(sends) == both
    assert reported("up") == []
