"""Helpers to start calls and to measure them over a time window."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.browser import CallBrowser, Tab, all_stats
from support.media_stats import CallStats, VideoSent, concealed_share, decoded_rate, sent_rate

_SELECTED = """async () => {
  const { send, recv } = await hubbub.stats();
  return [send, recv].map((reports) => {
    const byId = new Map(reports.map((report) => [report.id, report]));
    const transport = reports.find((report) => report.type === "transport");
    const pair = byId.get(transport.selectedCandidatePairId);
    return { local: byId.get(pair.localCandidateId), remote: byId.get(pair.remoteCandidateId) };
  });
}"""

_LAYER = """(name) => {
  for (const { name: who, publications } of hubbub.call.participants.values()) {
    if (who === name) return publications.get("camera")?.currentLayers?.spatialLayer;
  }
}"""


ONE_LAYER = {"simulcast": "off", "subscribe": "all"}
"""Parameters of a tab: a test of the server's forwarding leaves out what costs the browsers' CPU."""


async def start_call(browser: CallBrowser, url: str, room: str, names: list[str], **parameters: str | int) -> list[Tab]:
    """Opens a tab for each name and waits until all receive video and audio of all others."""
    tabs = await asyncio.gather(*(browser.open_tab(url, room, name, **parameters) for name in names))
    await asyncio.gather(*(tab.wait_sees(name) for tab in tabs for name in names if name != tab.name))
    await asyncio.gather(*(tab.wait_receives({*names} - {tab.name}) for tab in tabs))
    return list(tabs)


async def wait_frames(tab: Tab, name: str, more: int = 10, timeout: float = 40.0) -> None:
    """Waits until the tab decodes this many more frames of the participant. Raises TimeoutError."""
    before = await _frames(tab, name)
    async with asyncio.timeout(timeout):
        while await _frames(tab, name) < before + more:
            await asyncio.sleep(0.2)


async def _frames(tab: Tab, name: str) -> int:
    """The decoded frames of the participant's video; none while it is not received yet."""
    received = (await tab.stats()).video_from.get(name)
    return 0 if received is None else received.frames


async def wait_layer(tab: Tab, name: str, layer: int, timeout: float = 40.0) -> None:
    """Waits until the tab receives this spatial layer of the participant's camera."""
    expression = f"([name, layer]) => ({_LAYER})(name) === layer"
    await tab.page.wait_for_function(expression, arg=[name, layer], timeout=timeout * 1000)


async def is_heard(tab: Tab, name: str) -> bool:
    """Whether packets of the participant's microphone arrive."""
    before = await _packets(tab, name)
    await asyncio.sleep(0.5)
    return await _packets(tab, name) > before


async def _packets(tab: Tab, name: str) -> int:
    """The packets of the participant's sound that have arrived; none while it is not received yet."""
    received = (await tab.stats()).audio_from.get(name)
    return 0 if received is None else received.packets


async def wait_heard(tab: Tab, name: str, heard: bool) -> None:
    """Waits until the participant's microphone is heard, or is not."""
    async with asyncio.timeout(40):
        while await is_heard(tab, name) != heard:
            pass


async def wait_for_full_quality(tabs: list[Tab], width: int, height: int, timeout: float = 15.0) -> None:
    """Waits until bandwidth limits no tab and every tab sends the camera's full resolution, for one second.

    Returns after `timeout` seconds at the latest: a busy CPU may prevent full resolution.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while not (await Window.measure(tabs, 1)).is_at_full_quality(width, height):
                pass


async def selected_pairs(tab: Tab) -> list[dict[str, Any]]:
    """The selected candidate pairs of the tab's two transports."""
    pairs: list[dict[str, Any]] = await tab.page.evaluate(_SELECTED)
    return pairs


def top_layer(stats: CallStats) -> VideoSent:
    """The sent stream of the highest resolution: the only one, or the last simulcast layer."""
    return max(stats.video_sent, key=lambda stream: stream.rid or "")


@dataclass(frozen=True, slots=True)
class Window:
    """The statistics of all tabs at the start and the end of a time window, by name."""

    before: dict[str, CallStats]
    after: dict[str, CallStats]

    @classmethod
    async def measure(cls, tabs: list[Tab], seconds: float) -> "Window":
        """Measures for this many seconds."""
        before = await all_stats(tabs)
        await asyncio.sleep(seconds)
        return cls(before, await all_stats(tabs))

    @classmethod
    async def passing(
        cls, tabs: list[Tab], seconds: float, check: "Callable[[Window], None]", within: float = 40.0
    ) -> "Window":
        """Measures until a window passes `check`: a machine that stands still spoils one.

        Raises the AssertionError of `check` after this many seconds.
        """
        deadline = time.monotonic() + within
        while True:
            window = await cls.measure(tabs, seconds)
            try:
                check(window)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            else:
                return window

    def pairs(self) -> list[tuple[str, str]]:
        """All pairs (receiver, sender)."""
        return [(receiver, sender) for receiver in self.after for sender in self.after if sender != receiver]

    def sent(self, sender: str) -> float:
        """Video frames per second."""
        return sent_rate(self.before[sender], self.after[sender])

    def decoded(self, receiver: str, sender: str) -> float:
        """Video frames per second."""
        return decoded_rate(self.before[receiver], self.after[receiver], sender)

    def require_all_frames(self, share: float = 0.95) -> None:
        """Asserts that each tab decodes at least this share of the frames that each other tab sends."""
        for receiver, sender in self.pairs():
            sent, decoded = self.sent(sender), self.decoded(receiver, sender)
            assert sent > 5, f"{sender} sends {sent:.1f} frames/s"
            assert decoded >= share * sent, f"{receiver} decodes {decoded:.1f} of {sender}'s {sent:.1f} frames/s"

    def is_at_full_quality(self, width: int, height: int) -> bool:
        """Whether bandwidth limited no sender in the window, and all sent this resolution at its end."""
        return all(
            (after.width, after.height, after.limitation) == (width, height, "none")
            and after.bandwidth_limited == before.bandwidth_limited
            for name in self.after
            for before, after in [(top_layer(self.before[name]), top_layer(self.after[name]))]
        )

    def require_no_bandwidth_limit(self, width: int, height: int) -> None:
        """Asserts that bandwidth limits no sender, and that unlimited senders send the camera's full resolution."""
        for name, stats in self.after.items():
            before, after = top_layer(self.before[name]), top_layer(stats)
            assert after.limitation != "bandwidth", name
            assert after.bandwidth_limited == before.bandwidth_limited, name
            if before.limitation == after.limitation == "none":
                assert (after.width, after.height) == (width, height), name

    def require_sound(self, concealed: float = 0.01) -> None:
        """Asserts that each tab receives audio of each other one, with less than this share of concealed samples."""
        for receiver, sender in self.pairs():
            before, after = self.before[receiver].audio_from[sender], self.after[receiver].audio_from[sender]
            assert after.energy > before.energy, f"{receiver} receives no audio from {sender}"
            share = concealed_share(before, after)
            assert share < concealed, f"{receiver}: {share:.2%} of {sender}'s audio is concealed"
