"""The packet path of the Hubbub WebRTC SFU: sockets, ICE-lite, SRTP, RTP and RTCP in Rust threads, with an asyncio API.

`MediaCore` runs the workers. `commands` and `events` define their messages, `specs` the negotiated parameters of
transports, producers and consumers, `counters` their statistics. The caller chooses the ids: unsigned 64-bit numbers,
never reused.
"""

from hubbub_media_core.core import CoreError, MediaCore

__all__ = ["CoreError", "MediaCore"]
