"""Browsers with a relay-only policy are in a call through TURN."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.calls import Window, selected_pairs, start_call
from hubbub_signaling.domain.ice_servers import TurnServers
from support.browser import CallBrowser
from support.coturn import Coturn
from support.installation import Installation

UNAUTHORIZED = 401

_GATHER = """async (iceServers) => {
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  const seen = { candidates: 0, errors: [] };
  connection.onicecandidateerror = ({ errorCode }) => seen.errors.push(errorCode);
  const done = new Promise((resolve) => {
    connection.onicecandidate = ({ candidate }) => (candidate?.candidate ? seen.candidates++ : candidate || resolve());
  });
  connection.createDataChannel("");
  await connection.setLocalDescription();
  await done;
  connection.close();
  return seen;
}"""


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[Coturn]:
    """A TURN server with the deployed configuration."""
    with Coturn(tmp_path / "coturn") as running:
        yield running


async def test_call_through_a_relay(tmp_path: Path, coturn: Coturn, browser: CallBrowser, call_id: str) -> None:
    environment = {**coturn.environment, "ICE_TRANSPORT_POLICY": "relay"}
    with Installation(tmp_path / "installation", environment=environment) as installation:
        tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
        for tab in tabs:
            for pair in await selected_pairs(tab):
                assert pair["local"]["candidateType"] == "relay"
                assert pair["local"]["address"] == coturn.address
                assert pair["remote"]["address"] == coturn.address
        window = await Window.measure(tabs, 3)
        window.require_all_frames(0.9)

        given = TurnServers(coturn.urls.split(","), coturn.secret, ttl=60).credentials("peer", time.time())
        gathered = await tabs[0].page.evaluate(_GATHER, [given.wire()])
        assert gathered["candidates"] > 0
        gathered = await tabs[0].page.evaluate(_GATHER, [{**given.wire(), "credential": "guessed"}])
        assert gathered["candidates"] == 0
        # Other errors are of interfaces that cannot reach the server.
        assert UNAUTHORIZED in gathered["errors"]
