"""What somebody hears of the death of a media node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .browser import Tab
from .tab_output import TabOutput, steady_devices

_CONCEALMENT = Path(__file__).with_suffix(".js").read_text()


@dataclass(frozen=True)
class Sound:
    """Milliseconds."""

    concealed: float
    """For how long missing packets were replaced by a guess, silence not included."""
    silent: float
    """The longest silence at the output of the page."""


class Ear:
    """Listens in a tab of a `capturable` browser that was opened with `script`."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._output = TabOutput(tab)

    @staticmethod
    def script(frequency: int) -> str:
        """For the page, whose microphone is a tone of `frequency` hertz."""
        return steady_devices(frequency) + _CONCEALMENT

    async def listen(self) -> None:
        """To be called once, before all others."""
        await self._output.listen()

    async def begin(self) -> None:
        """Forgets what was heard before."""
        await self._output.heard()
        await self._tab.page.evaluate("concealment.begin()")

    async def end(self) -> Sound:
        """What was heard since `begin`."""
        heard = await self._output.heard()
        return Sound(concealed=await self._tab.page.evaluate("concealment.end()"), silent=heard.silent)
