"""What a browser's microphone hears is text on the page of another."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.calls import ONE_LAYER
from support.browser import CallBrowser, Tab
from support.installation import Installation
from support.known_speech import recording, word_error_rate

WITHIN = 40.0
"""Seconds: the recording has ten."""
SMALL: dict[str, str | int] = {"width": 320, "height": 180, **ONE_LAYER}

# Replaces the microphone by a recording, which is played once.
_SPEAK = """async (wav) => {
  const audio = new AudioContext();
  const microphone = new MediaStreamAudioDestinationNode(audio);
  await hubbub.call.local.publish(microphone.stream.getAudioTracks()[0], "microphone");
  const bytes = Uint8Array.from(atob(wav), (character) => character.charCodeAt(0));
  const buffer = await audio.decodeAudioData(bytes.buffer);
  const voice = new AudioBufferSourceNode(audio, { buffer });
  voice.connect(microphone);
  voice.start(audio.currentTime + 1);
}"""

# Records the final lines, with the time at which they came.
_LISTEN = """() => {
  globalThis.said = [];
  hubbub.call.captions.on("line", ({ id, name, text, final, start }) => {
    if (final && text !== "") said.push({ id, name, text, start });
  });
}"""


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with captions."""
    with Installation(tmp_path_factory.mktemp("captioned"), captions=1) as running:
        yield running


async def said_by(tab: Tab, name: str) -> list[dict[str, Any]]:
    """The final lines of a speaker, in the order of their beginnings."""
    lines: list[dict[str, Any]] = await tab.page.evaluate("said")
    return sorted((line for line in lines if line["name"] == name), key=lambda line: line["start"])


async def wait_understood(tab: Tab, name: str) -> None:
    """Waits until the tab has half of the recording as lines of this speaker.

    Only half: the browsers render in software on the machine that transcribes. `tests/integration` expects 80 %.
    """
    deadline = time.monotonic() + WITHIN
    while (error := word_error_rate(" ".join(line["text"] for line in await said_by(tab, name)))) > 0.5:
        assert time.monotonic() < deadline, f"a word error rate of {error:.0%}: {await said_by(tab, name)}"
        await asyncio.sleep(0.1)


@pytest.mark.timeout(400)
async def test_a_person_reads_what_another_one_says(
    captioned: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = [await browser.open_tab(captioned.url, call_id, name, **SMALL) for name in ("Ann", "Ben")]
    await ben.press("microphone")
    await ben.page.evaluate(_LISTEN)
    await ben.press("captions")
    await ben.page.wait_for_function("hubbub.call.captions.active")
    wav = base64.b64encode(recording().read_bytes()).decode()
    await ann.page.evaluate(_SPEAK, wav)
    shown = ben.page.locator(".hb-captions p")
    await shown.first.wait_for(timeout=40_000)
    assert (await shown.first.inner_text()).startswith("Ann ")
    await wait_understood(ben, "Ann")
    assert await ann.page.locator(".hb-captions").count() == 0, "Ann has not switched them on"
    await ann.press("captions")
    await ann.page.locator(".hb-captions").wait_for()
    await ben.press("captions")
    assert await ben.page.locator(".hb-captions").count() == 0
    await ben.page.evaluate("hubbub.call.captions.stop()")
    await ann.page.locator(".hb-captions").wait_for(state="detached")
