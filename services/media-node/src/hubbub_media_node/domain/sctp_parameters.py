"""The SCTP parameters in the reply to every `createTransport` (RFC 8831). Clients expect them; data is dropped."""

from __future__ import annotations

from typing import Final

from hubbub_contracts.bus.transport import SctpParameters

PORT: Final = 5000
STREAMS: Final = 1024
MAX_MESSAGE_SIZE: Final = 262_144
"""Bytes; what browsers accept."""

SCTP_PARAMETERS: Final = SctpParameters(
    port=PORT,
    OS=STREAMS,
    MIS=STREAMS,
    max_message_size=MAX_MESSAGE_SIZE,
    max_send_message_size=MAX_MESSAGE_SIZE,
    max_receive_message_size=MAX_MESSAGE_SIZE,
)
