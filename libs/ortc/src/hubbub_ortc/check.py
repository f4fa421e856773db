"""Replays recorded calls of the reference implementation: `python -m hubbub_ortc.check FILE.jsonl`.

A line is `{id, fn, input: {named arguments}, output | error: {class}, random_fields: [path, ..]}`: one call of
mediasoup's `ortc.js` and its result. The order of keys in objects does not matter. Random fields are compared by the
rules of `check_random`.

For each line that fails, including malformed lines, the tool prints a short difference. The last line of the output is
`N passed, N failed`. Exit status: 0 all passed, 1 some failed, 2 the file cannot be read.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from . import (
    InvalidParameters,
    PayloadTypesExhausted,
    Unsupported,
    can_consume,
    generate_router_rtp_capabilities,
    get_consumable_rtp_parameters,
    get_consumer_rtp_parameters,
    get_pipe_consumer_rtp_parameters,
    get_producer_rtp_parameters_mapping,
    h264,
    parse_scalability_mode,
    validate_rtp_capabilities,
    validate_rtp_parameters,
    validate_sctp_stream_parameters,
)
from .check_json import as_javascript_prints, differences
from .check_random import hide_random_fields, random_faults
from .json_value import is_set
from .ssrc import RandomSsrc, ssrc_source

Arguments = defaultdict[str, Any]
_MAX_DIFFERENCES = 5
_ERROR_CLASSES: dict[type[Exception], str] = {
    InvalidParameters: "TypeError",
    Unsupported: "UnsupportedError",
    PayloadTypesExhausted: "Error",
}


def _ssrcs() -> RandomSsrc:
    return ssrc_source(Random(0))  # noqa: S311 -- deterministic on purpose


# Arguments with a default in the reference have it here. Other missing arguments are read as null.
FUNCTIONS: dict[str, Callable[[Arguments], object]] = {
    "validateAndNormalizeRtpCapabilities": lambda a: validate_rtp_capabilities(a["caps"]),
    "validateAndNormalizeRtpParameters": lambda a: validate_rtp_parameters(a["params"]),
    "validateAndNormalizeSctpStreamParameters": lambda a: validate_sctp_stream_parameters(a["params"]),
    "generateRouterRtpCapabilities": lambda a: generate_router_rtp_capabilities(a.get("mediaCodecs", ())),
    "getProducerRtpParametersMapping": lambda a: (
        get_producer_rtp_parameters_mapping(a["params"], a["caps"], random_ssrc=_ssrcs()).rtp_mapping
    ),
    "getConsumableRtpParameters": lambda a: get_consumable_rtp_parameters(
        a["kind"], a["params"], a["caps"], a["rtpMapping"]
    ),
    "canConsume": lambda a: can_consume(a["consumableParams"], a["caps"]),
    "getConsumerRtpParameters": lambda a: get_consumer_rtp_parameters(
        a["consumableRtpParameters"],
        a["remoteRtpCapabilities"],
        pipe=is_set(a["pipe"]),
        enable_rtx=is_set(a["enableRtx"]),
        random_ssrc=_ssrcs(),
    ),
    "getPipeConsumerRtpParameters": lambda a: get_pipe_consumer_rtp_parameters(
        a["consumableRtpParameters"], enable_rtx=is_set(a["enableRtx"]), random_ssrc=_ssrcs()
    ),
    "parseScalabilityMode": lambda a: parse_scalability_mode(a["scalabilityMode"]),
    "h264.isSameProfile": lambda a: h264.is_same_profile(a.get("params1", {}), a.get("params2", {})),
    "h264.generateProfileLevelIdStringForAnswer": lambda a: h264.generate_profile_level_id_string_for_answer(
        a.get("localSupportedParams", {}), a.get("remoteOfferedParams", {})
    ),
}

# These return nothing in the reference. The recorded output is this argument, normalised in place.
_NORMALISED_ARGUMENT = {
    "validateAndNormalizeRtpCapabilities": "caps",
    "validateAndNormalizeRtpParameters": "params",
    "validateAndNormalizeSctpStreamParameters": "params",
}


def replay(case: dict[str, Any]) -> object:
    """This library's result for the call in `case`. Raises the library's errors."""
    return FUNCTIONS[case["fn"]](defaultdict(lambda: None, case["input"]))


def check_line(line: bytes | str) -> tuple[str, list[str]]:
    """The id of the record in `line` ("?" if it has none), and the differences found."""
    name = "?"
    try:
        case = json.loads(line)
        if not isinstance(case, dict):
            return name, ["not an object"]
        name = str(case.get("id", name))
        return name, list(_faults(case))
    except (ValueError, RecursionError) as error:
        return name, [f"malformed line: {type(error).__name__}: {error}"]


def _faults(case: dict[str, Any]) -> Iterator[str]:
    error = case.get("error")
    if not isinstance(case.get("fn"), str) or case["fn"] not in FUNCTIONS:
        yield f"unknown function {case.get('fn')!r}"
    elif not isinstance(case.get("input"), dict):
        yield "input is not an object"
    elif not isinstance(case.get("random_fields", []), list):
        yield "random_fields is not an array"
    elif error is None and "output" in case:
        yield from _differences_of_result(case)
    elif isinstance(error, dict) and isinstance(error.get("class"), str) and "output" not in case:
        yield from _differences_of_error(case, error["class"])
    else:
        yield "needs either an output or an error with a class"


def _differences_of_error(case: dict[str, Any], expected: str) -> Iterator[str]:
    try:
        replay(case)
    except Exception as error:  # noqa: BLE001 -- unexpected errors are differences too
        if _ERROR_CLASSES.get(type(error)) != expected:
            yield f"expected {expected}, raised {type(error).__name__}: {error}"
    else:
        yield f"expected {expected}, got a result"


def _differences_of_result(case: dict[str, Any]) -> Iterator[str]:
    try:
        output = replay(case)
    except Exception as error:  # noqa: BLE001 -- see above
        yield f"expected a result, raised {type(error).__name__}: {error}"
        return
    if case["fn"] in _NORMALISED_ARGUMENT:
        output = as_javascript_prints(case["input"].get(_NORMALISED_ARGUMENT[case["fn"]]), output)
    random_fields = [str(field) for field in case.get("random_fields", [])]
    expected, actual = (hide_random_fields(value, random_fields) for value in (case["output"], output))
    found = list(islice(differences(expected, actual), _MAX_DIFFERENCES + 1))
    yield from found[:_MAX_DIFFERENCES]
    if len(found) > _MAX_DIFFERENCES:
        yield "..."
    if random_fields:
        yield from random_faults(case["fn"], is_set(case["input"].get("pipe")), output)


def main(arguments: list[str] | None = None) -> int:
    """Checks the file named by the only argument. Returns the exit status."""
    paths = sys.argv[1:] if arguments is None else arguments
    if len(paths) != 1:
        sys.stderr.write("usage: python -m hubbub_ortc.check FILE.jsonl\n")
        return 2
    passed = failed = 0
    try:
        with Path(paths[0]).open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                name, faults = check_line(line)
                passed, failed = (passed, failed + 1) if faults else (passed + 1, failed)
                if faults:
                    _write_line(f"{name} (line {number}): {'; '.join(faults)}")
    except OSError as error:
        sys.stderr.write(f"cannot read {paths[0]}: {error}\n")
        return 2
    _write_line(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _write_line(text: str) -> None:
    """Writes one line with line breaks and non-ASCII characters escaped."""
    sys.stdout.write(text.encode("unicode_escape").decode("ascii") + "\n")


if __name__ == "__main__":
    sys.exit(main())
