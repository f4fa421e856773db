"""Requests that schemathesis generates from the OpenAPI document: handlers run, and answer as the document says.

`HUBBUB_TEST_EXAMPLES=20` multiplies the number of requests, and takes new ones each time.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from hubbub_access.key_set import new_secret
from support.installation import ONE_ADDRESS, Installation

MORE = int(os.environ.get("HUBBUB_TEST_EXAMPLES", "1"))
EXAMPLES = 6
API_KEY = "key-of-the-tests-0123456789"
BEARER = {"Authorization": f"Bearer {API_KEY}"}
KNOWN = [content_type_conformance, response_schema_conformance]
BEFORE_THE_HANDLER = {"invalid_argument", "unauthenticated", "rate_limited"}
"""Errors that are answered before a handler runs."""
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"}
OFFERS = {("POST", "/whip/{room}"), ("POST", "/whep/{room}"), ("POST", "/whep/{room}/{peer}")}
"""Routes that need SDP, which schemathesis cannot generate: `libs/sdp/tests/test_hostile_sdp.py` does."""
TIMEOUT = 40.0
Operation = tuple[str, str]


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def sdp(_context: Any, value: Any) -> bytes:
    """The body of a request of WHIP or WHEP."""
    return str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with access tokens and every service that answers a route."""
    directory = tmp_path_factory.mktemp("routes")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", b"s" * 32)))
    environment = {
        "AUTH": "on",
        "ACCESS_KEYS": str(keys),
        "API_KEY": API_KEY,
        **ONE_ADDRESS,
    }
    with Installation(directory, calls=1, recorders=1, webhooks=1, environment=environment) as running:
        yield running


def document(installation: Installation) -> dict[str, Any]:
    """The OpenAPI document."""
    answer = requests.get(f"{installation.url}/openapi.json", headers=BEARER, timeout=TIMEOUT)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def error_code(answer: Any) -> str | None:
    """The code of an error in our form; None for any other answer."""
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return None


@pytest.mark.timeout(120 + 60 * MORE)
def test_answers_are_those_of_the_document(served: Installation) -> None:
    schema = schemathesis.openapi.from_dict(document(served))
    handled: dict[Operation, int] = defaultdict(int)
    found = list(schema.get_all_operations())
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    assert len(operations) == len(found), "the document is invalid"
    for operation in operations:

        @settings(
            max_examples=EXAMPLES * MORE,
            deadline=None,
            derandomize=MORE == 1,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def run(case: Any) -> None:
            answer = case.call(base_url=served.url, headers=BEARER, timeout=TIMEOUT)
            case.validate_response(answer, checks=KNOWN)
            code = error_code(answer)
            assert answer.status_code < 500 or code in {"unavailable", "deadline_exceeded"}
            if answer.status_code < 300 or (code is not None and code not in BEFORE_THE_HANDLER):
                handled[case.operation.method.upper(), case.operation.path] += 1

        run()
    missing = {(one.method.upper(), one.path) for one in operations} - set(handled)
    assert missing <= OFFERS, "no request reached these handlers"
    assert len(operations) > 20
    assert all(process.exit_description() is None for process in served.processes)


async def test_methods_that_no_route_has_are_refused(served: Installation) -> None:
    paths = document(served)["paths"]
    async with aiohttp.ClientSession(served.url, headers=BEARER) as http:
        routed: dict[str, set[str]] = defaultdict(set)
        for path, methods in paths.items():
            routed[re.sub(r"{\w+}", "x", path)] |= {name.upper() for name in methods}
        for path, known in routed.items():
            for method in METHODS - known:
                async with http.request(method, path) as answer:
                    assert answer.status in {400, 404, 405}, (method, path)


async def test_no_answer_sets_a_cookie(served: Installation) -> None:
    async with aiohttp.ClientSession(served.url, headers=BEARER) as http:
        for path in ("/health", "/ready", "/stats", "/rooms", "/calls", "/recordings", "/webhooks", "/nothing"):
            async with http.get(path) as answer:
                assert "Set-Cookie" not in answer.headers
        async with http.get("/socket.io/", params={"EIO": "4", "transport": "polling"}) as answer:
            assert "Set-Cookie" not in answer.headers
