"""Mutated `rtpParameters` and `rtpCapabilities` are accepted or rejected with a typed error. The node survives."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.installation import Installation
from support.pair import connected_pair

EXAMPLES = 150
ACCEPTABLE = {"invalid_argument", "unsupported", "conflict", "not_found", "quota_exceeded", "too_large"}
SSRC = 3_000_000

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "video/VP8", "video/rtx", "audio/opus", "x" * 5000, "\x00", "日本", "__proto__", "-1"]),
    st.text(max_size=20),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
Path = tuple[str | int, ...]


def paths(value: Any, here: Path = ()) -> list[Path]:
    """The paths of all values nested in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in inner for path in ((*here, key), *paths(item, (*here, key)))]


@st.composite
def mutated(draw: st.DrawFn, original: dict[str, Any]) -> dict[str, Any]:
    """A copy with one to four values replaced, removed or repeated."""
    result = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(paths(result) or [("codecs",)]))
        target: Any = result
        for step in way:
            target = target[step]
        match draw(st.sampled_from(("replace", "remove", "repeat"))):
            case "replace":
                target[last] = draw(VALUES)
            case "remove":
                target.pop(last, None) if isinstance(target, dict) else target.pop(int(last))
            case "repeat" if isinstance(target, list):
                target.extend(copy.deepcopy(target) * draw(st.integers(1, 3)))
    return result


def examples(strategy: st.SearchStrategy[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Examples, generated in advance: Hypothesis cannot run an async test body."""
    drawn: list[dict[str, Any]] = []

    @seed(20_231_123)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: dict[str, Any]) -> None:
        drawn.append(example)

    collect()
    return drawn


async def send(caller: Caller, event: str, payloads: Iterable[dict[str, Any]]) -> Counter[str | None]:
    """Sends the events below the rate limit, and counts the answers by error code, None for success."""
    outcomes: Counter[str | None] = Counter()
    for payload in payloads:
        answer = await caller.request(event, payload)
        outcomes[answer.get("error", {}).get("code")] += 1
        if event == "produce" and "error" not in answer:
            await caller.call("closeProducer", producerId=answer["id"])
        if outcomes.total() % 10 == 0:
            await asyncio.sleep(0.2)
    return outcomes


async def test_mutated_parameters_are_answered_and_the_node_survives(installation: Installation, call_id: str) -> None:
    node, url = installation.nodes[0].pid, installation.url
    produces = examples(st.sampled_from(["audio", "video"]).flatmap(production), EXAMPLES)
    capabilities = examples(mutated(rtp_capabilities()), EXAMPLES)
    async with connected_pair(url, call_id) as pair, Caller(url) as mallory, Caller(url) as trudy:
        await mallory.join(call_id)
        await trudy.join(call_id)
        sends = (await mallory.call("createTransport", direction="send"))["id"]
        receives = (await trudy.call("createTransport", direction="recv"))["id"]
        producers = itertools.cycle(pair.producers.values())
        consumes = [{"producerId": next(producers), "rtpCapabilities": mutation} for mutation in capabilities]
        produced, consumed = await asyncio.gather(
            send(mallory, "produce", ({"transportId": sends, **payload} for payload in produces)),
            send(trudy, "consume", ({"transportId": receives, **payload} for payload in consumes)),
        )
        outcomes = produced + consumed
        assert set(outcomes) <= ACCEPTABLE | {None}, outcomes
        assert outcomes["invalid_argument"] > EXAMPLES / 4, outcomes
        assert outcomes[None] > 0, outcomes
        await pair.wait_media()
    assert installation.nodes[0].alive
    assert installation.nodes[0].pid == node


def production(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Mutated `rtpParameters` with the original kind."""
    return mutated(rtp_parameters(kind, SSRC)).map(lambda parameters: {"kind": kind, "rtpParameters": parameters})
