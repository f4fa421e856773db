"""Captions, from a microphone to the sockets of the others in the room, with the real engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from hubbub_client import Call
from support.caller import Caller
from support.client_socket import Refused
from support.eventually import wait_for_stats
from support.installation import Installation
from support.known_speech import samples, word_error_rate
from support.python_sdk import until
from support.tracks import SamplesTrack

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose captions are limited to one speaker at a time."""
    with Installation(
        tmp_path_factory.mktemp("captioned"), captions=1, environment={"CAPTIONS_SPEAKERS": "1"}
    ) as running:
        yield running


def final_texts(caller: Caller) -> dict[str, dict[str, Any]]:
    """The final segments that were pushed, by id."""
    return {each["segmentId"]: each for each in caller.events("captions") if each["final"]}


async def test_what_somebody_says_is_text_for_everybody_in_the_room(captioned: Installation) -> None:
    call_id = secrets.token_hex(8)
    async with Caller(captioned.url) as bob, Call(captioned.url, call_id, "Ann") as ann:
        await bob.join(call_id)
        assert await bob.call("startCaptions") == {}
        assert (await bob.event("captionsState"))["on"]
        assert await bob.call("startCaptions") == {}, "they are on already"
        await ann.local.publish(SamplesTrack(samples()), "microphone")
        await until(lambda: word_error_rate(_text(bob)) <= 0.2, within=120)
        captions = bob.events("captions")
        assert {each["peerId"] for each in captions} == {ann.local.peer_id}
        assert any(not each["final"] for each in captions), "text appears while somebody speaks"
        starts = [each["start"] for each in final_texts(bob).values()]
        assert starts == sorted(starts)
        assert all(each["start"] < each["end"] for each in captions)
        async with Caller(captioned.url) as carl:
            joined = await carl.join(call_id)
            assert {each["displayName"] for each in joined["peers"]} == {"Ann", "somebody"}
            assert joined["captions"].keys() == {"limited"}, "they are on"
            await wait_for_stats(captioned, {"peers": 3})
            assert await carl.call("stopCaptions") == {}
            assert not (await bob.event("captionsState", on=False))["on"]


def _text(caller: Caller) -> str:
    return " ".join(each["text"] for each in final_texts(caller).values())


async def test_a_room_with_more_speakers_than_transcribers_is_told_so(captioned: Installation) -> None:
    call_id = secrets.token_hex(8)
    async with (
        Caller(captioned.url) as carl,
        Call(captioned.url, call_id, "Ann") as ann,
        Call(captioned.url, call_id, "Bob") as bob,
    ):
        await carl.join(call_id)
        await carl.call("startCaptions")
        for each in (ann, bob):
            await each.local.publish(SamplesTrack(samples()), "microphone")
        await carl.event("captionsState", within=60, limited=True)
        await until(lambda: final_texts(carl), within=120)


async def test_captions_of_a_room_that_does_not_exist_and_without_a_service_are_refused(
    captioned: Installation, installation: Installation
) -> None:
    async with Caller(captioned.url) as outside, Caller(installation.url) as bob:
        with pytest.raises(Refused, match="invalid_state"):
            await outside.call("startCaptions")
        await bob.join(secrets.token_hex(8))
        with pytest.raises(Refused, match="unavailable"):
            await bob.call("startCaptions")
