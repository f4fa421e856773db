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
    silent: float | None
    """The longest silence at the output of the page. None: nobody listened."""


class Ear:
    """Reads what a tab conceals that was opened with `script`, and listens to it if it is in a `capturable` browser."""

    def __init__(self, tab: Tab, *, listens: bool) -> None:
        self._tab = tab
        self._output = TabOutput(tab) if listens else None

    @staticmethod
    def script(frequency: int | None) -> str:
        """For the page; if it is listened to, its microphone is a tone of `frequency` hertz."""
        return _CONCEALMENT + ("" if frequency is None else steady_devices(frequency))

    async def listen(self) -> None:
        """To be called once, before all others."""
        if self._output is not None:
            await self._output.listen()

    async def begin(self) -> None:
        """Forgets what was heard before."""
        if self._output is not None:
            await self._output.heard()
        await self._tab.page.evaluate("concealment.begin()")

    async def end(self) -> Sound:
        """What was heard since `begin`."""
        heard = None if self._output is None else await self._output.heard()
        concealed = await self._tab.page.evaluate("concealment.end()")
        return Sound(concealed, None if heard is None else heard.silent)
