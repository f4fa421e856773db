"""The replay tool detects differences and malformed records."""

import json
from pathlib import Path
from typing import Any

import pytest

from hubbub_ortc import check

MODE = {"spatialLayers": 1, "temporalLayers": 3, "ksvc": False}
CASE = {"id": "c1", "fn": "parseScalabilityMode", "input": {"scalabilityMode": "L1T3"}, "output": MODE}
H264 = "h264.generateProfileLevelIdStringForAnswer"
MISMATCH = {
    "localSupportedParams": {"profile-level-id": "42e01f"},
    "remoteOfferedParams": {"profile-level-id": "640c1f"},
}


def faults(**changes: Any) -> list[str]:
    return check.check_line(json.dumps({**CASE, **changes}))[1]


def test_matching_case_passes() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"output": {**MODE, "temporalLayers": 2}}, "temporalLayers: expected 2, got 3"),
        ({"output": {**MODE, "ksvc": 0}}, "ksvc: expected 0, got False"),
        ({"output": {**MODE, "more": None}}, "more: missing"),
        ({"output": {"spatialLayers": 1, "ksvc": False}}, "temporalLayers: unexpected 3"),
        ({"fn": H264, "input": MISMATCH}, "expected a result, raised InvalidParameters: H264 profile mismatch"),
        ({"fn": "nothing"}, "unknown function 'nothing'"),
        ({"fn": []}, "unknown function []"),
        ({"input": []}, "input is not an object"),
        ({"random_fields": ["ksvc"]}, "parseScalabilityMode has no random fields"),
        ({"error": {"class": "TypeError"}}, "needs either an output or an error with a class"),
    ],
)
def test_difference_is_located(changes: dict[str, Any], fault: str) -> None:
    assert faults(**changes) == [fault]


def test_error_of_another_class_fails() -> None:
    case = {"id": "c2", "fn": H264, "input": MISMATCH, "error": {"class": "UnsupportedError"}}
    assert check.check_line(json.dumps(case))[1] == [
        "expected UnsupportedError, raised InvalidParameters: H264 profile mismatch"
    ]


@pytest.mark.parametrize("line", [b"{", b"\xff", b"[]", b'"x"', b"[" * 100_000])
def test_malformed_line_fails(line: bytes) -> None:
    assert check.check_line(line)[1]


def test_summary_counts_passes_and_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{json.dumps(CASE)}\nnonsense\n\n")
    assert check.main([str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("? (line 2): malformed line")
    assert lines[-1] == "1 passed, 1 failed"


def test_missing_file_returns_status_2(tmp_path: Path) -> None:
    assert check.main([str(tmp_path / "none.jsonl")]) == 2
