"""The routes of WHIP over fakes: statuses and headers."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from fastapi import FastAPI

from hubbub_access import Grants, KeySet, PublishLimits, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_signaling.adapters.http_errors import install_error_handlers
from hubbub_signaling.domain.identity import IdentityPolicy
from support.http_media_fakes import OFFER, HttpMediaRig, whip_api

TOKEN = "token-of-the-tests-0123456789"
SDP = {"authorization": f"Bearer {TOKEN}", "content-type": "application/sdp"}
FRAGMENT = SDP | {"content-type": "application/trickle-ice-sdpfrag"}


class Client:
    """An HTTP client of the routes."""

    def __init__(self, policy: IdentityPolicy | None = None) -> None:
        self.app = FastAPI()
        self.rig = HttpMediaRig()
        install_error_handlers(self.app)
        whip_api(self.rig, TOKEN, policy).install(self.app)

    async def ask(
        self, method: str, path: str, headers: dict[str, str], body: str = ""
    ) -> tuple[int, dict[str, str], str]:
        """Returns the status, the headers and the body of the response."""
        sent: list[Any] = []
        request = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

        async def receive() -> Any:
            return next(request, None) or await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"name=camera",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "scheme": "http",
            "server": ("127.0.0.1", 4000),
            "client": ("127.0.0.1", 5000),
        }
        await self.app(scope, receive, send)
        answered = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], answered, b"".join(each.get("body", b"") for each in sent[1:]).decode()


async def test_refusals_have_a_status_and_a_reason() -> None:
    client = Client()
    for headers, body, status, reason in (
        (SDP | {"content-type": "text/plain"}, OFFER, 415, "application/sdp"),
        ({"content-type": "application/sdp"}, OFFER, 401, "is required"),
        (SDP | {"authorization": "Bearer wrong"}, OFFER, 401, "is wrong"),
        (SDP, "hello", 400, "line 1"),
        (SDP, OFFER + "a=x\r\n" * 20_000, 413, "65536"),
        (SDP, OFFER.replace("4d000d", "64000d"), 422, "profile-level-id=64000d"),
    ):
        answered, fields, text = await client.ask("POST", "/whip/room", headers, body)
        assert (answered, reason in text, "www-authenticate" in fields) == (status, True, status == 401), text


async def test_a_session_from_its_post_to_its_second_delete() -> None:
    client = Client()
    status, fields, _ = await client.ask("POST", "/whip/room", SDP, OFFER)
    assert (status, fields["content-type"], fields["etag"]) == (201, "application/sdp", '"ours"')
    url = fields["location"]
    fragment = f"a=ice-ufrag:{OFFER.split('a=ice-ufrag:')[1].split()[0]}\r\n"
    assert (await client.ask("PATCH", url, FRAGMENT, fragment))[0] == 428
    assert (await client.ask("PATCH", url, FRAGMENT | {"if-match": '"other"'}, fragment))[0] == 412
    assert (await client.ask("PATCH", url, FRAGMENT | {"if-match": '"ours"'}, fragment))[0] == 204
    assert (await client.ask("PATCH", url, SDP | {"if-match": '"ours"'}, fragment))[0] == 415
    assert (await client.ask("PATCH", url, FRAGMENT | {"if-match": '"ours"'}, "a=x\r\n"))[0] == 400
    assert (await client.ask("GET", url, SDP))[0] == 204
    assert (await client.ask("OPTIONS", "/whip/room", SDP))[1]["accept-post"] == "application/sdp"
    assert (await client.ask("DELETE", url, {}))[0] == 401
    assert (await client.ask("DELETE", url, SDP))[0] == 200


KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
POLICY = IdentityPolicy(api_key=None, trust_user_header=False, tokens=TokenVerifier(KEYS, "hubbub"))
PUBLISH = Grants(rooms=("room",), join=True, publish=True)


def token_of(grants: Grants, user_id: str = "ann") -> dict[str, str]:
    """The headers of an offer with an access token."""
    key = KEYS.signing_key
    assert key is not None
    shown = issue(key, user_id, grants, audience="hubbub", now=time.time(), lifetime=60, token_id="1")
    return SDP | {"authorization": f"Bearer {shown}"}


async def test_the_user_of_an_access_token_publishes_and_owns_the_session() -> None:
    client = Client(POLICY)
    status, fields, text = await client.ask("POST", "/whip/room", token_of(PUBLISH), OFFER)
    assert status == 201, text
    assert [(each.user_id, each.display_name) for each in client.rig.joins] == [("ann", "camera")]
    assert (await client.ask("GET", fields["location"], token_of(PUBLISH, "bob")))[0] == 404
    missing: tuple[dict[str, Any], ...] = ({"rooms": ("another",)}, {"join": False}, {"publish": False})
    for change in missing:
        less = PUBLISH.model_copy(update=change)
        assert (await client.ask("GET", fields["location"], token_of(less)))[0] == 403, change
    assert (await client.ask("DELETE", fields["location"], token_of(PUBLISH)))[0] == 200


@pytest.mark.parametrize(
    "grants",
    [
        pytest.param(PUBLISH.model_copy(update={"rooms": ("another",)}), id="room"),
        pytest.param(PUBLISH.model_copy(update={"join": False}), id="join"),
        pytest.param(PUBLISH.model_copy(update={"publish": False}), id="publish"),
        pytest.param(PUBLISH.model_copy(update={"publish": PublishLimits(kinds=("audio",))}), id="kind"),
        pytest.param(PUBLISH.model_copy(update={"publish": PublishLimits(sources=("camera",))}), id="source"),
    ],
)
async def test_an_access_token_allows_what_it_grants_only(grants: Grants) -> None:
    client = Client(POLICY)
    assert (await client.ask("POST", "/whip/room", token_of(grants), OFFER))[0] == 403
    assert client.rig.manager.serving == 0


async def test_the_static_token_publishes_also_where_access_tokens_are_used() -> None:
    assert (await Client(POLICY).ask("POST", "/whip/room", SDP, OFFER))[0] == 201
