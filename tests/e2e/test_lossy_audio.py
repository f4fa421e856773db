"""Audio towards clients that lose every tenth packet, seen by an unmodified mediasoup-client in Chromium."""

import asyncio
import logging

from support.browser import CallBrowser, Tab
from support.cross_origin_page import CrossOriginPage
from support.installation import Installation
from support.media_stats import AudioReceived, concealed_share
from support.udp_relay import UdpRelay

logger = logging.getLogger("lossy-audio")

LOSS = 0.1
SETTLING = 12
"""Seconds: Chromium reports the loss of audio every five seconds."""
MEASURED = 20
"""Seconds."""

# Runs before the application: it does not negotiate RED.
WITHOUT_RED = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  return send.call(this, typeof data === "string" ? data.replaceAll("audio/red", "audio/none") : data);
};
"""


async def received(tab: Tab, sender: str) -> AudioReceived | None:
    """What the application has received of the sender's audio."""
    report = await tab.page.evaluate("(sender) => audioOf(sender)", sender)
    return None if report is None else AudioReceived.of(report)


async def concealed(tab: Tab, sender: str) -> float:
    """The share of the sender's audio that the application conceals."""
    before = await received(tab, sender)
    await asyncio.sleep(MEASURED)
    after = await received(tab, sender)
    assert before is not None
    assert after is not None
    assert after.samples > before.samples, "no audio is played"
    return concealed_share(before, after)


async def test_redundancy_conceals_less(
    relayed_installation: Installation, browser: CallBrowser, mediasoup_app: CrossOriginPage, call_id: str
) -> None:
    """Cem's application negotiates RED, Dan's does not."""
    url = relayed_installation.url
    async with UdpRelay(relayed_installation.layout.rtc_min_port) as relay:
        # Without video, which would need most of the CPU.
        await browser.open_page(mediasoup_app.address(url, call_id, "ben", send="audio"), "ben")
        cem, dan = [
            await browser.open_page(mediasoup_app.address(url, call_id, name, send="nothing"), name, script=script)
            for name, script in (("cem", ""), ("dan", WITHOUT_RED))
        ]
        for tab in (cem, dan):
            async with asyncio.timeout(40):
                while await received(tab, "ben") is None:
                    await asyncio.sleep(0.2)
        relay.loss = LOSS
        await asyncio.sleep(SETTLING)
        plain, red = await asyncio.gather(concealed(dan, "ben"), concealed(cem, "ben"))
    shares = f"concealed at {LOSS:.0%} loss: {plain:.1%} without RED, {red:.1%} with RED"
    logger.info(shares)
    assert plain > LOSS / 2, shares
    assert red < plain / 4, shares
