"""No secret reaches a log, the list of processes or a trace, and none is part of the repository.

ASVS 13.3.1, 16.2.5 and 17.2.1.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ids
from support.caller import Caller
from support.client_socket import ClientSocket, Refused
from support.coturn import Coturn
from support.deployed_nats import DeployedNats
from support.installation import REPOSITORY, Installation
from support.otlp_receiver import OtlpReceiver

SECRET = secrets.token_bytes(32)
MEMBER = Grants(rooms=("*",), join=True, publish=True, subscribe=True, calls=True, admin=True)


def token(keys: Path, user: str) -> str:
    """An access token."""
    key = KeySet.read(keys).signing_key
    assert key is not None
    return issue(key, user, MEMBER, audience="hubbub", now=time.time(), lifetime=600, token_id=ids.mint())


async def use_everything(url: str, keys: Path, given: dict[str, str], call_id: str) -> list[str]:
    """Shows each secret where it belongs and where it does not. Returns those that came up meanwhile."""
    ann, bob = token(keys, "ann"), token(keys, "bob")
    seen = [ann, bob]
    async with Caller(url, auth={"token": ann}) as alice, aiohttp.ClientSession(url) as http:
        joined = await alice.join(call_id, resumable=True)
        transport = await alice.transport("send")
        await alice.publish("audio")
        restarted = await alice.call("restartIce", transportId=transport.id)
        seen += [joined["resumeToken"], restarted["iceParameters"]["password"]]
        seen += [server["credential"] for server in joined["iceServers"] if "credential" in server]
        for event, payload in (
            ("refreshToken", {"token": token(keys, "ann")}),
            ("refreshToken", {"token": bob}),
            ("resume", {"resumeToken": joined["resumeToken"]}),
            ("joinRoom", {"callId": call_id, "userId": given["API_KEY"], "rtpCapabilities": 7}),
        ):
            await alice.request(event, payload)
        bearer = {"Authorization": f"Bearer {given['API_KEY']}"}
        async with http.post("/tokens", headers=bearer, json={"userId": "eve", "grants": {"join": True}}) as answer:
            seen.append((await answer.json())["token"])
        for wrong in (f"Bearer {given['API_KEY']}x", f"Basic {bob}", f"Bearer {bob}.x"):
            await _ignore(http.get("/stats", headers={"Authorization": wrong}))
        await _ignore(http.get("/recordings/x/files/y", params={"ticket": bob}))
        for path, name in (("/whip/room", "WHIP_TOKEN"), ("/whep/room", "WHEP_TOKEN")):
            headers = {"Authorization": f"Bearer {given[name]}", "Content-Type": "application/sdp"}
            await _ignore(http.post(path, data="v=0", headers=headers))
        async with http.post("/webhooks", headers=bearer, json={"url": f"{url}/health"}) as answer:
            created = await answer.json()
            seen += [one for one in _texts(created) if one.startswith("whsec_")]
        await alice.cut()
        async with Caller(url, auth={"token": ann}) as again:
            resumed = await again.call("resume", resumeToken=joined["resumeToken"])
            seen.append(resumed["resumeToken"])
    with pytest.raises(Refused):
        await ClientSocket(url, auth={"token": f"{bob}x"}).open()
    return seen


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in _texts(one)]
    return [value] if isinstance(value, str) else []


async def _ignore(request: Any) -> None:
    async with request as answer:
        await answer.read()


@pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed")
async def test_no_secret_is_in_logs_process_lists_or_traces(tmp_path: Path, call_id: str) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
    with OtlpReceiver() as receiver, Coturn(tmp_path / "coturn") as coturn, DeployedNats(tmp_path / "nats") as server:
        given = {name: secrets.token_urlsafe(24) for name in ("API_KEY", "WHIP_TOKEN", "WHEP_TOKEN")}
        environment = {
            **receiver.environment,
            **given,
            "AUTH": "on",
            "ACCESS_KEYS": str(keys),
            "LOG_LEVEL": "debug",
            "TURN_URLS": coturn.urls,
            "TURN_SECRET": coturn.secret,
            "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
        }
        installation = Installation(tmp_path / "installation", calls=1, webhooks=1, environment=environment)
        server.configure(installation)
        with installation:
            seen = await use_everything(installation.url, keys, given, call_id[-40:])
            async with asyncio.timeout(20):
                while not any("resume" in span.name for span in receiver.spans()):
                    await asyncio.sleep(0.1)
            pids = [process.pid for process in installation.processes]
            lines = [" ".join(psutil.Process(pid).cmdline()) for pid in [*pids, coturn.pid]]
            everything = {
                "process list": "\n".join(lines),
                "traces": "\n".join(str(span) for span in receiver.spans()),
                **{path.name: path.read_text(errors="replace") for path in installation.directory.glob("*.log")},
                "coturn.log": (tmp_path / "coturn" / "coturn.log").read_text(errors="replace"),
            }
    own = [*given.values(), coturn.secret, *server._passwords.values(), json.loads(keys.read_text())["keys"][0]["k"]]
    found = {(place, secret[:12]) for place, text in everything.items() for secret in [*own, *seen] if secret in text}
    assert found == set()
    # The places are those where it would show.
    assert "turnserver" in everything["process list"]
    assert "joinRoom" in everything["traces"]
    assert everything["signaling-1.log"].count('"level": "debug"') > 5
    assert len(seen) >= 7


async def test_every_node_has_a_dtls_key_of_its_own(tmp_path: Path, call_id: str) -> None:
    shown = set()
    for instance in ("one", "two"):
        with Installation(tmp_path / instance) as installation:
            async with Caller(installation.url) as alice:
                await alice.join(call_id)
                offers = [await alice.call("createTransport", direction="send") for _ in range(2)]
                fingerprints = {str(offer["dtlsParameters"]["fingerprints"]) for offer in offers}
                assert len(fingerprints) == 1
                shown |= fingerprints
    assert len(shown) == 2
    assert private_keys_below(tmp_path) == []


def private_keys_below(directory: Path) -> list[Path]:
    """The files that contain a private key."""
    return [path for path in directory.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_the_repository_contains_no_private_key() -> None:
    command = ["git", "grep", "-lE", "-e", "-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert listed.stdout.split() == []
