"""Fixtures: recorded offers, and the default router."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities
from hubbub_ortc.types import RtpCapabilities


@pytest.fixture(scope="session")
def offer() -> Callable[[str], str]:
    """Loads an offer of `tests/fixtures/sdp`."""
    directory = Path(__file__).parents[3] / "tests" / "fixtures" / "sdp"
    return lambda name: (directory / f"{name}.sdp").read_bytes().decode()


@pytest.fixture(scope="session")
def router() -> RtpCapabilities:
    """The capabilities of a room."""
    return generate_router_rtp_capabilities(DEFAULT_MEDIA_CODECS)
