"""What a tab plays and shows, as its user hears and sees it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from .browser import Tab

_SCRIPT = Path(__file__).with_suffix(".js").read_text()

_WATCH = """() => {
  globalThis.noticed = [];
  const { call } = hubbub;
  call.on("reconnecting", (cause) => noticed.push(`reconnecting: ${cause}`));
  call.on("unpublished", ({ name }, { source }) => noticed.push(`unpublished: ${source} of ${name}`));
  call.on("participantLeft", ({ name }) => noticed.push(`left: ${name}`));
  call.on("error", ({ code }) => noticed.push(`error: ${code}`));
  const tiles = new Map();
  const look = () => {
    const shown = document.querySelectorAll(".hb-tile[data-source=camera]").length;
    if (shown !== 2) noticed.push(`tiles: ${shown}`);
    for (const video of document.querySelectorAll(".hb-tile video")) {
      if (tiles.get(video) && video.videoWidth === 0) noticed.push("a tile without a picture");
      tiles.set(video, video.videoWidth > 0);
    }
    requestAnimationFrame(look);
  };
  look();
}"""

_RESOLUTION = """() => {
  const [video] = document.querySelectorAll(".hb-tile:not([data-own]) video");
  return [video.videoWidth, video.videoHeight];
}"""


def steady_devices(frequency: int) -> str:
    """A script for a page: its microphone is a tone of `frequency` hertz, its camera has 30 frames per second."""
    return f"{{\nconst FREQUENCY = {frequency};\n{_SCRIPT}}}\n"


@dataclass(frozen=True)
class Heard:
    """Times are in milliseconds."""

    usual: float
    """The loudness, as the root of the mean square of samples."""
    duration: int
    silent: int
    """The longest silence."""
    uneven: int
    """The longest time of another loudness, such as that of two tones at once."""


class TabOutput:
    """The output of a tab of a `capturable` browser with `steady_devices`, in a call of two."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    async def start(self) -> None:
        """Begins to watch and to listen, and waits until sound arrives."""
        await self.tab.page.evaluate(_WATCH)
        await self.listen()

    async def listen(self) -> None:
        """Begins to listen, and waits until sound arrives."""
        # Capturing needs a user's gesture.
        await self.tab.page.mouse.click(5, 5)
        await self.tab.page.evaluate("listen()")
        async with asyncio.timeout(60):
            while (await self.heard()).usual < 0.01:
                await asyncio.sleep(0.5)

    async def clear(self) -> None:
        """Forgets what was measured so far."""
        await self.heard()
        await self.tab.longest_gap()

    async def measure(self) -> tuple[float, Heard]:
        """The longest time between two frames in seconds, and what was heard, since `clear`."""
        return await self.tab.longest_gap(), await self.heard()

    async def noticed(self) -> list[str]:
        """What the user or the application could notice of an interruption, since `start`."""
        found: list[str] = await self.tab.page.evaluate("noticed")
        return found

    async def resolution(self) -> tuple[int, int]:
        """That of the other's picture."""
        width, height = await self.tab.page.evaluate(_RESOLUTION)
        return width, height

    async def heard(self) -> Heard:
        """What was played since the last call."""
        return Heard(**await self.tab.page.evaluate("heard()"))
