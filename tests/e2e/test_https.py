"""`hubbub up --tls`: a call over HTTPS and secure WebSockets, at an address where HTTP gives no camera access."""

import asyncio
import base64
import hashlib
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from e2e.calls import Window, start_call
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import chromium
from support.supervised_installation import SupervisedInstallation

_NOT_SECURE = """() => performance.getEntriesByType("resource").map((entry) => entry.name)
  .filter((name) => !/^(https|wss|data|blob):/.test(name))"""


async def test_call_over_https_at_the_address_of_the_machine(
    start_installation: Callable[..., SupervisedInstallation], call_id: str
) -> None:
    installation = start_installation(tls=True)
    address = interface_address()
    assert address is not None
    url = f"https://{address}:{installation.port}"
    # The line is printed right after the run file is written.
    async with asyncio.timeout(10):
        while f"from other devices: {url}" not in installation.log.read_text():
            await asyncio.sleep(0.05)

    certificate = x509.load_pem_x509_certificate((installation.data_dir / "tls" / "certificate.pem").read_bytes())
    public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = base64.b64encode(hashlib.sha256(public_key).digest()).decode()
    async with chromium(trusted_key=trusted) as browser:
        tabs = await start_call(browser, url, call_id, ["Ann", "Ben"], width=320, height=180)
        for tab in tabs:
            assert await tab.page.evaluate("isSecureContext")
            assert await tab.page.evaluate(_NOT_SECURE) == []
        (await Window.measure(tabs, 2)).require_all_frames(0.9)
