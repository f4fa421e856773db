"""`hubbub nodes`, `hubbub rooms` and `hubbub room`: what a running installation does, by its server API."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from hubbub_client.api import CallError, NodeInfo, RoomInfo, RoomPeer, ServerApi, TransportCounters

from .admin_token import admin_token
from .bitrates import Bitrates, bitrates
from .failure import fail
from .key_file import read_signing_key
from .node_report import node_lines
from .pipe_report import pipe_lines
from .reading import Read, Reading, Shown, show
from .room_report import room_lines, rooms_lines

Url = Annotated[
    str | None,
    typer.Option(
        envvar="HUBBUB_URL", help="Address of signaling.", show_default="http://127.0.0.1:4000, or at the port PORT"
    ),
]
Key = Annotated[
    str | None, typer.Option(envvar="HUBBUB_API_KEY", help="API_KEY of the installation, or an access token.")
]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys", envvar="ACCESS_KEYS", help="Without --key: file with the keys, of which one signs the requests."
    ),
]
Audience = Annotated[str, typer.Option(envvar="ACCESS_AUDIENCE", help="With --keys: name of the installation.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Read again every 2 s, until Ctrl-C.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON; with --watch one document in each line.")]

SAMPLE_INTERVAL = 1.0
"""Seconds between the first two readings of the counters from which bitrates are computed."""


def add_report_commands(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("nodes")(nodes_command)
    app.command("rooms")(rooms_command)
    app.command("room")(room_command)


def nodes_command(
    *,
    url: Url = None,
    key: Key = None,
    keys: Keys = None,
    audience: Audience = "hubbub",
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """List the media nodes with their load. The key or token is of an admin of the whole installation."""
    _show(read_nodes, shown(url, key, keys, audience, watch=watch, as_json=as_json))


def rooms_command(
    *,
    url: Url = None,
    key: Key = None,
    keys: Keys = None,
    audience: Audience = "hubbub",
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """List the open rooms of the tenant of the key or token, the fullest first."""
    _show(read_rooms, shown(url, key, keys, audience, watch=watch, as_json=as_json))


def room_command(
    room: Annotated[str, typer.Argument(help="The room, by its `callId`.")],
    *,
    url: Url = None,
    key: Key = None,
    keys: Keys = None,
    audience: Audience = "hubbub",
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Show who is in a room, on which node and worker, with which tracks and bitrates; and the pipes between them."""
    _show(RoomReader(room).read, shown(url, key, keys, audience, watch=watch, as_json=as_json))


async def read_nodes(api: ServerApi) -> Reading:
    """The media nodes. Raises CallError."""
    nodes: list[NodeInfo] = await api.nodes()
    now = time.time()
    return Reading({"nodes": [node.wire() for node in nodes]}, lambda width: node_lines(nodes, now, width))


async def read_rooms(api: ServerApi) -> Reading:
    """The open rooms. Raises CallError."""
    rooms: list[RoomInfo] = [room async for room in api.rooms()]
    now = time.time()
    return Reading({"rooms": [room.wire() for room in rooms]}, lambda width: rooms_lines(rooms, now, width))


class RoomReader:
    """Reads a room. The bitrates are those since the reading before."""

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._counted: list[TransportCounters] | None = None

    async def read(self, api: ServerApi) -> Reading:
        """The room and its participants. Raises CallError."""
        if self._counted is None:
            self._counted = await api.transports(self._call_id)
            await asyncio.sleep(SAMPLE_INTERVAL)
        room, peers, traffic = await asyncio.gather(
            api.room(self._call_id), api.peers(self._call_id), api.traffic(self._call_id)
        )
        rates, now = bitrates(self._counted, traffic.transports), time.time()
        workers = {each.peer_id: each.worker for each in traffic.transports}
        self._counted = traffic.transports
        return Reading(
            {
                "room": room.wire(),
                "peers": [_document(peer, workers.get(peer.peer_id), rates.get(peer.peer_id)) for peer in peers],
                "pipes": [pipe.wire() for pipe in traffic.pipes],
                "pipesLeftOut": traffic.pipes_left_out,
            },
            lambda width: [
                *room_lines(room, peers, workers, rates, now, width),
                *pipe_lines(traffic.pipes, traffic.pipes_left_out, peers, width),
            ],
        )


def _document(peer: RoomPeer, worker: int | None, rates: Bitrates | None) -> dict[str, Any]:
    """The peer as the server API describes it, with the index of its worker, and its bitrates in bit/s."""
    document = peer.wire() if worker is None else {**peer.wire(), "worker": worker}
    if rates is None:
        return document
    return {**document, "uplinkBitrate": round(rates.uplink), "downlinkBitrate": round(rates.downlink)}


def shown(url: str | None, key: str | None, keys: Path | None, audience: str, *, watch: bool, as_json: bool) -> Shown:
    """As the options say. Ends the command when the keys cannot be used."""
    address = url or f"http://127.0.0.1:{os.environ.get('PORT') or 4000}"
    if key or keys is None:
        return Shown(address, lambda: key or None, watch, as_json)
    signing = read_signing_key(keys)
    return Shown(address, lambda: admin_token(signing, audience, time.time()), watch, as_json)


def _show(read: Read, to: Shown) -> None:
    try:
        show(read, to)
    except CallError as error:
        fail(explained(error, to.url), error)


def explained(error: CallError, url: str) -> str:
    """Why the installation at `url` did not do what was asked, for its operator."""
    if error.code == "unreachable":
        return f"{url} does not answer: {error.message}"
    if error.code in ("unauthenticated", "not_allowed"):
        return f"{url} refuses the request: {error.message} (options --key and --keys)"
    return f"{url}: {error.message}"
