"""Parsing ANNOUNCED_IP, and resolving its host names."""

import asyncio

import pytest

from hubbub_media_node.adapters.announced_addresses import AnnouncedAddresses, UnknownHost
from hubbub_media_node.domain.announced_addresses import is_address, parse_announced
from hubbub_media_node.settings import Settings
from hubbub_service import load_settings
from support.node_rig import until


class FakeDns:
    """A DNS server whose answers change."""

    def __init__(self, **records: list[str]) -> None:
        self.records = records

    async def resolve(self, name: str) -> list[str]:
        if name not in self.records:
            raise OSError("no such name")
        return self.records[name]


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("203.0.113.1", ["203.0.113.1"]),
        (" 203.0.113.1 , 2001:DB8:0::1,media.example.org. ", ["203.0.113.1", "2001:db8::1", "media.example.org"]),
        ("localhost", ["localhost"]),
    ],
)
def test_addresses_and_names_are_parsed_to_canonical_form(text: str, announced: list[str]) -> None:
    assert parse_announced(text) == announced


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("203.0.113", "neither an IP address nor a host name"),
        ("203.0.113.256", "neither"),
        ("[2001:db8::1]", "neither"),
        ("https://media.example.org", "neither"),
        ("media.example.org:40000", "neither"),
        ("-media.example.org", "neither"),
        ("192.0.2.1,,192.0.2.2", "empty entry between commas"),
        ("0.0.0.0", "not the address of a host"),
        ("::", "not the address of a host"),
        ("ff02::1", "not the address of a host"),
        ("fe80::1", "link-local"),
    ],
)
def test_an_entry_that_clients_cannot_reach_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_announced(text)


def test_an_invalid_value_exits_with_status_2_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANNOUNCED_IP", "203.0.113")
    with pytest.raises(SystemExit, match="2"):
        load_settings(Settings)
    assert "ANNOUNCED_IP: Value error, '203.0.113' is neither an IP address" in capsys.readouterr().err


async def test_a_name_is_replaced_by_its_addresses_without_duplicates() -> None:
    dns = FakeDns(**{"media.example.org": ["203.0.113.1", "2001:db8::1", "fe80::1%2"]})
    announced = AnnouncedAddresses(["192.0.2.7", "media.example.org", "203.0.113.1"], dns.resolve)
    await announced.resolve()
    assert announced.has_names
    assert announced.addresses() == ["192.0.2.7", "203.0.113.1", "2001:db8::1"]


async def test_addresses_without_names_need_no_dns() -> None:
    announced = AnnouncedAddresses(["192.0.2.7"], FakeDns().resolve)
    await announced.resolve()
    assert not announced.has_names
    assert announced.addresses() == ["192.0.2.7"]


@pytest.mark.parametrize("answer", [None, [], ["fe80::1"]], ids=["unknown", "no address", "unreachable address"])
async def test_a_name_without_a_usable_address_fails_at_the_start(answer: list[str] | None) -> None:
    dns = FakeDns() if answer is None else FakeDns(**{"media.example.org": answer})
    with pytest.raises(UnknownHost, match=r"ANNOUNCED_IP: media\.example\.org has no usable address"):
        await AnnouncedAddresses(["media.example.org"], dns.resolve).resolve()


async def test_a_changed_name_is_followed_and_an_unresolvable_name_keeps_its_addresses() -> None:
    dns = FakeDns(**{"media.example.org": ["203.0.113.1"]})
    announced = AnnouncedAddresses(["media.example.org"], dns.resolve)
    await announced.resolve()
    assert not await announced.refresh()
    dns.records.clear()
    assert not await announced.refresh()
    assert announced.addresses() == ["203.0.113.1"]

    refreshing = asyncio.create_task(announced.refresh_periodically(interval=0.01))
    dns.records["media.example.org"] = ["203.0.113.2"]
    await until(lambda: announced.addresses() == ["203.0.113.2"])
    refreshing.cancel()
    await asyncio.wait([refreshing])


async def test_names_are_resolved_by_the_system_by_default() -> None:
    announced = AnnouncedAddresses(["localhost"])
    await announced.resolve()
    assert set(announced.addresses()) & {"127.0.0.1", "::1"}
    assert all(is_address(address) for address in announced.addresses())
