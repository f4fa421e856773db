"""What the calls of these tests have in common: people join, things settle, a window is watched."""

import asyncio
from dataclasses import dataclass
from typing import Any

from support.browser import CallBrowser, Tab, all_stats
from support.media_stats import CallStats, concealed_share, decoded_rate, sent_rate

_SELECTED = """async () => {
  const { send, recv } = await hubbub.stats();
  return [send, recv].map((reports) => {
    const byId = new Map(reports.map((report) => [report.id, report]));
    const transport = reports.find((report) => report.type === "transport");
    const pair = byId.get(transport.selectedCandidatePairId);
    return { local: byId.get(pair.localCandidateId), remote: byId.get(pair.remoteCandidateId) };
  });
}"""


async def start_call(browser: CallBrowser, url: str, room: str, names: list[str], **parameters: str | int) -> list[Tab]:
    """Opens a tab for each name and waits until everybody sees everybody else."""
    tabs = [await browser.open_tab(url, room, name, **parameters) for name in names]
    await asyncio.gather(*(tab.wait_sees(name) for tab in tabs for name in names if name != tab.name))
    await asyncio.gather(*(tab.wait_receives({*names} - {tab.name}) for tab in tabs))
    return tabs


async def selected_pairs(tab: Tab) -> list[dict[str, Any]]:
    """The candidate pairs that the tab's two transports use."""
    pairs: list[dict[str, Any]] = await tab.page.evaluate(_SELECTED)
    return pairs


@dataclass(frozen=True, slots=True)
class Window:
    """What every tab had measured at the beginning and at the end of a time, by name."""

    before: dict[str, CallStats]
    after: dict[str, CallStats]

    @classmethod
    async def measure(cls, tabs: list[Tab], seconds: float) -> "Window":
        """Watches for so long."""
        before = await all_stats(tabs)
        await asyncio.sleep(seconds)
        return cls(before, await all_stats(tabs))

    def pairs(self) -> list[tuple[str, str]]:
        """Every (receiver, sender)."""
        return [(receiver, sender) for receiver in self.after for sender in self.after if sender != receiver]

    def sent(self, sender: str) -> float:
        """Video frames a second."""
        return sent_rate(self.before[sender], self.after[sender])

    def decoded(self, receiver: str, sender: str) -> float:
        """Video frames a second."""
        return decoded_rate(self.before[receiver], self.after[receiver], sender)

    def require_all_frames(self, share: float = 0.95) -> None:
        """Each tab decodes at least this share of the frames that each other tab sends."""
        for receiver, sender in self.pairs():
            sent, decoded = self.sent(sender), self.decoded(receiver, sender)
            assert sent > 5, f"{sender} sends {sent:.1f} frames/s"
            assert decoded >= share * sent, f"{receiver} decodes {decoded:.1f} of {sender}'s {sent:.1f} frames/s"

    def require_no_bandwidth_limit(self, width: int, height: int) -> None:
        """Bandwidth limits nobody in the window, and who is not limited at all sends what the camera delivers."""
        for name, stats in self.after.items():
            [before], [after] = self.before[name].video_sent, stats.video_sent
            assert after.limitation != "bandwidth", name
            assert after.bandwidth_limited == before.bandwidth_limited, name
            if before.limitation == after.limitation == "none":
                assert (after.width, after.height) == (width, height), name

    def require_sound(self, concealed: float = 0.01) -> None:
        """Each tab hears each other one, with less than this share of the samples made up."""
        for receiver, sender in self.pairs():
            before, after = self.before[receiver].audio_from[sender], self.after[receiver].audio_from[sender]
            assert after.energy > before.energy, f"{receiver} hears nothing of {sender}"
            share = concealed_share(before, after)
            assert share < concealed, f"{receiver}: {share:.2%} of {sender}'s sound is made up"
