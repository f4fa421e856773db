"""A table of handlers is served as a whole, or not at all."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from hubbub_bus import Bus, NoResponders, RequestTable, endpoints, serve_table, serve_table_when_possible
from hubbub_bus.endpoint import Endpoint
from hubbub_contracts import Done, Request


class First(Request[Done]):
    """Has a handler."""

    verb: ClassVar[str] = "test.first"


class Second(Request[Done]):
    """Has another handler."""

    verb: ClassVar[str] = "test.second"


@dataclass
class Context:
    """Counts what was handled."""

    handled: list[str] = field(default_factory=list)


async def handle_first(context: Context, request: First) -> Done:
    context.handled.append(request.verb)
    return Done()


async def handle_second(context: Context, request: Second) -> Done:
    context.handled.append(request.verb)
    return Done()


TABLE: RequestTable[Context] = {First: handle_first, Second: handle_second}


async def test_each_request_reaches_its_handler_with_the_context_until_stop(bus: Bus, subject: str) -> None:
    context = Context()
    endpoints = await serve_table(bus, TABLE, context, lambda verb: f"{subject}.{verb}")
    for request in (First(), Second()):
        await bus.request(f"{subject}.{request.verb}", request)
    assert context.handled == ["test.first", "test.second"]
    await endpoints.stop()
    with pytest.raises(NoResponders):
        await bus.request(f"{subject}.test.first", First())


@pytest.mark.parametrize("failing", ["serve", "flush"])
async def test_a_failure_stops_the_endpoints_started_before(
    bus: Bus, subject: str, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = bus.serve

    async def serve_first_only(subject: str, model: type[Any], *args: Any, **kwargs: Any) -> Endpoint[Any, Any]:
        if model is Second:
            raise ConnectionError("the bus is away")
        return await serve(subject, model, *args, **kwargs)

    async def fail() -> None:
        raise ConnectionError("the bus is away")

    with monkeypatch.context() as patched:
        patched.setattr(bus, failing, serve_first_only if failing == "serve" else fail)
        with pytest.raises(ConnectionError):
            await serve_table(bus, TABLE, Context(), lambda verb: f"{subject}.{verb}")
    await bus.flush()
    with pytest.raises(NoResponders):
        await bus.request(f"{subject}.test.first", First())


async def test_serving_is_tried_again_until_it_is_confirmed(
    bus: Bus, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, failures = bus.flush, [ConnectionError("the bus is away"), TimeoutError()]

    async def fail_twice() -> None:
        if failures:
            raise failures.pop()
        await flush()

    monkeypatch.setattr(endpoints, "_RETRY_INTERVAL", 0.0)
    monkeypatch.setattr(bus, "flush", fail_twice)
    served = await serve_table_when_possible(bus, TABLE, Context(), lambda verb: f"{subject}.{verb}")
    assert failures == []
    await bus.request(f"{subject}.test.first", First())
    await served.stop()
