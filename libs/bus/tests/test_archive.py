"""Records with a retention: replaced by key, read by key filter, in pages."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_bus import Archive, Bus
from hubbub_bus.archive import PAGE
from hubbub_contracts import Model, ids


class Note(Model):
    """A record."""

    text: str


async def archive_of(bus: Bus, retention: float = 60.0, name: str | None = None) -> Archive:
    name = name or f"archive-{ids.mint()}"
    archive = Archive(bus, name, f"test.{name}", retention=retention, max_bytes=10_000_000)
    await archive.ensure()
    return archive


async def texts(archive: Archive, key_filter: str) -> list[str]:
    return [Note.model_validate_json(record.value).text async for record in archive.read(key_filter)]


async def test_repeated_key_replaces_the_record(bus: Bus) -> None:
    archive = await archive_of(bus)
    for text in ("one", "two"):
        await archive.put("ann.c1", Note(text=text))
    assert await texts(archive, "ann.*") == ["two"]


async def test_filter_selects_keys(bus: Bus) -> None:
    archive = await archive_of(bus)
    for key in ("ann.c1", "bob.c1", "ann.c2"):
        await archive.put(key, Note(text=key))
    assert await texts(archive, "ann.*") == ["ann.c1", "ann.c2"]
    found = await archive.last("*.c1")
    assert found is not None
    assert found.key in ("ann.c1", "bob.c1")
    assert await archive.last("*.c3") is None
    assert await texts(archive, "carol.*") == []


@pytest.mark.parametrize("count", [PAGE, PAGE + 3])
async def test_all_pages_are_read(bus: Bus, count: int) -> None:
    archive = await archive_of(bus)
    await asyncio.gather(*(archive.put(f"ann.c{number}", Note(text=str(number))) for number in range(count)))
    records = [record async for record in archive.read("ann.*")]
    assert len({record.key for record in records}) == count
    assert records == sorted(records, key=lambda record: record.sequence)


async def test_record_expires_and_retention_can_change(bus: Bus) -> None:
    name = f"archive-{ids.mint()}"
    archive = await archive_of(bus, 60.0, name)
    await archive.put("ann.c1", Note(text="old"))
    shorter = await archive_of(bus, 0.2, name)
    async with asyncio.timeout(10):
        while await texts(shorter, "ann.*"):
            await asyncio.sleep(0.05)
