"""A client's requests for statistics."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.rtc_stats import ReadObjectStats
from hubbub_contracts.rtc_stats import StatsReport
from hubbub_signaling.domain.owned_resources import OwnedConsumer
from support.signaling_fakes import RECEIVES, SignalingRig, code


@pytest.mark.parametrize(
    ("request_body", "error"),
    [
        pytest.param({"transportId": "down"}, None, id="transport"),
        pytest.param({"consumerId": "remote"}, None, id="consumer"),
        pytest.param({"producerId": "another"}, "not_found", id="not owned"),
        pytest.param({}, "invalid_argument", id="no id"),
        pytest.param({"transportId": "down", "consumerId": "remote"}, "invalid_argument", id="two ids"),
    ],
)
async def test_a_client_reads_the_stats_of_one_of_its_objects(request_body: dict[str, Any], error: str | None) -> None:
    rig = SignalingRig()
    rig.backend.answers[ReadObjectStats] = StatsReport(stats=[])
    client = await rig.joined()
    client.session.resources.transports["down"] = RECEIVES
    client.session.resources.consumers["remote"] = OwnedConsumer("down", "camera")
    answer = await client.ask("getStats", request_body)
    assert code(answer) == error
    assert len(rig.backend.node_requests) == (1 if error is None else 0)
