"""Mutated `rtpParameters` and `rtpCapabilities` are accepted or rejected with a typed error. The node survives."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.installation import Installation
from support.pair import Pair, connected_pair

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


class Outcomes(Counter[str | None]):
    """Counts the answers of a client by error code, None for success."""

    async def request(self, caller: Caller, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Sends an event, below the rate limit of 50 events per second on average."""
        answer = await caller.request(event, payload)
        self[answer.get("error", {}).get("code")] += 1
        if self.total() % 10 == 0:
            await asyncio.sleep(0.2)
        return answer


async def test_mutated_parameters_are_answered_and_the_node_survives(installation: Installation, call_id: str) -> None:
    node, url = installation.nodes[0].pid, installation.url
    outcomes = Outcomes()

    async def produce_mutated(caller: Caller) -> None:
        transport_id = (await caller.call("createTransport", direction="send"))["id"]
        for payload in examples(st.sampled_from(["audio", "video"]).flatmap(production), EXAMPLES):
            answer = await outcomes.request(caller, "produce", {"transportId": transport_id, **payload})
            if "error" not in answer:
                await caller.call("closeProducer", producerId=answer["id"])

    async def consume_mutated(caller: Caller, pair: Pair) -> None:
        transport_id = (await caller.call("createTransport", direction="recv"))["id"]
        for number, capabilities in enumerate(examples(mutated(rtp_capabilities()), EXAMPLES)):
            producer_id = pair.producers[("audio", "video")[number % 2]]
            payload = {"transportId": transport_id, "producerId": producer_id, "rtpCapabilities": capabilities}
            await outcomes.request(caller, "consume", payload)

    async with connected_pair(url, call_id) as pair, Caller(url) as mallory, Caller(url) as trudy:
        await mallory.join(call_id)
        await trudy.join(call_id)
        await asyncio.gather(produce_mutated(mallory), consume_mutated(trudy, pair))
        assert set(outcomes) <= ACCEPTABLE | {None}, outcomes
        assert outcomes["invalid_argument"] > EXAMPLES / 4, outcomes
        assert outcomes[None] > 0, outcomes
        await pair.wait_media()
    assert installation.nodes[0].alive
    assert installation.nodes[0].pid == node


def production(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Mutated `rtpParameters` with the original kind."""
    return mutated(rtp_parameters(kind, SSRC)).map(lambda parameters: {"kind": kind, "rtpParameters": parameters})
