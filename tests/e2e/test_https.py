"""`hubbub up --tls`: a call over HTTPS and secure WebSockets, at an address where HTTP gives no camera access."""

import asyncio
import base64
import hashlib
import re
import stat
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from e2e.calls import Window, start_call
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import chromium
from support.supervised_installation import SupervisedInstallation

_NOT_SECURE = """() => performance.getEntriesByType("resource").map((entry) => entry.name)
  .filter((name) => !/^(https|wss|data|blob):/.test(name))"""


async def printed_link(installation: SupervisedInstallation, before: str, url: str) -> str:
    """The token of the link that is printed after this text. It is printed right after the run file is written."""
    link = re.compile(rf"{before} {re.escape(url)}/#token=(\S+)")
    async with asyncio.timeout(40):
        while (found := link.search(installation.log.read_text())) is None:
            await asyncio.sleep(0.05)
    return found[1]


async def test_call_over_https_at_the_address_of_the_machine(
    start_installation: Callable[..., SupervisedInstallation], call_id: str
) -> None:
    installation = start_installation(tls=True)
    address = interface_address()
    assert address is not None
    url = f"https://{address}:{installation.port}"
    guest = await printed_link(installation, "from other devices:", url)
    await printed_link(installation, "Hubbub is ready:", f"https://localhost:{installation.port}")
    keys = installation.data_dir / "access-keys.json"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600

    certificate = x509.load_pem_x509_certificate((installation.data_dir / "tls" / "certificate.pem").read_bytes())
    public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = base64.b64encode(hashlib.sha256(public_key).digest()).decode()
    async with chromium(trusted_key=trusted) as browser:
        outsider = await browser.open_page(f"{url}/?room={call_id}&name=Eve&join", "Eve")
        assert "Ask for a new link" in await outsider.problem()
        tabs = await start_call(browser, url, call_id, ["Ann", "Ben"], token=guest, width=320, height=180)
        newcomer = await browser.open_page(f"{url}/#token={guest}", "Cleo")
        await newcomer.page.fill("[name=room]", call_id)
        await newcomer.page.keyboard.press("Enter")
        await newcomer.page.fill("[name=name]", "Cleo")
        await newcomer.press("join")
        await newcomer.wait_sees("Ann")
        await newcomer.press("leave")
        for tab in tabs:
            assert await tab.page.evaluate("isSecureContext")
            assert await tab.page.evaluate(_NOT_SECURE) == []
        (await Window.measure(tabs, 2)).require_all_frames(0.9)
