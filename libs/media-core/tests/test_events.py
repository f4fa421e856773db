"""Conversion of events from the native module."""

import pytest

from hubbub_media_core import events
from hubbub_media_core.events import parse


@pytest.mark.parametrize(
    ("wire", "event"),
    [
        ({"type": "reply", "request": 7, "ok": {"ssrc": 1}}, events.Reply(7, {"ssrc": 1}, None)),
        ({"type": "reply", "request": 7, "error": "not_found"}, events.Reply(7, {}, "not_found")),
        (
            {
                "type": "ice_selected",
                "transport": 1,
                "state": "connected",
                "local": "192.0.2.7",
                "remote": "192.0.2.1:4000",
                "protocol": "udp",
            },
            events.IceSelected(1, "connected", ("192.0.2.1", 4000), "192.0.2.7", "udp"),
        ),
        (
            {
                "type": "ice_selected",
                "transport": 1,
                "state": "connected",
                "local": "2001:db8::7",
                "remote": "[2001:db8::1]:4000",
                "protocol": "tcp",
            },
            events.IceSelected(1, "connected", ("2001:db8::1", 4000), "2001:db8::7", "tcp"),
        ),
        (
            {"type": "layers_wanted", "producer": 4, "encodings": [True, False]},
            events.LayersWanted(4, (True, False)),
        ),
        ({"type": "producer_replaced", "producer": 4, "successor": 9}, events.ProducerReplaced(4, 9)),
        ({"type": "layers_changed", "consumer": 5, "spatial": 2, "temporal": 1}, events.LayersChanged(5, 2, 1)),
        (
            {"type": "active_speaker", "router": 1, "speaker": {"producer": 5, "volume": -20}},
            events.ActiveSpeaker(1, events.AudioVolume(5, -20)),
        ),
        (
            {"type": "audio_levels", "router": 1, "levels": [{"producer": 5, "volume": -20}]},
            events.AudioLevels(1, (events.AudioVolume(5, -20),)),
        ),
        (
            {
                "type": "producer_score",
                "producer": 4,
                "scores": [{"encoding": 1, "ssrc": 7, "rid": None, "score": 9}],
            },
            events.ProducerScore(4, (events.EncodingScore(1, 7, None, 9),)),
        ),
        (
            {"type": "consumer_score", "consumer": 5, "score": 8, "encoding": 1, "producer_scores": [0, 9]},
            events.ConsumerScore(5, 8, 1, (0, 9)),
        ),
        ({"type": "bandwidth_pause", "consumer": 5, "paused": True}, events.BandwidthPause(5, True)),
        ({"type": "fault", "message": "m"}, events.Fault("m")),
    ],
)
def test_event_is_parsed(wire: dict[str, object], event: events.Event) -> None:
    assert parse(wire) == event


def test_unknown_event_is_an_error() -> None:
    with pytest.raises(KeyError):
        parse({"type": "nonsense"})
