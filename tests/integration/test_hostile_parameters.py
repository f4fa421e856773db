"""Mutated `rtpParameters` and `rtpCapabilities` are accepted or rejected with a typed error. The node survives."""

from __future__ import annotations

import asyncio
import copy
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from support.caller import Caller, rtp_capabilities, rtp_parameters
from support.installation import Installation
from support.pair import connected_pair

AT_ONCE = 4
"""Clients that send mutations at the same time when there are many."""
ACCEPTABLE = {
    "invalid_argument",
    "unsupported",
    "conflict",
    "not_found",
    "quota_exceeded",
    "too_large",
    "deadline_exceeded",
}
SSRC = 3_000_000

SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 2**31, 2**32, 2**53, 2**70, -(2**70)),
    *("", "x", "0", "-1", "video/VP8", "video/rtx", "audio/opus", "x" * 5000, "\x00", "日本", "__proto__", "\u2028"),
)
Path = tuple[str | int, ...]


def paths(value: Any, here: Path = ()) -> list[Path]:
    """The paths of all values nested in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in inner for path in ((*here, key), *paths(item, (*here, key)))]


def random_value(chance: random.Random, depth: int = 2) -> Any:
    """A scalar, or a list or object of a few random values."""
    match chance.randrange(4) if depth else 0:
        case 2:
            return [random_value(chance, depth - 1) for _ in range(chance.randrange(4))]
        case 3:
            return {
                str(chance.choice(SCALARS))[:8]: random_value(chance, depth - 1) for _ in range(chance.randrange(4))
            }
        case _:
            return chance.choice(SCALARS)


def mutated(chance: random.Random, original: dict[str, Any]) -> dict[str, Any]:
    """A copy with one to four values replaced, removed or repeated."""
    result = copy.deepcopy(original)
    for _ in range(chance.randint(1, 4)):
        *way, last = chance.choice(paths(result) or [("codecs",)])
        target: Any = result
        for step in way:
            target = target[step]
        match chance.choice(("replace", "remove", "repeat")):
            case "replace":
                target[last] = random_value(chance)
            case "remove":
                target.pop(last, None) if isinstance(target, dict) else target.pop(int(last))
            case "repeat" if isinstance(target, list):
                target.extend(copy.deepcopy(target) * chance.randint(1, 3))
    return result


async def send(caller: Caller, event: str, payloads: Iterable[dict[str, Any]]) -> Counter[str | None]:
    """Sends the events below the rate limit, and counts the answers by error code, None for success."""
    outcomes: Counter[str | None] = Counter()
    for payload in payloads:
        answer = await caller.request(event, payload)
        outcomes[answer.get("error", {}).get("code")] += 1
        if event == "produce" and "error" not in answer:
            # The node may be busy with the mutations of others, and close it although the answer is late.
            while "error" in (closed := await caller.request("closeProducer", {"producerId": answer["id"]})):
                if closed["error"]["code"] == "not_found":
                    break
                assert closed["error"]["code"] == "deadline_exceeded", closed
        if outcomes.total() % 10 == 0:
            await asyncio.sleep(0.2)
    return outcomes


@pytest.mark.parametrize("mutations", [300, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
async def test_mutated_parameters_are_answered_and_the_node_survives(
    installation: Installation, call_id: str, mutations: int
) -> None:
    node, url = installation.nodes[0].pid, installation.url
    rounds, each = (1, mutations // 2) if mutations <= 300 else (AT_ONCE, mutations // 2 // AT_ONCE)
    outcomes: Counter[str | None] = Counter()
    async with connected_pair(url, call_id) as pair:
        producers = list(pair.producers.values())

        def produces(number: int) -> Iterator[dict[str, Any]]:
            chance = random.Random(2 * number)
            for _ in range(each):
                kind = chance.choice(("audio", "video"))
                yield {"kind": kind, "rtpParameters": mutated(chance, rtp_parameters(kind, SSRC))}

        def consumes(number: int) -> Iterator[dict[str, Any]]:
            chance = random.Random(2 * number + 1)
            for producer_id in itertools.islice(itertools.cycle(producers), each):
                yield {"producerId": producer_id, "rtpCapabilities": mutated(chance, rtp_capabilities())}

        # One mutation after the other: the pair on the same event loop has to send media meanwhile.
        async def mutate(number: int) -> None:
            async with Caller(url) as mallory, Caller(url) as trudy:
                await mallory.join(call_id)
                await trudy.join(call_id)
                sends = (await mallory.call("createTransport", direction="send"))["id"]
                receives = (await trudy.call("createTransport", direction="recv"))["id"]
                for counted in await asyncio.gather(
                    send(mallory, "produce", ({"transportId": sends, **payload} for payload in produces(number))),
                    send(trudy, "consume", ({"transportId": receives, **payload} for payload in consumes(number))),
                ):
                    outcomes.update(counted)

        await asyncio.gather(*(mutate(number) for number in range(rounds)))
        assert set(outcomes) <= ACCEPTABLE | {None}, outcomes
        assert outcomes["invalid_argument"] > mutations / 8, outcomes
        assert outcomes[None] > 0, outcomes
        await pair.wait_media()
    assert installation.nodes[0].alive
    assert installation.nodes[0].pid == node
