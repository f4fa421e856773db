"""Bounded types that messages are made of. Everything that a client may choose has a bound here."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

MAX_APP_DATA_BYTES = 8 * 1024
"""An appData is part of a record that every participant's browser is sent."""

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
"""An id minted by us: peer, transport, producer, consumer."""

RoomId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,344}$")]
"""The base64url of a callId: safe as a token of a subject."""

NodeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Names a media node or a signaling instance; chosen by the operator or at random."""

CallId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""Arbitrary text from outside; 64 characters are at most 256 bytes."""

UserId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
DisplayName = Annotated[str, StringConstraints(max_length=128)]
AppData = Annotated[dict[str, Any], _bounded(MAX_APP_DATA_BYTES)]
"""The application's own data, passed on unread."""

RtpCapabilities = Annotated[dict[str, Any], _bounded(MAX_PARAMETERS_BYTES)]
RtpParameters = Annotated[dict[str, Any], _bounded(MAX_PARAMETERS_BYTES)]
"""Their shape is negotiation's affair: the media node has `hubbub_ortc` check it."""

MediaKind = Literal["audio", "video"]
Direction = Literal["send", "recv"]
ConsumerType = Literal["simple", "simulcast", "svc"]
Count = Annotated[int, Field(ge=0)]
Epoch = Annotated[int, Field(ge=0)]
Revision = Annotated[int, Field(ge=0)]
