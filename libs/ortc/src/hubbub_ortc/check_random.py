"""Rules for the random fields of a recorded call.

- a producer's mapping: `encodings[i].mappedSsrc` is base + i
- a consumer: exactly one encoding, and its RTX SSRC, if any, follows its SSRC
- a consumer that keeps all encodings (`pipe`), a pipe consumer: `encodings[i].ssrc` is a + i,
  `encodings[i].rtx.ssrc` is b + i, with independent a and b
- base, a and b are in [FIRST_SSRC, END_SSRC)
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from .json_value import is_number
from .ssrc import END_SSRC, FIRST_SSRC

_HIDDEN = "(random)"
_SSRC_FIELDS = {
    "getProducerRtpParametersMapping": "mappedSsrc",
    "getConsumerRtpParameters": "ssrc",
    "getPipeConsumerRtpParameters": "ssrc",
}


def hide_random_fields(output: Any, paths: list[str]) -> Any:
    """A copy of `output` whose numbers at `paths`, such as `encodings[*].rtx.ssrc`, are masked."""
    hidden = copy.deepcopy(output)
    for path in paths:
        _hide(hidden, path.replace("[*]", ".*").split("."))
    return hidden


def random_faults(function: str, pipe: bool, output: Any) -> Iterator[str]:
    """The rules that `output` breaks. `output` is a result of this library's `function`."""
    if function not in _SSRC_FIELDS:
        yield f"{function} has no random fields"
        return
    encodings, name = output["encodings"], _SSRC_FIELDS[function]
    ssrcs = [encoding.get(name) for encoding in encodings]
    rtx_ssrcs = [encoding["rtx"]["ssrc"] for encoding in encodings if "rtx" in encoding]
    yield from _run_faults(name, ssrcs)
    if function == "getConsumerRtpParameters" and not pipe:
        if len(encodings) != 1:
            yield f"expected one encoding, got {len(encodings)}"
        elif rtx_ssrcs and rtx_ssrcs != [ssrcs[0] + 1]:
            yield "rtx.ssrc is not ssrc + 1"
    elif name == "ssrc":
        yield from _run_faults("rtx.ssrc", rtx_ssrcs)
        if rtx_ssrcs and rtx_ssrcs[0] == ssrcs[0]:
            yield "ssrc and rtx.ssrc are equal"


def _run_faults(name: str, values: list[Any]) -> Iterator[str]:
    if not all(is_number(value) for value in values):
        yield f"{name}: not a number"
    elif values and not FIRST_SSRC <= values[0] < END_SSRC:
        yield f"{name}: {values[0]} is out of range"
    elif values != [values[0] + index for index in range(len(values))]:
        yield f"{name}: {values} is not consecutive"


def _hide(value: Any, steps: list[str]) -> None:
    step, rest = steps[0], steps[1:]
    if step == "*" and isinstance(value, list):
        for entry in value:
            _hide(entry, rest)
    elif isinstance(value, dict) and step in value:
        if rest:
            _hide(value[step], rest)
        elif is_number(value[step]):
            value[step] = _HIDDEN
