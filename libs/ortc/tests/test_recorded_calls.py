"""This library returns what the reference returned, and does not modify its arguments."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubbub_ortc import InvalidParameters, Unsupported, check, get_producer_rtp_parameters_mapping


def test_every_recorded_call_returns_the_recorded_result(fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = check.main([str(fixtures / "ortc" / "dev.jsonl")])
    assert capsys.readouterr().out == "310 passed, 0 failed\n"
    assert status == 0


def test_no_argument_is_modified(fixtures: Path) -> None:
    for line in (fixtures / "ortc" / "dev.jsonl").read_text().splitlines():
        case, untouched = json.loads(line), json.loads(line)
        with contextlib.suppress(InvalidParameters, Unsupported):
            check.replay(case)
        assert case == untouched, case["id"]


def test_mapping_returns_what_the_reference_writes_into_its_argument(fixtures: Path) -> None:
    rewritten = 0
    for line in (fixtures / "ortc" / "dev.jsonl").read_text().splitlines():
        case = json.loads(line)
        if case["fn"] == "getProducerRtpParametersMapping" and "output" in case:
            params = case["input"]["params"]
            result = get_producer_rtp_parameters_mapping(params, case["input"]["caps"])
            assert result.rtp_parameters == case.get("mutated_input", {}).get("params", params), case["id"]
            rewritten += "mutated_input" in case
    assert rewritten > 0


def test_default_router_equals_the_recorded_one(load: Callable[[str], Any], router: object) -> None:
    assert router == load("router/router-rtp-capabilities")
