"""Bounded field types of the messages. Every value that a client chooses has a bound here."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from .open_enum import OpenEnum

MAX_APP_DATA_BYTES = 8 * 1024
"""An appData is stored in the peer's record, which every participant's browser receives."""

MAX_PARAMETERS_BYTES = 64 * 1024
"""Browsers' RTP capabilities are under 10 KiB."""


def _bounded(limit: int) -> AfterValidator:
    def check(value: dict[str, Any]) -> dict[str, Any]:
        try:
            size = len(json.dumps(value, separators=(",", ":"), allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError("is not a JSON object") from error
        if size > limit:
            raise ValueError(f"is larger than {limit} bytes")
        return value

    return AfterValidator(check)


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""The id of a peer, transport, producer or consumer. Signaling generates it."""

RoomId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,344}$")]
"""The base64url of a callId, which is safe as one token of a subject."""

NodeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""The name of a media node or a signaling instance: set by the operator, or random."""

CallId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""Arbitrary text from a client; 64 characters are at most 256 bytes of UTF-8."""

OperationId = Annotated[str, StringConstraints(max_length=64)]
"""Chosen by the client; a UUID has 36 characters."""

UserId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
DisplayName = Annotated[str, StringConstraints(max_length=128)]
AppData = Annotated[dict[str, Any], _bounded(MAX_APP_DATA_BYTES)]
"""The application's own data. Hubbub passes it on without reading it."""

RtpCapabilities = Annotated[dict[str, Any], _bounded(MAX_PARAMETERS_BYTES)]
RtpParameters = Annotated[dict[str, Any], _bounded(MAX_PARAMETERS_BYTES)]
"""Only the size is checked here; the media node validates the content with `hubbub_ortc`."""

MediaKind = Literal["audio", "video"]
OpenMediaKind = Annotated[Literal["audio", "video", "other"], OpenEnum()]
Direction = Literal["send", "recv"]
OpenDirection = Annotated[Literal["send", "recv", "other"], OpenEnum()]
ConsumerType = Annotated[Literal["simple", "simulcast", "svc", "other"], OpenEnum()]
ConnectionState = Literal["connected", "disconnected"]
OpenConnectionState = Annotated[Literal["connected", "disconnected", "other"], OpenEnum()]
Layer = Annotated[int, Field(ge=0, le=255)]
"""A spatial layer, which is one encoding of simulcast, or a temporal layer; 0 is the lowest."""
Priority = Annotated[int, Field(ge=1, le=255)]
"""How early a video is served when bandwidth is scarce; a higher one is served first."""
Bitrate = Annotated[int, Field(ge=100_000, le=1_000_000_000)]
"""bit/s."""

Count = Annotated[int, Field(ge=0)]
Epoch = Annotated[int, Field(ge=0)]
Revision = Annotated[int, Field(ge=0)]
