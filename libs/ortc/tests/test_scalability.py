"""Parsing of scalability modes."""

import pytest

from hubbub_ortc import parse_scalability_mode


@pytest.mark.parametrize(
    ("mode", "layers"),
    [
        ("L1T3", (1, 3, False)),
        ("S3T3", (3, 3, False)),
        ("L3T2_KEY", (3, 2, True)),
        ("L2T2_KEY_SHIFT", (2, 2, True)),
        ("L10T12", (10, 12, False)),
        ("L0T3", (1, 1, False)),
        ("L100T1", (1, 1, False)),
        ("l1t3", (1, 1, False)),
        ("", (1, 1, False)),
        (None, (1, 1, False)),
    ],
)
def test_parse_scalability_mode(mode: str | None, layers: tuple[int, int, bool]) -> None:
    parsed = parse_scalability_mode(mode)
    assert (parsed["spatialLayers"], parsed["temporalLayers"], parsed["ksvc"]) == layers
