"""Scalability modes (W3C webrtc-svc, section 6): the numbers of spatial and temporal layers of a stream."""

from __future__ import annotations

import re
from typing import TypedDict

# Matches a prefix, as the reference does: "L3T3_KEY_SHIFT" is read as "L3T3_KEY" and "L2T2h" as "L2T2".
_MODE = re.compile(r"[LS]([1-9][0-9]?)T([1-9][0-9]?)(_KEY)?")


class ScalabilityMode(TypedDict):
    """Layer counts, 1 to 99 each. With `ksvc`, spatial layers depend on each other in key frames only."""

    spatialLayers: int
    temporalLayers: int
    ksvc: bool


def parse_scalability_mode(mode: str | None) -> ScalabilityMode:
    """The layers of `mode`. One spatial and one temporal layer when `mode` is absent or unknown."""
    match = _MODE.match(mode) if isinstance(mode, str) else None
    if match is None:
        return {"spatialLayers": 1, "temporalLayers": 1, "ksvc": False}
    return {
        "spatialLayers": int(match[1]),
        "temporalLayers": int(match[2]),
        "ksvc": match[3] is not None,
    }
