"""The HTTP routes about calls agree with the contracts."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from hubbub_contracts import ErrorCode
from hubbub_contracts.rest import ROUTES, Route
from hubbub_contracts.socket.calls_catalogue import CALL_REQUESTS
from hubbub_signaling.adapters.http_errors import STATUS
from hubbub_signaling.handlers.calls.catalogue import CALL_HANDLERS
from support.calls_fakes import FakeCallsBackend, calls_api


@pytest.fixture
def app() -> FastAPI:
    """The application with the routes about calls."""
    app = FastAPI()
    calls_api(FakeCallsBackend()).install(app)
    return app


def test_every_route_of_the_contracts_is_served(app: FastAPI) -> None:
    served = {
        (method, path) for path, operations in app.openapi()["paths"].items() for method in map(str.upper, operations)
    }
    assert served == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_openapi_has_parameters_and_examples(app: FastAPI, route: Route) -> None:
    operation: dict[str, Any] = app.openapi()["paths"][route.path][route.method.lower()]
    answer = operation["responses"][str(route.status)]["content"]["application/json"]
    route.answer.model_validate(answer["example"])
    assert {"$ref": f"#/components/schemas/{route.answer.__name__}"} == answer["schema"]
    assert {"400", "403", "404", "503"} <= operation["responses"].keys()
    parameters = {(each["in"], each["name"]) for each in operation["parameters"]}
    path = {("path", "callId")} if "{callId}" in route.path else set()
    assert parameters == {("header", "X-User-Id"), *path, *(("query", name) for name, _ in route.query)}
    if route.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        for example in schema["examples"]:
            route.body.model_validate(example)


def test_every_error_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


def test_every_request_of_the_namespace_has_a_handler() -> None:
    assert CALL_HANDLERS.keys() == CALL_REQUESTS.keys()
