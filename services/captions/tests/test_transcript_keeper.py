"""Transcripts are saved while they grow, and summarised at the end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hubbub_captions.adapters import summaries
from hubbub_captions.adapters.transcript_files import TranscriptFiles
from hubbub_captions.adapters.transcript_keeper import TranscriptKeeper
from hubbub_contracts.bus.captions import CaptionChanged


def caption(text: str, *, final: bool = True) -> CaptionChanged:
    return CaptionChanged(peer_id="p", segment_id="s-0", text=text, final=final, start=1, end=2)


def files(directory: Path) -> dict[str, str]:
    """The suffixes of all files, and their texts."""
    return {path.name.partition(".")[2]: path.read_text() for path in directory.glob("room/*")}


def modes(directory: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in directory.glob("room/*")}


def a_file_in(directory: Path) -> Path:
    (directory / "file").touch()
    return directory / "file"


async def test_a_transcript_has_the_final_segments_in_both_formats(tmp_path: Path) -> None:
    keeper = TranscriptKeeper("room", TranscriptFiles(tmp_path), None)
    keeper.add(caption("Ever", final=False), "u", "Ann")
    keeper.add(caption(""), "u", "Ann")
    await keeper.finish()
    assert files(tmp_path) == {}, "nothing was said"
    keeper.add(caption("Ever tried."), "u", "Ann")
    await keeper.finish()
    saved = files(tmp_path)
    assert saved.keys() == {"json", "vtt"}
    assert [line["text"] for line in json.loads(saved["json"])["lines"]] == ["Ever tried."]
    assert "<v Ann>Ever tried." in saved["vtt"]
    assert modes(tmp_path) == {0o600}


async def test_the_summary_is_kept_with_its_transcript(tmp_path: Path) -> None:
    keeper = TranscriptKeeper("room", TranscriptFiles(tmp_path), lambda said: f"{len(said['lines'])} line")
    keeper.add(caption("Ever tried."), "u", "Ann")
    await keeper.finish()
    assert files(tmp_path)["summary.txt"] == "1 line"


async def test_a_disk_or_a_summary_that_fails_raises_nothing(tmp_path: Path) -> None:
    def fail(_said: dict[str, Any]) -> str:
        raise RuntimeError("no model")

    for directory in (a_file_in(tmp_path), tmp_path / "good"):
        keeper = TranscriptKeeper("room", TranscriptFiles(directory), fail)
        keeper.add(caption("Ever tried."), "u", "Ann")
        await keeper.finish()
    assert files(tmp_path / "good").keys() == {"json", "vtt"}


@pytest.fixture
def summary_server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of a server that answers with the number of lines, and what it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append(body)
            answer = f"{len(body['lines'])} lines".encode() if body["lines"] else b""
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_gets_the_transcript_and_answers_with_the_summary(
    summary_server: tuple[str, list[dict[str, Any]]],
) -> None:
    url, received = summary_server
    summarize = summaries.posted_to(url)
    assert summarize({"lines": [{"text": "Ever tried."}]}) == "1 lines"
    assert summarize({"lines": []}) is None
    assert received[0] == {"lines": [{"text": "Ever tried."}]}


def test_a_plugin_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(ValueError, match="no installed package"):
        summaries.plugin("none")
