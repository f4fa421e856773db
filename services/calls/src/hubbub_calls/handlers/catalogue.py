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

from . import answer, hang_up, listing, start
from .context import CallsContext

HANDLERS: Final[RequestTable[CallsContext]] = {
    StartCall: start.start,
    AcceptCall: answer.accept,
    DeclineCall: answer.decline,
    IgnoreCall: answer.ignore,
    CancelCall: hang_up.cancel,
    LeaveCall: hang_up.leave,
    EndCall: hang_up.end,
    GetCall: listing.get,
    GetLiveCalls: listing.live,
    ListCalls: listing.list_calls,
}
