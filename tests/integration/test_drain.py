"""An operator drains a media node: its peers move, calls go on, nothing new lands on it, and its process exits."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from hubbub_client import Call, RemotePublication
from hubbub_client.api import CallError, NodeInfo, ServerApi
from support.caller import Caller
from support.installation import Installation
from support.python_sdk import WITHIN, publication_of, until
from support.supervised_installation import SupervisedInstallation
from support.tracks import ToneTrack

EXITED = "exited with status 0"


@pytest.fixture
def two_nodes(tmp_path: Path) -> Iterator[Installation]:
    """Two media nodes that nothing restarts."""
    with Installation(tmp_path / "drain", nodes=2) as started:
        yield started


@pytest.fixture
async def api(two_nodes: Installation) -> AsyncIterator[ServerApi]:
    async with ServerApi(two_nodes.url) as entered:
        yield entered


async def hosts(api: ServerApi, call_id: str) -> set[str]:
    """The nodes of a room's peers."""
    return {peer.placement.node_id for peer in await api.peers(call_id) if peer.placement is not None}


async def node(api: ServerApi, node_id: str) -> NodeInfo | None:
    return next((each for each in await api.nodes() if each.node_id == node_id), None)


async def hears(microphone: RemotePublication) -> None:
    """Waits for a frame that arrives from now on. A stream of frames ends when its node does."""
    async with asyncio.timeout(4 * WITHIN):
        while True:
            async with microphone.frames() as sound:
                async for _ in sound:
                    return
            await asyncio.sleep(0.05)


async def hubbub_drain(*arguments: str) -> tuple[int | None, str, str]:
    """The exit status of `hubbub drain`, and what it prints."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PORT", "ACCESS_KEYS")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hubbub_cli",
        "drain",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), err.decode()


async def test_calls_go_on_elsewhere(two_nodes: Installation, api: ServerApi, call_id: str) -> None:
    async with Call(two_nodes.url, call_id, "Ann") as ann, Call(two_nodes.url, call_id, "Ben") as ben:
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(ben, "Ann", "microphone")
        await hears(microphone)
        [drained] = await hosts(api, call_id)
        [process] = [each for each in two_nodes.nodes if each.name == drained]
        [other] = [each.name for each in two_nodes.nodes if each is not process]

        status, out, err = await hubbub_drain(drained, "--url", two_nodes.url)
        assert (status, err) == (0, "")
        assert out == f"{drained} drains: 2 peers to move to other nodes\n{drained} takes no work any more\n"
        assert await node(api, drained) is None
        await until(lambda: process.exit_description() == EXITED)

        await hears(await publication_of(ben, "Ann", "microphone"))
        assert await hosts(api, call_id) == {other}
    async with Caller(two_nodes.url) as late:
        await late.join(f"{call_id} late")
        assert await hosts(api, f"{call_id} late") == {other}


async def test_repeating_it_is_harmless(two_nodes: Installation, api: ServerApi, call_id: str) -> None:
    before = await node(api, "node-1")
    assert before is not None
    drained = await asyncio.gather(*(api.drain_node("node-1", before.epoch) for _ in range(5)))
    assert {(each.node_id, each.epoch) for each in drained} == {("node-1", before.epoch)}
    process = two_nodes.nodes[0]
    await until(lambda: process.exit_description() == EXITED)
    assert (await api.drain_node("node-1", before.epoch)).epoch == before.epoch
    with pytest.raises(CallError) as refused:
        await api.drain_node("node-1")
    assert refused.value.code == "not_found"

    process.start()
    await asyncio.to_thread(two_nodes.wait_ready)
    assert (await api.drain_node("node-1", before.epoch)).epoch == before.epoch
    async with Caller(two_nodes.url) as ann:
        await ann.join(call_id)
    after = await node(api, "node-1")
    assert after is not None
    assert (after.state, after.epoch > before.epoch) == ("accepting", True), "only the former incarnation was meant"


async def test_wrong_requests(two_nodes: Installation, api: ServerApi) -> None:
    before = await api.nodes()
    wrong = {
        "/nodes/n%20n/drain": "invalid_argument",
        f"/nodes/{'n' * 65}/drain": "invalid_argument",
        "/nodes/node-1/drain?epoch=-1": "invalid_argument",
        "/nodes/node-1/drain?epoch=x": "invalid_argument",
        f"/nodes/node-1/drain?epoch={max(each.epoch for each in before) + 1}": "not_found",
        "/nodes/unknown/drain": "not_found",
    }
    async with aiohttp.ClientSession(two_nodes.url) as http:
        for path, code in wrong.items():
            async with http.post(path) as answer:
                assert (await answer.json())["error"]["code"] == code, path
    status, out, err = await hubbub_drain("unknown", "--url", two_nodes.url)
    assert (status, out) == (1, "")
    assert err == f"hubbub: {two_nodes.url}: no such media node, or it is dead\n"
    assert [(each.node_id, each.epoch, each.state) for each in await api.nodes()] == [
        (each.node_id, each.epoch, "accepting") for each in before
    ]


async def test_hubbub_up_starts_a_drained_node_again(start_installation: Callable[..., SupervisedInstallation]) -> None:
    installation = await asyncio.to_thread(start_installation, calls=0)
    async with ServerApi(installation.url) as api:
        before = await node(api, "node-1")
        assert before is not None
        status, out, _ = await hubbub_drain("node-1", "--url", installation.url)
        assert (status, out.splitlines()[0]) == (0, "node-1 drains: no other node takes work, 0 peers to wait for one")
        async with asyncio.timeout(60):
            while (after := await node(api, "node-1")) is None or after.state != "accepting":
                await asyncio.sleep(0.1)
        assert after.epoch > before.epoch
