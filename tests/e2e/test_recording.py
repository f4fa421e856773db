"""Two people talk and record: both see it, and the files have picture and sound of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import av
import pytest

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation
from support.recordings import Recordings, decode

BANNER = "[data-kind=recording]"
RECORD = "[data-action=record]"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a recorder."""
    with Installation(tmp_path_factory.mktemp("recording"), recorders=1) as running:
        yield running


async def test_two_people_record_their_call(recorded: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, recorded.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await ann.page.click(RECORD)
    for tab in (ann, ben):
        await tab.page.wait_for_selector(BANNER)
        assert await tab.page.get_attribute(RECORD, "aria-pressed") == "true"
    async with aiohttp.ClientSession() as http:
        recordings = Recordings(recorded, http)
        listed = await recordings.ask("GET", f"?callId={call_id}")
        [recording_id] = [one["recordingId"] for one in listed["recordings"]]
        await recordings.written(recording_id, 20_000, "camera", "microphone")
        await ben.page.click(RECORD)
        for tab in (ann, ben):
            await tab.page.wait_for_selector(BANNER, state="detached")
        manifest = await recordings.finished(recording_id)
        tracks = manifest.tracks
        assert sorted((track.display_name, track.source) for track in tracks) == [
            *((name, source) for name in ("Ann", "Ben") for source in ("camera", "microphone"))
        ]
        for track in tracks:
            assert track.complete
            path = recordings.path(recording_id, track)
            if track.kind == "video":
                assert_moving_picture(path)
            else:
                assert_beeps(path)


def assert_moving_picture(path: Path) -> None:
    """The fake camera's picture changes from frame to frame."""
    shown = decode(path)
    assert shown[-1].width >= 160
    pictures = {bytes(one.planes[0])[:: 97 * 11] for one in shown}
    assert len(pictures) > len(shown) / 2


def assert_beeps(path: Path) -> None:
    """The fake microphone beeps, with silence in between."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    levels = [
        max(abs(sample) for sample in memoryview(one.planes[0]).cast("h")[::8])
        for frame in decode(path)
        for one in resampler.resample(frame)
    ]
    assert max(levels) > 1_000
    assert min(levels) < max(levels) / 4
