"""The HTTP routes about calls, recordings and webhooks agree with the contracts."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from hubbub_contracts import ErrorCode
from hubbub_contracts.rest.calls import CALL_ROUTES
from hubbub_contracts.rest.catalogue import ROUTES
from hubbub_contracts.rest.route import Route
from hubbub_contracts.socket.calls_catalogue import CALL_REQUESTS
from hubbub_signaling.adapters.http_errors import STATUS
from hubbub_signaling.adapters.recordings_http import parse_range
from hubbub_signaling.handlers.calls.catalogue import CALL_HANDLERS
from support.calls_fakes import (
    FakeCallsBackend,
    access_api,
    calls_api,
    nodes_api,
    recordings_api,
    rooms_api,
    webhooks_api,
)
from support.signaling_fakes import FakeBackend


@pytest.fixture
def app() -> FastAPI:
    """The application with all routes of the contracts."""
    app = FastAPI()
    rooms_api(FakeBackend()).install(app)
    nodes_api(FakeBackend()).install(app)
    calls_api(FakeCallsBackend()).install(app)
    recordings_api(FakeBackend()).install(app)
    webhooks_api(FakeBackend()).install(app)
    access_api(FakeBackend()).install(app)
    return app


def test_every_route_of_the_contracts_is_served(app: FastAPI) -> None:
    served = {
        (method, path) for path, operations in app.openapi()["paths"].items() for method in map(str.upper, operations)
    }
    files = ("GET", "/recordings/{recordingId}/files/{file}")
    assert served == {files, *((route.method, route.path) for route in ROUTES)}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_openapi_has_parameters_and_examples(app: FastAPI, route: Route) -> None:
    operation: dict[str, Any] = app.openapi()["paths"][route.path][route.method.lower()]
    answer = operation["responses"][str(route.status)]["content"]["application/json"]
    route.answer.model_validate(answer["example"])
    assert {"$ref": f"#/components/schemas/{route.answer.__name__}"} == answer["schema"]
    assert {"400", "403", "404", "503"} <= operation["responses"].keys()
    parameters = {(each["in"], each["name"]) for each in operation.get("parameters", ())}
    path = {
        ("path", name)
        for name in ("callId", "recordingId", "webhookId", "room", "peerId", "nodeId")
        if f"{{{name}}}" in route.path
    }
    user = {("header", "X-User-Id")} if route in CALL_ROUTES else set()
    assert parameters == {*user, *path, *(("query", name) for name, _ in route.query)}
    if route.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        for example in schema["examples"]:
            route.body.model_validate(example)


def test_every_error_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


def test_every_request_of_the_namespace_has_a_handler() -> None:
    assert CALL_HANDLERS.keys() == CALL_REQUESTS.keys()


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-30", (70, 100)),
        ("bytes=-300", (0, 100)),
        ("bytes=100-", (100, 100)),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=1-2", None),
    ],
)
def test_ranges_of_a_file(header: str | None, span: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == span
