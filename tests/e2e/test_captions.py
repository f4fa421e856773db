"""What a browser's microphone hears is text on the page of another."""

from __future__ import annotations

import asyncio
import base64
import logging
import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.calls import ONE_LAYER
from support.browser import CallBrowser, Tab
from support.installation import Installation
from support.known_speech import SENTENCE_ENDS, recording, word_error_rate

logger = logging.getLogger("captions")

WITHIN = 40.0
"""Seconds: the recording has ten."""
SMALL: dict[str, str | int] = {"width": 320, "height": 180, **ONE_LAYER}

# Replaces the microphone by a recording, which is played once. Returns when it began, in Unix milliseconds.
_SPEAK = """async (wav) => {
  const audio = new AudioContext();
  const microphone = new MediaStreamAudioDestinationNode(audio);
  await hubbub.call.local.publish(microphone.stream.getAudioTracks()[0], "microphone");
  const bytes = Uint8Array.from(atob(wav), (character) => character.charCodeAt(0));
  const buffer = await audio.decodeAudioData(bytes.buffer);
  const voice = new AudioBufferSourceNode(audio, { buffer });
  voice.connect(microphone);
  voice.start(audio.currentTime + 1);
  return Date.now() + 1000;
}"""

# Records the final lines, with the time at which they came.
_LISTEN = """() => {
  globalThis.said = [];
  hubbub.call.captions.on("line", ({ id, name, text, final, start }) => {
    if (final && text !== "") said.push({ id, name, text, start, at: Date.now() });
  });
}"""


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with captions."""
    with Installation(tmp_path_factory.mktemp("captioned"), captions=1) as running:
        yield running


async def said_by(tab: Tab, name: str, since: float) -> list[dict[str, Any]]:
    """The final lines of a speaker that began at this time, in Unix milliseconds, or later; the first one first."""
    lines: list[dict[str, Any]] = await tab.page.evaluate("said")
    return sorted((one for one in lines if one["name"] == name and one["start"] >= since), key=lambda one: one["start"])


async def wait_understood(tab: Tab, name: str, since: float) -> float:
    """Waits until the tab has most of the recording as lines of this speaker. Returns the word error rate."""
    deadline = time.monotonic() + WITHIN
    while (error := word_error_rate(" ".join(one["text"] for one in await said_by(tab, name, since)))) > 0.2:
        assert time.monotonic() < deadline, f"a word error rate of {error:.0%}: {await said_by(tab, name, since)}"
        await asyncio.sleep(0.1)
    return error


@pytest.mark.timeout(400)
async def test_a_person_reads_what_another_one_says(
    captioned: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = [await browser.open_tab(captioned.url, call_id, name, **SMALL) for name in ("Ann", "Ben")]
    for tab in (ann, ben):
        # The browsers encode in software on the machine that transcribes.
        await tab.press("camera")
        await tab.page.evaluate(_LISTEN)
    await ben.press("microphone")
    await ben.press("captions")
    await ben.page.wait_for_function("hubbub.call.captions.active")
    wav = base64.b64encode(recording().read_bytes()).decode()
    began = await ann.page.evaluate(_SPEAK, wav)
    shown = ben.page.locator(".hb-captions p")
    await shown.first.wait_for(timeout=40_000)
    assert (await shown.first.inner_text()).startswith("Ann ")
    error = await wait_understood(ben, "Ann", began)
    _print("one speaker", error, await said_by(ben, "Ann", began), began)
    assert await ann.page.locator(".hb-captions").count() == 0, "Ann has not switched them on"
    await ann.press("captions")
    await ann.page.locator(".hb-captions").wait_for()
    await ben.press("captions")
    assert await ben.page.locator(".hb-captions").count() == 0

    starts = {tab.name: await tab.page.evaluate(_SPEAK, wav) for tab in (ann, ben)}
    for listener, speaker in ((ben, "Ann"), (ann, "Ben")):
        error = await wait_understood(listener, speaker, starts[speaker])
        _print(f"two speakers, {speaker}", error, await said_by(listener, speaker, starts[speaker]), starts[speaker])
    await ben.page.evaluate("hubbub.call.captions.stop()")
    await ann.page.locator(".hb-captions").wait_for(state="detached")


def _print(what: str, error: float, lines: list[dict[str, Any]], began: int) -> None:
    """Prints the word error rate, and the time from the end of each sentence to its final text in the other tab."""
    whole = len(lines) >= len(SENTENCE_ENDS) - 1  # The last one may still be missing.
    delays = [line["at"] / 1000 - began / 1000 - end for line, end in zip(lines, SENTENCE_ENDS, strict=False) if whole]
    median = f"{statistics.median(delays):.2f} s" if delays else "not known: sentences were joined"
    logger.warning("%s: word error rate %.0f %%, final text after %s (median)", what, 100 * error, median)
