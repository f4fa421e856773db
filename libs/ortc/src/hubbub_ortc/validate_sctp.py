"""Validation of a data channel's stream parameters.

A channel is ordered by default, unless it limits its retransmissions (RFC 8831, section 6.1).
"""

from __future__ import annotations

from typing import cast

from .errors import InvalidParameters
from .json_value import as_object, is_set, optional_number, require_number
from .types import SctpStreamParameters


def validate_sctp_stream_parameters(value: object) -> SctpStreamParameters:
    """A normalised copy of `value`. Raises `InvalidParameters` when it is not SCTP stream parameters."""
    params = as_object(value, "params")
    require_number(params, "streamId", "params")
    optional_number(params, "maxPacketLifeTime", "params")
    optional_number(params, "maxRetransmits", "params")
    by_time, by_count = is_set(params.get("maxPacketLifeTime")), is_set(params.get("maxRetransmits"))
    if by_time and by_count:
        raise InvalidParameters("cannot provide both maxPacketLifeTime and maxRetransmits")
    ordered = params.get("ordered")
    if not isinstance(ordered, bool):
        params["ordered"] = not (by_time or by_count)
    elif ordered and (by_time or by_count):
        raise InvalidParameters("cannot be ordered with maxPacketLifeTime or maxRetransmits")
    return cast(SctpStreamParameters, params)
