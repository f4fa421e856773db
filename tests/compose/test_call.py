"""Calls through the containers, direct and relayed by coturn."""

import asyncio

from e2e.calls import Window, selected_pairs, start_call
from support.browser import CallBrowser
from support.compose import Compose


async def test_two_participants_exchange_media(stack: Compose, browser: CallBrowser, call_id: str) -> None:
    await asyncio.to_thread(stack.up, media_node=1, signaling=1)
    tabs = await start_call(browser, stack.url, call_id, ["Ann", "Ben"], width=640, height=360)
    window = await Window.measure(tabs, 3)
    window.require_all_frames(0.9)
    window.require_sound(0.05)


async def test_relay_policy_sends_media_through_coturn(stack: Compose, browser: CallBrowser, call_id: str) -> None:
    await asyncio.to_thread(stack.up, settings={"ICE_TRANSPORT_POLICY": "relay"}, media_node=1, signaling=1)
    try:
        tabs = await start_call(browser, stack.url, call_id, ["Ann", "Ben"], width=320, height=180)
        for tab in tabs:
            for pair in await selected_pairs(tab):
                assert pair["local"]["candidateType"] == "relay"
        (await Window.measure(tabs, 3)).require_all_frames(0.9)
    finally:
        await asyncio.to_thread(stack.up, settings={"ICE_TRANSPORT_POLICY": ""}, media_node=1, signaling=1)
