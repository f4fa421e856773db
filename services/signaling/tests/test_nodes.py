"""Draining a media node on behalf of an operator."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_bus import NoResponders
from hubbub_contracts import Done, ErrorCode, HubbubError
from hubbub_contracts.bus.node import DrainNode
from hubbub_contracts.bus.node_list import ListNodes, NodeInfo, NodeList
from hubbub_signaling.handlers import nodes
from support.signaling_fakes import NODE, FakeBackend


def listed(*, epoch: int = NODE.epoch, state: Any = "accepting") -> NodeList:
    return NodeList(
        nodes=[NodeInfo(node_id=NODE.node_id, epoch=epoch, state=state, rooms=0, peers=0, workers=[])],
    )


def backend_with(*lists: NodeList, answer: Done | HubbubError | None = None) -> FakeBackend:
    """`lists`: one after the other, the last one from then on."""
    backend = FakeBackend()
    backend.answers[ListNodes] = list(lists)
    backend.answers[DrainNode] = answer or Done()
    return backend


async def drain(backend: FakeBackend, epoch: int | None = None) -> ErrorCode | None:
    """The code of the error."""
    try:
        drained = await nodes.drain(backend, NODE.node_id, epoch)
    except HubbubError as error:
        return error.code
    assert (drained.node_id, drained.epoch) == (NODE.node_id, NODE.epoch)
    return None


@pytest.mark.parametrize("state", ["starting", "accepting", "suspect", "other"])
@pytest.mark.parametrize("epoch", [None, NODE.epoch])
async def test_a_node_that_is_alive_is_told(state: str, epoch: int | None) -> None:
    backend = backend_with(listed(state=state))
    assert await drain(backend, epoch) is None
    assert backend.node_requests == [DrainNode()]


@pytest.mark.parametrize(
    ("known", "epoch", "code"),
    [
        pytest.param(listed(state="draining"), None, None, id="drains already"),
        pytest.param(listed(epoch=NODE.epoch + 1), NODE.epoch, None, id="has restarted since"),
        pytest.param(NodeList(nodes=[]), NODE.epoch, None, id="has ended"),
        pytest.param(NodeList(nodes=[]), None, ErrorCode.NOT_FOUND, id="unknown"),
        pytest.param(listed(state="dead"), None, ErrorCode.NOT_FOUND, id="dead"),
        pytest.param(listed(epoch=NODE.epoch - 1), NODE.epoch, ErrorCode.NOT_FOUND, id="of an epoch to come"),
    ],
)
async def test_a_node_that_need_not_or_cannot_drain_is_not_told(
    known: NodeList, epoch: int | None, code: ErrorCode | None
) -> None:
    backend = backend_with(known)
    assert await drain(backend, epoch) == code
    assert backend.node_requests == []


@pytest.mark.parametrize(
    ("again", "code"),
    [
        pytest.param(NodeList(nodes=[]), None, id="it has ended"),
        pytest.param(listed(epoch=NODE.epoch + 1), None, id="it has restarted"),
        pytest.param(listed(), ErrorCode.UNAVAILABLE, id="it does not answer"),
    ],
)
async def test_a_node_that_does_not_answer(again: NodeList, code: ErrorCode | None) -> None:
    assert await drain(backend_with(listed(), again, answer=NoResponders("drain"))) == code
