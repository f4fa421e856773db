"""`hubbub nodes`, `hubbub rooms` and `hubbub room` against running services."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from hubbub_access.key_set import new_secret
from support.installation import SPREAD, SPREAD_OVER_NODES, Installation
from support.pair import connected_pair
from support.service_process import ServiceProcess

API_KEY = "key-of-the-tests-0123456789"
DEAD_WITHIN = 60.0
"""Seconds until a killed node is fenced, with the grace period after a start."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


@asynccontextmanager
async def running(
    *arguments: str, stdout: int = asyncio.subprocess.PIPE, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Any]:
    """`hubbub` with these arguments; killed on exit."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PORT", "ACCESS_KEYS")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hubbub_cli",
        *arguments,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        env={**inherited, **(environment or {})},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def hubbub(*arguments: str, **environment: str) -> Ended:
    async with running(*arguments, environment=environment) as process:
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Ended(process.returncode, out.decode(), err.decode())


async def nodes_of(installation: Installation) -> dict[str, dict[str, Any]]:
    """The nodes by their names, as `hubbub nodes --json` prints them."""
    ended = await hubbub("nodes", "--json", "--url", installation.url)
    assert (ended.status, ended.err) == (0, "")
    return {node["nodeId"]: node for node in json.loads(ended.out)["nodes"]}


async def document_of(installation: Installation, call_id: str) -> dict[str, Any]:
    """What `hubbub room --json` prints."""
    ended = await hubbub("room", call_id, "--json", "--url", installation.url)
    assert (ended.status, ended.err) == (0, "")
    document: dict[str, Any] = json.loads(ended.out)
    return document


async def room_of(installation: Installation, call_id: str) -> dict[str, dict[str, Any]]:
    """The peers by their users, as `hubbub room --json` prints them."""
    return {peer["userId"]: peer for peer in (await document_of(installation, call_id))["peers"]}


def process_of(installation: Installation, node_id: str) -> ServiceProcess:
    [process] = [each for each in installation.nodes if each.name == node_id]
    return process


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two media nodes with two workers each."""
    with Installation(tmp_path_factory.mktemp("reports"), nodes=2, workers=2) as started:
        yield started


async def test_nodes_rooms_and_a_room(two_nodes: Installation, call_id: str) -> None:
    async with connected_pair(two_nodes.url, call_id):
        nodes = await nodes_of(two_nodes)
        assert [node["state"] for node in nodes.values()] == ["accepting", "accepting"]
        assert [len(node["workers"]) for node in nodes.values()] == [2, 2]
        async with asyncio.timeout(60):  # heartbeats count the peers
            while not (hosts := [name for name, node in nodes.items() if node["peers"] == 2]):
                nodes = await nodes_of(two_nodes)
        [host] = hosts
        assert [node["rooms"] for name, node in nodes.items() if name != host] == [0]
        rates = ("bitsReceivedPerSecond", "bitsSentPerSecond")
        async with asyncio.timeout(60):  # those of the last second
            while not all(sum(worker[rate] for worker in nodes[host]["workers"]) > 50_000 for rate in rates):
                nodes = await nodes_of(two_nodes)

        peers = await room_of(two_nodes, call_id)
        assert {peer["placement"]["nodeId"] for peer in peers.values()} == {host}
        assert {peer["placement"]["epoch"] for peer in peers.values()} == {nodes[host]["epoch"]}
        # Bitrates of the last moments, in which this machine may have stood still.
        async with asyncio.timeout(60):
            while not (
                peers["alice"]["uplinkBitrate"] > 50_000 > peers["alice"]["downlinkBitrate"]
                and peers["bob"]["downlinkBitrate"] > 50_000 > peers["bob"]["uplinkBitrate"]
            ):
                peers = await room_of(two_nodes, call_id)

        port = two_nodes.url.rpartition(":")[2]
        listed = await hubbub("rooms", PORT=port)
        [row] = [line for line in listed.out.splitlines() if line.startswith(call_id)]
        assert row.removeprefix(call_id).split()[:3] == ["2", "1", host]
        shown = await hubbub("room", call_id, PORT=port)
        head, _, titles, alice, bob = shown.out.splitlines()
        assert head.startswith(f"{call_id}: 2 peers, open for ")
        assert "bit/s" in alice[titles.index("MEDIA") : titles.index("DOWNLINK")]
        assert ("microphone, camera" in alice, "camera" in bob) == (True, False)


@pytest.mark.parametrize(
    ("fresh_installation", "spread_over"),
    [
        ({"workers": 2, "environment": SPREAD}, "workers"),
        ({"nodes": 2, "environment": SPREAD_OVER_NODES}, "nodes"),
    ],
    ids=["two workers", "two nodes"],
    indirect=["fresh_installation"],
)
async def test_a_room_shows_its_pipes(fresh_installation: Installation, spread_over: str, call_id: str) -> None:
    async with connected_pair(fresh_installation.url, call_id) as pair:
        await pair.wait_media()
        async with asyncio.timeout(90):
            while True:
                room = await document_of(fresh_installation, call_id)
                pipes = room["pipes"]
                if sum(bool(one.get("bitrate")) for one in pipes) == 2:
                    break
        peers = {peer["userId"]: peer for peer in room["peers"]}
        alice, bob = peers["alice"], peers["bob"]
        ends = [{"nodeId": each["placement"]["nodeId"], "worker": each["worker"]} for each in (alice, bob)]
        assert ends[0] != ends[1]
        assert (ends[0]["nodeId"] != ends[1]["nodeId"]) == (spread_over == "nodes")
        assert {one["producerId"] for one in pipes} == {track["producerId"] for track in alice["producers"]}
        assert len(pipes) == 2, "each track crosses once"
        for one in pipes:
            assert [one["origin"], one["target"]] == ends
            assert one["connected"]
            assert one["encodings"] == [True]
        listed = (await hubbub("rooms", "--json", "--url", fresh_installation.url)).out
        [nodes] = [each["nodes"] for each in json.loads(listed)["rooms"] if each["callId"] == call_id]
        assert nodes == list(dict.fromkeys(end["nodeId"] for end in ends))
        shown = (await hubbub("room", call_id, "--url", fresh_installation.url)).out.splitlines()
        titles = next(number for number, line in enumerate(shown) if line.startswith("PIPE OF"))
        way = [f"{end['nodeId']}/{end['worker']}" for end in ends]
        assert [line.split()[:4] for line in shown[titles + 1 :]] == [
            ["alice", "camera", *way],
            ["alice", "microphone", *way],
        ]


async def test_a_killed_node_is_dead_until_it_is_back(two_nodes: Installation, call_id: str) -> None:
    async with connected_pair(two_nodes.url, call_id) as pair:
        host = (await room_of(two_nodes, call_id))["alice"]["placement"]["nodeId"]
        before = (await nodes_of(two_nodes))[host]["epoch"]
        process_of(two_nodes, host).kill()
        async with asyncio.timeout(DEAD_WITHIN):
            while (dead := (await nodes_of(two_nodes))[host])["state"] != "dead":
                pass
        assert (dead["epoch"], dead["workers"]) == (before, [])
        for caller in (pair.alice, pair.bob):
            await caller.event("peerMoved", within=DEAD_WITHIN)
        moved = (await room_of(two_nodes, call_id))["alice"]
        assert moved["placement"]["nodeId"] != host
        assert "uplinkBitrate" not in moved, "it has no transport on the other node yet"
        [row] = [line for line in (await hubbub("nodes", "--url", two_nodes.url)).out.splitlines() if host in line]
        assert row.split()[:7] == [host, "dead", "-", "-", "-", "0", "0"]

        process_of(two_nodes, host).start()
        await asyncio.to_thread(two_nodes.wait_ready)
        back = (await nodes_of(two_nodes))[host]
        assert (back["state"], back["epoch"] > before) == ("accepting", True)


async def test_watching_ends_by_an_interrupt(two_nodes: Installation) -> None:
    async with running("nodes", "--watch", "--json", "--url", two_nodes.url) as process:
        read = [json.loads(await asyncio.wait_for(process.stdout.readline(), 60)) for _ in range(2)]
        assert [len(each["nodes"]) for each in read] == [2, 2]
        process.send_signal(signal.SIGINT)
        rest, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err) == (0, b"")
    assert all("nodes" in json.loads(line) for line in rest.splitlines())


async def test_watching_goes_on_while_signaling_restarts(two_nodes: Installation) -> None:
    signaling = two_nodes.signaling[0]
    async with running("nodes", "--watch", "--json", "--url", two_nodes.url) as process:
        await asyncio.wait_for(process.stdout.readline(), 60)
        signaling.stop()
        try:
            assert b"trying again" in await asyncio.wait_for(process.stderr.readline(), 60)
        finally:
            signaling.start()
            await asyncio.to_thread(two_nodes.wait_ready)
        assert b"accepting" in await asyncio.wait_for(process.stdout.readline(), 60)


async def test_a_narrow_terminal(two_nodes: Installation) -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    try:
        async with running("nodes", "--watch", "--url", two_nodes.url, stdout=terminal) as process:
            drawn = b""
            while drawn.count(b"\x1b[J") < 3:  # the first frame clears the terminal, too
                drawn += await asyncio.to_thread(os.read, controller, 4096)
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        os.close(controller)
        os.close(terminal)
    frame = drawn.decode().split("\x1b[J")[1].removeprefix("\x1b[H").replace("\x1b[K", "")
    lines = frame.split("\r\n")
    assert [line.split(" ")[0] for line in lines] == ["NODE", "node-1", "node-2", ""]
    assert max(map(cell_len, lines)) == 40, "the lines are cut, not wrapped"


@pytest.mark.parametrize("command", [["nodes"], ["rooms", "--watch"], ["room", "standup", "--json"]])
async def test_a_server_that_does_not_answer(command: list[str]) -> None:
    ended = await hubbub(*command, "--url", "http://127.0.0.1:9")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("hubbub: http://127.0.0.1:9 does not answer: ")
    assert ended.err.count("\n") == 1


async def test_an_unknown_room(two_nodes: Installation) -> None:
    ended = await hubbub("room", "nowhere", "--url", two_nodes.url)
    assert (ended.status, ended.out, ended.err) == (1, "", f"hubbub: {two_nodes.url}: no such room\n")


async def test_keys(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", b"s" * 32)))
    environment = {"AUTH": "on", "ACCESS_KEYS": str(keys), "API_KEY": API_KEY}
    with Installation(tmp_path / "guarded", environment=environment) as guarded:
        for refused in (
            await hubbub("nodes", "--url", guarded.url),
            await hubbub("nodes", "--url", guarded.url, "--key", "another"),
        ):
            assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
            assert refused.err.startswith(f"hubbub: {guarded.url} refuses the request: ")
        for accepted in (
            await hubbub("nodes", "--url", guarded.url, "--key", API_KEY),
            await hubbub("nodes", "--url", guarded.url, HUBBUB_API_KEY=API_KEY),
            await hubbub("nodes", "--url", guarded.url, "--keys", str(keys)),
        ):
            assert (accepted.status, accepted.err) == (0, "")
            assert "accepting" in accepted.out
