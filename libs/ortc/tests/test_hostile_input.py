"""Any input from the network gives a result or one of the two errors, in bounded time."""

import contextlib
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubbub_ortc import InvalidParameters, Unsupported, check, validate_rtp_parameters
from hubbub_ortc.json_value import MAX_ENTRIES

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    [
        *("codecs", "headerExtensions", "encodings", "rtcp", "mimeType", "clockRate", "channels", "parameters", "apt"),
        *("payloadType", "preferredPayloadType", "profile-level-id", "packetization-mode", "rtcpFeedback", "type"),
        *("parameter", "kind", "uri", "id", "preferredId", "direction", "ssrc", "rid", "rtx", "dtx", "maxBitrate"),
        *("scalabilityMode", "mappedSsrc", "mappedPayloadType", "streamId", "ordered"),
    ]
) | st.text(max_size=4)
WORDS = st.sampled_from(
    ["audio/opus", "video/VP8", "video/H264", "video/rtx", "VIDEO/rtx", "video/\n", "audio", "video", "42e01f", "nack"]
)
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


def call(function: str, arguments: dict[str, Any]) -> None:
    """Calls `function`, which may raise the two errors."""
    with contextlib.suppress(InvalidParameters, Unsupported):
        check.replay({"fn": function, "input": arguments})


@pytest.fixture(scope="session")
def examples(fixtures: Path) -> dict[str, dict[str, Any]]:
    """The arguments of one successful recorded call, by function."""
    lines = (fixtures / "ortc" / "dev.jsonl").read_text().splitlines()
    return {case["fn"]: case["input"] for case in map(json.loads, lines) if "output" in case}


@pytest.mark.parametrize("function", check.FUNCTIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_json_as_an_argument(function: str, examples: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    names = sorted(examples[function])
    call(function, {**examples[function], data.draw(st.sampled_from(names)): data.draw(JSON)})


@pytest.mark.parametrize("function", check.FUNCTIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_json_inside_valid_arguments(
    function: str, examples: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    arguments = copy.deepcopy(examples[function])
    place: Any = arguments
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(JSON)
    call(function, arguments)


@pytest.mark.parametrize("field", ["codecs", "headerExtensions", "encodings"])
def test_oversized_list_is_rejected(field: str, produced: Callable[[str], Any]) -> None:
    params = produced("chromium-156/produce-video-vp8")
    params[field] = params[field][:1] * (MAX_ENTRIES + 1)
    with pytest.raises(InvalidParameters, match="more than"):
        validate_rtp_parameters(params)


def test_deep_nesting_in_an_unread_field_is_ignored(produced: Callable[[str], Any]) -> None:
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    params = {**produced("chromium-156/produce-video-vp8"), "appData": deep}
    assert validate_rtp_parameters(params)["codecs"]


@pytest.mark.parametrize("function", check.FUNCTIONS)
def test_deep_nesting_and_huge_numbers_everywhere(function: str, examples: dict[str, dict[str, Any]]) -> None:
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, {"codecs": deep}, 10**5000, float("nan"), float("inf"), -0.0):
        for name in examples[function]:
            call(function, {**examples[function], name: value})
            for key in ("codecs", "headerExtensions", "encodings", "rtcp", "mid"):
                inner = examples[function][name]
                if isinstance(inner, dict):
                    call(function, {**examples[function], name: {**inner, key: value}})
