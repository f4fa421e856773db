"""The packet path of a media node: UDP, ICE-lite, SRTP, RTP and RTCP in Rust threads, behind asyncio.

`MediaCore` runs the workers; `commands` is what they are told, `events` what they tell, `specs` what
producers and consumers are made from. Ids are the caller's: any unused number of 64 bits.
"""

from hubbub_media_core.core import CoreError, MediaCore

__all__ = ["CoreError", "MediaCore"]
