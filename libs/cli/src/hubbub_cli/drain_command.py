"""`hubbub drain`: stops a media node of a running installation in order."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Final

import typer

from hubbub_client.api import CallError, DrainedNode, NodeInfo, ServerApi

from .failure import fail
from .reading import TIMEOUT
from .report_commands import Audience, Key, Keys, Url, explained, shown

INTERVAL: Final = 0.2
"""Seconds between two questions whether the node has ended."""
WITHIN: Final = 30.0
"""Seconds in which it has to end, from then on when it stops waiting for its peers. A node exits within 15 s."""


def add_drain_command(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("drain")(drain_command)


def drain_command(
    node: Annotated[str, typer.Argument(help="The media node, by its name in `hubbub nodes`.")],
    *,
    url: Url = None,
    key: Key = None,
    keys: Keys = None,
    audience: Audience = "hubbub",
) -> None:
    """Stop a media node as SIGTERM does, and wait for it: its peers move to other nodes, those that can before it ends,
    for which it waits `DRAIN_TIMEOUT` at most. What supervises it starts it again. The key or token is of an admin of
    the whole installation.
    """
    server = shown(url, key, keys, audience, watch=False, as_json=False)
    try:
        asyncio.run(_drain(server.url, server.key(), node))
    except CallError as error:
        fail(explained(error, server.url), error)


async def _drain(url: str, key: str | None, node_id: str) -> None:
    """Raises CallError."""
    async with ServerApi(url, key=key, timeout=TIMEOUT) as api:
        before = await api.nodes()
        node = next((each for each in before if each.node_id == node_id), None)
        drained = await api.drain_node(node_id, None if node is None else node.epoch)
        typer.echo(f"{node_id} drains: {_what_moves(node_id, before)}")
        started = time.monotonic()
        deadline = started + WITHIN
        while (listed := _listed(drained, await api.nodes())) is not None:
            if listed.drain_deadline is not None:  # it waits for its peers
                deadline = time.monotonic() + max(0.0, listed.drain_deadline / 1000 - time.time()) + WITHIN
            if time.monotonic() > deadline:
                fail(f"{node_id} has not ended within {time.monotonic() - started:.0f} s")
            await asyncio.sleep(INTERVAL)
    typer.echo(f"{node_id} takes no work any more")


def _what_moves(node_id: str, nodes: list[NodeInfo]) -> str:
    peers = sum(each.peers for each in nodes if each.node_id == node_id)
    counted = "1 peer" if peers == 1 else f"{peers} peers"
    if any(each.state == "accepting" and each.node_id != node_id for each in nodes):
        return f"{counted} to move to other nodes"
    return f"no other node takes work, {counted} to wait for one"


def _listed(drained: DrainedNode, nodes: list[NodeInfo]) -> NodeInfo | None:
    """The incarnation; None: it has ended."""
    return next((each for each in nodes if (each.node_id, each.epoch) == (drained.node_id, drained.epoch)), None)
