"""The page works under its Content Security Policy, which runs nothing that was injected."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Page

from support.browser import WAIT_TIMEOUT, CallBrowser
from support.installation import Installation

_COLLECT = """() => {
  globalThis.violations = [];
  addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
    violations.push(`${effectiveDirective} ${blockedURI}`));
}"""
_INJECT = """() => {
  const mark = document.createElement("div");
  mark.innerHTML = "<img src=about:blank onerror='globalThis.injected = true'>";
  document.body.append(mark);
}"""
_DECODED = """async () => {
  const { recv } = await hubbub.stats();
  const videos = recv.filter(({ type, kind }) => type === "inbound-rtp" && kind === "video");
  return Math.max(0, ...videos.map((one) => one.framesDecoded));
}"""


async def test_a_call_violates_nothing_and_an_injected_script_does_not_run(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    await browser.open_tab(installation.url, call_id, "Ben", width=320, height=180)
    query = urlencode({"room": call_id, "name": "Ann", "join": "", "width": 320, "height": 180})
    # A test that waits by an expression needs eval, so the other tests run without the policy.
    ann = (
        await browser.open_page(f"{installation.url}/?{query}", "Ann", script=f"({_COLLECT})()", bypass_csp=False)
    ).page
    await until(ann, "globalThis.hubbub !== undefined")
    await until(ann, f"({_DECODED})().then((frames) => frames > 10)")
    await ann.locator("[data-action=camera]").click()
    assert await violations(ann) == []
    await ann.evaluate(_INJECT)
    await until(ann, "violations.length > 1")
    assert await violations(ann) == ["img-src about", "script-src-attr inline"]
    assert await ann.evaluate("globalThis.injected") is None


async def until(page: Page, condition: str) -> None:
    """Waits until the expression is true. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_TIMEOUT):
        while not await page.evaluate(condition):
            await asyncio.sleep(0.1)


async def violations(page: Page) -> Any:
    return sorted(set(await page.evaluate("violations")))
