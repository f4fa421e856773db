"""People call each other through the containers: directly, and by way of coturn."""

import asyncio

from e2e.calls import Window, selected_pairs, start_call
from support.browser import CallBrowser
from support.compose import Compose


async def test_two_people_see_and_hear_each_other(stack: Compose, browser: CallBrowser, call_id: str) -> None:
    await asyncio.to_thread(stack.up, media_node=1, signaling=1)
    tabs = await start_call(browser, stack.url, call_id, ["Ann", "Ben"], width=640, height=360)
    window = await Window.measure(tabs, 3)
    window.require_all_frames(0.9)
    window.require_sound(0.05)


async def test_clients_that_cannot_reach_the_nodes_are_relayed(
    stack: Compose, browser: CallBrowser, call_id: str
) -> None:
    await asyncio.to_thread(stack.up, settings={"ICE_TRANSPORT_POLICY": "relay"}, media_node=1, signaling=1)
    try:
        tabs = await start_call(browser, stack.url, call_id, ["Ann", "Ben"], width=320, height=180)
        for tab in tabs:
            for pair in await selected_pairs(tab):
                assert pair["local"]["candidateType"] == "relay"
        (await Window.measure(tabs, 3)).require_all_frames(0.9)
    finally:
        await asyncio.to_thread(stack.up, settings={"ICE_TRANSPORT_POLICY": ""}, media_node=1, signaling=1)
