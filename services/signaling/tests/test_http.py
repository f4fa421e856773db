"""HTTP: methods, cache headers and the base path."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from hubbub_access import LEEWAY, Grants, KeySet, TokenVerifier, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts.bus.stats import ClusterStats
from hubbub_service import Metrics
from hubbub_signaling.adapters.base_path import BasePath
from hubbub_signaling.adapters.http import make_http
from hubbub_signaling.adapters.redacted_spans import without_session
from hubbub_signaling.adapters.security_headers import content_security_policy
from hubbub_signaling.domain.authorization import Grant
from hubbub_signaling.domain.identity import IdentityPolicy
from hubbub_signaling.domain.route_grants import PUBLIC, ROUTE_GRANTS
from support.asgi import Headers, ask
from support.calls_fakes import (
    FakeCallsBackend,
    access_api,
    calls_api,
    local_identification,
    nodes_api,
    recordings_api,
    rooms_api,
    webhooks_api,
)
from support.http_media_fakes import whep_api, whip_api
from support.signaling_fakes import FakeBackend


class FakeRegistry:
    """A backend whose registry counts one node, or none."""

    def __init__(self, nodes: int = 1) -> None:
        self.nodes = nodes

    async def registry(self, _message: Any) -> ClusterStats:
        return ClusterStats(rooms=0, peers=0, producers=0, consumers=0, transports=0, workers=[], nodes=self.nodes)


def make_app(page: Path | None, base_path: str = "", nodes: int = 1, policy: IdentityPolicy | None = None) -> Any:
    http = make_http(
        FakeRegistry(nodes),  # type: ignore[arg-type]
        Metrics("signaling"),
        page,
        rooms=rooms_api(FakeBackend(), policy),
        nodes=nodes_api(FakeBackend(), policy),
        calls=calls_api(FakeCallsBackend(), policy),
        recordings=recordings_api(FakeBackend(), policy),
        webhooks=webhooks_api(FakeBackend(), policy),
        access=access_api(FakeBackend(), policy),
        whip=whip_api(policy=policy),
        whep=whep_api(policy=policy),
        identification=local_identification(policy),
        origins=["*"],
        why_not_ready=lambda: None,
    )
    return BasePath(http, base_path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built page."""
    (tmp_path / "index.html").write_text("<title>Hubbub</title>")
    (tmp_path / "docs.html").write_text("<title>reference</title>")
    (tmp_path / "docs-locked.html").write_text("<title>locked</title>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b.js").write_text("start()")
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/stats", "/metrics", "/nothing"])
@pytest.mark.parametrize("nodes", [0, 1])
async def test_head_has_the_status_of_get(page: Path, path: str, nodes: int) -> None:
    app = make_app(page, nodes=nodes)
    assert (await ask(app, path, "HEAD")).status == (await ask(app, path)).status


async def test_head_without_a_page_has_the_status_of_get() -> None:
    assert (await ask(make_app(None), "/health", "HEAD")).status == 200


async def test_the_page_is_revalidated_and_its_assets_are_cached(page: Path) -> None:
    app = make_app(page)
    for path in ("/", "/index.html"):
        assert (await ask(app, path)).headers["cache-control"] == "no-cache"
    asset = await ask(app, "/assets/index-1a2b.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "cache-control" not in (await ask(app, "/assets/index-0000.js")).headers


async def test_everything_is_served_under_the_base_path_and_at_the_root(page: Path) -> None:
    app = make_app(page, "/call")
    for path in ("/", "/health", "/assets/index-1a2b.js", "/docs", "/openapi.json"):
        answer = await ask(app, f"/call{path}")
        assert answer.status == 200
        assert answer.body == (await ask(app, path)).body
    assert (await ask(app, "/callx/health")).status == 404


async def test_the_base_path_without_a_slash_is_redirected(page: Path) -> None:
    answer = await ask(make_app(page, "/call"), "/call?room=a")
    assert (answer.status, answer.headers["location"]) == (307, "/call/?room=a")


@pytest.mark.parametrize(
    "path", ["/", "/assets/index-1a2b.js", "/health", "/nothing", "/calls", "/docs", "/openapi.json"]
)
async def test_every_answer_says_what_browsers_may_do_with_it(page: Path, path: str) -> None:
    headers = (await ask(make_app(page), path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    directives = dict(one.split(" ", 1) for one in headers["content-security-policy"].split("; "))
    assert directives["script-src"] == "'self'"
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'self' *"


async def test_the_reference_shows_the_document_of_this_installation(page: Path) -> None:
    app = make_app(page, "/call")
    for path in ("/docs", "/call/docs"):
        answer = await ask(app, path)
        assert (answer.status, b"reference" in answer.body) == (200, True)
    assert (await ask(app, "/call/openapi.json")).json()["servers"] == [{"url": "/call"}]
    assert "servers" not in (await ask(make_app(page), "/openapi.json")).json()
    assert (await ask(make_app(None), "/docs")).status == 404
    assert (await ask(app, "/redoc")).status == 404


async def test_with_access_tokens_the_reference_needs_the_grant_of_its_document(page: Path) -> None:
    app = make_app(page, policy=POLICY)
    browser: Headers = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    locked = await ask(app, "/docs", headers=browser)
    assert (locked.status, locked.headers["www-authenticate"], b"locked" in locked.body) == (401, "Bearer", True)
    assert (await ask(app, "/docs")).json()["error"]["code"] == "unauthenticated"
    assert (await ask(app, "/docs", headers={**browser, **_bearer(ALL_BUT_ADMIN)})).status == 403
    shown = await ask(app, "/docs", headers={**browser, **_bearer(Grants(admin=True))})
    assert (shown.status, b"reference" in shown.body) == (200, True)
    for file in ("docs.html", "docs-locked.html", "./docs.html", "assets/../docs.html", "docs%2ehtml"):
        assert (await ask(app, f"/{file}", headers=browser)).status == 404


def test_only_the_origins_of_the_operator_may_show_the_page_in_a_frame() -> None:
    policy = content_security_policy(["https://app.example", "null"])
    assert policy.endswith("frame-ancestors 'self' https://app.example")


KEYS = KeySet.parse(json.dumps(new_secret("key", "app", b"s" * 32)))
POLICY = IdentityPolicy(api_key=None, trust_user_header=False, tokens=TokenVerifier(KEYS, "hubbub"))
MISSING: Mapping[Grant, dict[str, Any]] = {
    Grant.ADMIN: {},
    Grant.MODERATE: {"moderate": False},
    Grant.CALLS: {"calls": False},
    Grant.RECORD: {"record": False},
    Grant.PUBLISH: {"publish": False},
    Grant.SUBSCRIBE: {"subscribe": False},
}
"""All grants but one, and but `admin`."""
ALL_BUT_ADMIN = Grants(
    rooms=("*",), join=True, publish=True, subscribe=True, calls=True, record=True, moderate=True, hidden=True
)
FOREIGN = KeySet.parse(json.dumps(new_secret("key", "app", b"f" * 32)))


def _bearer(grants: Grants, *, keys: KeySet = KEYS, lifetime: float = 60) -> Headers:
    key = keys.signing_key
    assert key is not None
    token = issue(key, "ann", grants, audience="hubbub", now=time.time(), lifetime=lifetime, token_id="1")
    return {"authorization": f"Bearer {token}"}


def _asked(path: str) -> str:
    return re.sub(r"{\w+}", "call", path)


def test_every_route_names_its_grant_and_every_row_is_a_route() -> None:
    """Those of the application, and those of its routers, which its document lists."""
    app = make_app(None, policy=POLICY)._app
    own = {(method, route.path) for route in app.routes for method in getattr(route, "methods", None) or ()}
    included = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    assert {each for each in own | included if each[0] != "HEAD"} == set(ROUTE_GRANTS)
    assert {path for (_, path), grant in ROUTE_GRANTS.items() if grant == PUBLIC} == {"/health", "/ready"}


async def test_a_route_without_a_grant_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(cast("dict[Any, Any]", ROUTE_GRANTS), ("GET", "/health"))
    answer = await ask(make_app(None), "/health")
    assert (answer.status, b"names no grant" in answer.body) == (500, True)


@pytest.mark.parametrize(("method", "path"), sorted(ROUTE_GRANTS))
async def test_with_access_tokens_every_route_but_the_public_ones_needs_its_grant(method: str, path: str) -> None:
    app, grant = make_app(None, policy=POLICY), ROUTE_GRANTS[method, path]
    answer = await ask(app, _asked(path), method)
    if grant == PUBLIC:
        assert answer.status in (200, 404)
        return
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    foreign = _bearer(Grants(admin=True), keys=FOREIGN)
    lapsed = _bearer(Grants(admin=True), lifetime=-LEEWAY - 1)
    for shown in (foreign, lapsed, {"authorization": "Bearer guess"}, {"authorization": "Basic YTpi"}):
        assert (await ask(app, _asked(path), method, headers=shown)).status == 401
    assert (await ask(app, _asked(path), method, headers=_bearer(Grants()))).status == 403
    assert isinstance(grant, Grant)
    less = ALL_BUT_ADMIN.model_copy(update=MISSING[grant])
    assert (await ask(app, _asked(path), method, headers=_bearer(less))).status == 403


@pytest.mark.parametrize("path", ["/stats", "/metrics", "/openapi.json"])
async def test_an_admin_reads_statistics_metrics_and_the_interface(path: str) -> None:
    assert (await ask(make_app(None, policy=POLICY), path, headers=_bearer(Grants(admin=True)))).status == 200


def test_the_path_of_a_span_has_no_session() -> None:
    assert without_session("/whip/room/secret") == without_session("/whip/room/secret/x") == "/whip/room/REDACTED"
    for path in ("/whip/room", "/recordings/a/files/b", "/", ""):
        assert without_session(path) == path
