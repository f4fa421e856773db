"""The tree of a room's nodes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub_media_node.domain.cascade import MAX_DEPTH, levels, parent

NODES = st.sets(st.text("abcdefgh0123456789-", min_size=1, max_size=8), min_size=1, max_size=60)


def parents(origin: str, nodes: set[str], fan_out: int) -> dict[str, str]:
    tree = levels(origin, nodes, fan_out)
    return {node: parent(node, tree) for node in nodes - {origin}}


def path(own: str, origin: str, above: dict[str, str]) -> list[str]:
    """The nodes from `own` up to the origin. Fails on a loop."""
    found = [own]
    while found[-1] != origin:
        assert above[found[-1]] not in found
        found.append(above[found[-1]])
    return found


@given(NODES, st.integers(1, 8), st.data())
def test_every_node_reaches_the_origin_without_a_loop(nodes: set[str], fan_out: int, data: st.DataObject) -> None:
    origin = data.draw(st.sampled_from(sorted(nodes)))
    above = parents(origin, nodes, fan_out)
    for node in nodes - {origin}:
        assert len(path(node, origin, above)) <= MAX_DEPTH + 1


@given(NODES, st.integers(1, 8))
def test_the_origin_sends_to_at_most_the_fan_out(nodes: set[str], fan_out: int) -> None:
    origin = min(nodes)
    sent = Counter(parents(origin, nodes, fan_out).values())
    assert sent[origin] == min(fan_out, len(nodes) - 1)


def test_a_small_room_has_one_level() -> None:
    nodes = {f"node-{number}" for number in range(9)}
    assert set(parents("node-0", nodes, 8).values()) == {"node-0"}


@pytest.mark.parametrize("own", ["node-0", "node-9"])
def test_the_origin_and_a_stranger_have_no_parent(own: str) -> None:
    with pytest.raises(ValueError, match="not below"):
        parent(own, levels("node-0", {"node-0", "node-1"}, 4))


@pytest.mark.parametrize(("count", "fan_out"), [(1_057, 32), (585, 8), (31, 2)])
def test_few_nodes_change_their_parent_when_one_disappears(count: int, fan_out: int) -> None:
    nodes = {f"node-{number}" for number in range(count)}
    before = parents("node-0", nodes, fan_out)
    children = Counter(before.values())
    for gone in sorted(children.keys() - {"node-0"})[:20]:
        after = parents("node-0", nodes - {gone}, fan_out)
        moved = sum(before[node] != above for node, above in after.items())
        # Its own, those that the node gets which replaces it, and the replacing nodes themselves.
        assert moved <= 6 * max(children.values()) + MAX_DEPTH


def test_different_origins_load_different_nodes() -> None:
    nodes = {f"node-{number}" for number in range(40)}
    inner = [set(parents(origin, nodes, 4).values()) - {origin} for origin in ("node-0", "node-1", "node-2")]
    assert len(set.union(*inner)) > max(map(len, inner))
