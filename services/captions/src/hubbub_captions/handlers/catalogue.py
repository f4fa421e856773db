"""Every request that the captions service answers, and its handler."""

from __future__ import annotations

from typing import Final

from hubbub_bus import RequestTable
from hubbub_contracts.bus.captions import StartCaptions, StopCaptions

from . import captions
from .context import CaptionsContext

SHARED: Final[RequestTable[CaptionsContext]] = {StartCaptions: captions.start}
"""Answered by any instance."""
OWN: Final[RequestTable[CaptionsContext]] = {StopCaptions: captions.stop}
"""Answered by the instance that is asked."""
