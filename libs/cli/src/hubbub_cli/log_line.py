"""Parses a child's log line for display. Pure.

Services write one JSON object per line, the NATS server has its own format, and a crash writes a traceback.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

LEVELS = {"debug": 10, "info": 20, "warning": 30, "warn": 30, "error": 40, "exception": 40, "critical": 50}

_NATS = re.compile(r"^\[\d+\] \d{4}/\d\d/\d\d [\d:.]+ \[(?P<level>[A-Z]{3})\] ?(?P<text>.*)$")
_NATS_LEVELS = {"TRC": 10, "DBG": 10, "INF": 20, "WRN": 30, "ERR": 40, "FTL": 50}
_HARMLESS = frozenset({"Plaintext passwords detected, use nkeys or bcrypt"})
"""Warnings of NATS to ignore. Only its owner can read its configuration, which is written at each start."""
_HIDDEN = frozenset({"event", "message", "level", "timestamp", "logger", "service", "instance"})


@dataclass(frozen=True, slots=True)
class LogLine:
    """The text, and its level from 10 (debug) to 50 (critical)."""

    level: int
    text: str


def parse_line(raw: str) -> LogLine:
    """Parses any line. An unknown format is shown unchanged as an error: it is probably part of a traceback."""
    line = raw.rstrip()
    nats = _NATS.match(line)
    if nats is not None:
        text = nats["text"]
        return LogLine(20 if text in _HARMLESS else _NATS_LEVELS.get(nats["level"], 20), text)
    if line.startswith("{"):
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            return LogLine(40, line)
        return _from_fields(fields)
    return LogLine(40, line)


def _from_fields(fields: dict[str, Any]) -> LogLine:
    level = LEVELS.get(str(fields.get("level", "info")).lower(), 20)
    text = str(fields.get("event", fields.get("message", "")))
    details = " ".join(f"{key}={value}" for key, value in fields.items() if key not in _HIDDEN and key != "exception")
    trace = f"\n{fields['exception']}" if isinstance(fields.get("exception"), str) else ""
    return LogLine(level, f"{text} {details}".rstrip() + trace)
