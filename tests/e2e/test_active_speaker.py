"""The page shows who speaks, as the server detects it from the audio levels of the microphones."""

from e2e.calls import start_call
from e2e.speech import speak
from support.browser import CallBrowser, Tab
from support.installation import Installation

SMALL = {"width": 320, "height": 180}


async def wait_speaks(tab: Tab, name: str, speaks: bool) -> None:
    """Waits until the tab shows that the participant speaks or does not."""
    await tab.page.wait_for_function(
        """([name, speaks]) => {
          const tiles = [...document.querySelectorAll(".hb-tile[data-source=camera]")];
          const tile = tiles.find((tile) => tile.querySelector(".hb-name").textContent.startsWith(name));
          return tile !== undefined && tile.hasAttribute("data-speaking") === speaks;
        }""",
        arg=[name, speaks],
        timeout=40_000,
        polling=20,
    )


async def active_speaker(tab: Tab) -> str | None:
    """The name of the active speaker."""
    name: str | None = await tab.page.evaluate("hubbub.call.activeSpeaker?.name ?? null")
    return name


async def test_the_page_shows_who_speaks(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.press("microphone")  # its beeps may count as speech
    await speak(ann)
    for tab in (ann, ben):
        await wait_speaks(tab, "Ann", True)
        await tab.page.wait_for_function("hubbub.call.activeSpeaker?.name === 'Ann'", timeout=40_000)

    await ann.press("microphone")
    await wait_speaks(ben, "Ann", False)
    assert await active_speaker(ben) == "Ann", "nobody else has spoken"

    await speak(ben)
    for tab in (ann, ben):
        await wait_speaks(tab, "Ben", True)
        await tab.page.wait_for_function("hubbub.call.activeSpeaker?.name === 'Ben'", timeout=40_000)
    late = await browser.open_tab(installation.url, call_id, "Cat", **SMALL)
    assert await active_speaker(late) == "Ben", "a late joiner gets the present speaker"
