"""Ten participants, two of them browsers: each browser decodes the video of all nine others."""

import asyncio
from contextlib import AsyncExitStack

from e2e.calls import start_call
from support.browser import CallBrowser
from support.caller import Caller
from support.installation import Installation

OTHERS = 8


async def test_ten_people(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    async with AsyncExitStack() as stack:
        for number in range(OTHERS):
            caller = await stack.enter_async_context(Caller(installation.url))
            await caller.join(call_id, userId=f"user{number}", displayName=f"Caller {number}")
            for kind in ("audio", "video"):
                await caller.publish(kind)
        tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=640, height=360)
        names = [f"Caller {number}" for number in range(OTHERS)]
        for tab in tabs:
            await asyncio.gather(*(tab.wait_sees(name) for name in names))
            await tab.wait_receives(names)
            before = await tab.stats()
            everybody = {*names, "Ann", "Ben"} - {tab.name}
            assert set(before.video_from) == set(before.audio_from) == everybody
            async with asyncio.timeout(40):
                while True:
                    await asyncio.sleep(0.5)
                    after = await tab.stats()
                    if all(after.video_from[one].frames >= before.video_from[one].frames + 20 for one in everybody):
                        break
