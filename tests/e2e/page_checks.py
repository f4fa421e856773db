"""How the page looks in one state: what axe finds wrong with it, and a picture of it for the documentation."""

import asyncio
import os
from pathlib import Path

from playwright.async_api import Page

REPOSITORY = Path(__file__).parents[2]
AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
IMAGES = REPOSITORY / "docs" / "images"
TAKE_SCREENSHOTS = bool(os.environ.get("SCREENSHOTS"))
"""Set it to have the pictures in docs/images taken anew, with drawn people in place of Chromium's test picture."""
PORTRAITS = (Path(__file__).parents[1] / "support" / "portraits.js").read_text()

_VIOLATIONS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
}"""


async def check_page(page: Page, state: str) -> None:
    """Holds this state to axe's rules (WCAG 2 A and AA, and good practice), and takes its picture when asked to."""
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(AXE.read_text() + ";0")
    violations = await page.evaluate(_VIOLATIONS)
    assert not violations, f"{state}: {violations}"
    if TAKE_SCREENSHOTS:
        # Pictures of others that are behind in time come up in it.
        await asyncio.sleep(1.5)
        await page.wait_for_function("!document.querySelector('.hb-toast:not([data-empty])')")
        await page.mouse.move(0, 0)
        await page.screenshot(path=IMAGES / f"{state}.png")
