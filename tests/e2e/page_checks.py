"""Checks a state of the page with axe, and takes its screenshot for the documentation."""

import asyncio
import os
from pathlib import Path

from playwright.async_api import Page

REPOSITORY = Path(__file__).parents[2]
AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
IMAGES = REPOSITORY / "docs" / "images"
TAKE_SCREENSHOTS = bool(os.environ.get("SCREENSHOTS"))
"""Whether to update the screenshots in docs/images, with drawn portraits in place of Chromium's test picture."""
PORTRAITS = (Path(__file__).parents[1] / "support" / "portraits.js").read_text()

_VIOLATIONS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
}"""


async def check_page(page: Page, state: str) -> None:
    """Asserts axe's rules (WCAG 2 A and AA, best practices), and takes the screenshot if requested."""
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(AXE.read_text() + ";0")
    violations = await page.evaluate(_VIOLATIONS)
    assert not violations, f"{state}: {violations}"
    if TAKE_SCREENSHOTS:
        # Videos of others that lag behind catch up.
        await asyncio.sleep(1.5)
        await page.wait_for_function("!document.querySelector('.hb-toast:not([data-empty])')")
        await page.mouse.move(0, 0)
        await page.screenshot(path=IMAGES / f"{state}.png")
