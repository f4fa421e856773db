"""Parsing of log lines from services, NATS and crashes."""

import pytest

from hubbub_cli.log_line import LogLine, parse_line


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            '{"event": "peer joined", "level": "info", "timestamp": "2026", "room": "r1"}',
            LogLine(20, "peer joined room=r1"),
        ),
        ('{"event": "link lost", "level": "warning"}', LogLine(30, "link lost")),
        ('{"event": "bug", "level": "error", "exception": "Traceback"}', LogLine(40, "bug\nTraceback")),
        ("[17] 2026/11/22 23:56:15.803345 [INF] Server is ready", LogLine(20, "Server is ready")),
        ("[17] 2026/11/22 23:56:15.803345 [ERR] disk full", LogLine(40, "disk full")),
        ("ValueError: no", LogLine(40, "ValueError: no")),
        ("{ not json", LogLine(40, "{ not json")),
        ('{"event": null, "level": 7}', LogLine(20, "None")),
    ],
)
def test_parse_line_returns_level_and_text(raw: str, expected: LogLine) -> None:
    assert parse_line(raw + "\n") == expected
