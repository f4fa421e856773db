"""The codecs in which tracks may be sent in a room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.room_options import RoomOptions

_AUXILIARY = frozenset({"rtx", "red"})
"""Codecs that carry another one, or repeat it."""


def require_codec(options: RoomOptions, rtp_parameters: Mapping[str, Any]) -> None:
    """Raises `unsupported` when the room does not allow a codec of these parameters. Malformed ones are passed on."""
    if options.codecs is None:
        return
    codecs = rtp_parameters.get("codecs")
    for codec in codecs if isinstance(codecs, list) else ():
        mime_type = codec.get("mimeType") if isinstance(codec, dict) else None
        name = mime_type.partition("/")[2].lower() if isinstance(mime_type, str) else None
        if name not in _AUXILIARY and name not in options.codecs:
            raise HubbubError(
                ErrorCode.UNSUPPORTED, f"rtpParameters.codecs: this room allows {', '.join(options.codecs)}"
            )
