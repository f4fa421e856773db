"""The interactive reference at `/docs`: with access tokens, and under the Content Security Policy of the page."""

from __future__ import annotations

import json
import time
from pathlib import Path

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from support.browser import CallBrowser
from support.installation import Installation

KEYS = new_secret("key", "app", b"s" * 32)


async def test_an_admin_reads_and_tries_the_routes(tmp_path: Path, browser: CallBrowser) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KEYS))
    key = KeySet.read(path).signing_key
    assert key is not None
    token = issue(key, "root", Grants(admin=True), audience="hubbub", now=time.time(), lifetime=600, token_id="t")
    environment = {"AUTH": "on", "ACCESS_KEYS": str(path)}
    with Installation(tmp_path / "installation", environment=environment) as installation:
        outside = await browser.open_page(f"{installation.url}/docs", "nobody", bypass_csp=False)
        await outside.page.get_by_text("needs the access token of an admin").wait_for()
        await outside.page.screenshot(path=tmp_path / "locked.png", full_page=False)
        tab = await browser.open_page(f"{installation.url}/docs#token={token}", "root", bypass_csp=False)
        logged: list[str] = []
        tab.page.on("console", lambda message: logged.append(message.text))
        asked: list[str] = []
        tab.page.on("request", lambda request: asked.append(request.url))
        await tab.page.reload()
        stats = tab.page.locator("#operations-default-stats_stats_get")
        await stats.click()
        await stats.get_by_role("button", name="Try it out").click()
        await stats.get_by_role("button", name="Execute").click()
        await stats.locator(".live-responses-table .response-col_status").get_by_text("200").wait_for()
        await tab.page.screenshot(path=tmp_path / "docs.png", full_page=False)
        assert [text for text in logged if "Content Security" in text] == []
        assert all(url.startswith((installation.url, "data:", "blob:")) for url in asked), asked
