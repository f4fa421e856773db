"""Fixtures: recorded clients and the default router."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hubbub_ortc import DEFAULT_MEDIA_CODECS, RandomSsrc, generate_router_rtp_capabilities, ssrc_source
from hubbub_ortc.types import RtpCapabilities, RtpParameters


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return Path(__file__).parents[3] / "tests" / "fixtures"


@pytest.fixture(scope="session")
def load(fixtures: Path) -> Callable[[str], Any]:
    """Loads a fixture file such as "router/media-codecs"."""
    return lambda name: json.loads((fixtures / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def produced(load: Callable[[str], Any]) -> Callable[[str], RtpParameters]:
    """The rtpParameters of a recorded producer, such as "chromium-156/produce-video-vp8"."""

    def rtp_parameters(name: str) -> RtpParameters:
        parameters: RtpParameters = load(name)["rtpParameters"]
        return parameters

    return rtp_parameters


@pytest.fixture(scope="session")
def router() -> RtpCapabilities:
    return generate_router_rtp_capabilities(DEFAULT_MEDIA_CODECS)


@pytest.fixture
def ssrcs() -> RandomSsrc:
    return ssrc_source(Random(7))
