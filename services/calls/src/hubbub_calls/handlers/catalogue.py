"""Every request that the calls service answers, and its handler."""

from __future__ import annotations

from typing import Final

from hubbub_bus import RequestTable
from hubbub_contracts.bus.call import (
    AcceptCall,
    CancelCall,
    DeclineCall,
    EndCall,
    GetCall,
    GetLiveCalls,
    IgnoreCall,
    LeaveCall,
    ListCalls,
    StartCall,
)

from . import answer, ending, listing, start
from .context import CallsContext

HANDLERS: Final[RequestTable[CallsContext]] = {
    StartCall: start.start,
    AcceptCall: answer.accept,
    DeclineCall: answer.decline,
    IgnoreCall: answer.ignore,
    CancelCall: ending.cancel,
    LeaveCall: ending.leave,
    EndCall: ending.end,
    GetCall: listing.get,
    GetLiveCalls: listing.live,
    ListCalls: listing.list_calls,
}
