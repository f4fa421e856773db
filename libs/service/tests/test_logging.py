"""Each line is a JSON object with its service and its trace."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from hubbub_service import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_of_both_logging_libraries_contain_service_and_trace() -> None:
    stream = io.StringIO()
    configure_logging("registry", stream=stream)
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("s") as span:
        logging.getLogger("lib").warning("lost %s", "it")
        structlog.get_logger("ours").info("joined", peer="p")
    trace_id = f"{span.get_span_context().trace_id:032x}"
    first, second = lines(stream)
    assert (first["event"], first["level"], first["service"], first["trace_id"]) == (
        "lost it", "warning", "registry", trace_id,
    )  # fmt: skip
    assert (second["event"], second["peer"], second["trace_id"]) == ("joined", "p", trace_id)


def test_lower_levels_are_dropped_and_an_exception_is_part_of_its_line() -> None:
    stream = io.StringIO()
    configure_logging("registry", "warning", stream=stream)
    logging.getLogger("lib").info("dropped")
    structlog.get_logger("ours").info("dropped")
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("lib").exception("failed")
    (line,) = lines(stream)
    assert line["event"] == "failed"
    assert "ValueError: why" in str(line["exception"])
