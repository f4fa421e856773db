"""What may be announced, and the addresses behind host names."""

import asyncio

import pytest

from hubbub_media_node.adapters.announced import AnnouncedAddresses, UnknownHost
from hubbub_media_node.domain.announced import is_address, parse_announced
from hubbub_media_node.settings import Settings
from hubbub_service import load_settings


class Names:
    """A name server whose answers change."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names

    async def look_up(self, name: str) -> list[str]:
        if name not in self.names:
            raise OSError("no such name")
        return self.names[name]


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("203.0.113.1", ["203.0.113.1"]),
        (" 203.0.113.1 , 2001:DB8:0::1,media.example.org. ", ["203.0.113.1", "2001:db8::1", "media.example.org"]),
        ("localhost", ["localhost"]),
    ],
)
def test_addresses_and_names_are_taken_in_their_usual_form(text: str, announced: list[str]) -> None:
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
        ("192.0.2.1,,192.0.2.2", "missing between commas"),
        ("0.0.0.0", "nobody's address"),
        ("::", "nobody's address"),
        ("ff02::1", "nobody's address"),
        ("fe80::1", "one link alone"),
    ],
)
def test_what_clients_could_not_reach_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_announced(text)


def test_a_wrong_value_ends_the_start_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANNOUNCED_IP", "203.0.113")
    with pytest.raises(SystemExit, match="2"):
        load_settings(Settings)
    assert "ANNOUNCED_IP: Value error, '203.0.113' is neither an IP address" in capsys.readouterr().err


async def test_names_stand_for_their_addresses_in_their_places() -> None:
    names = Names(**{"media.example.org": ["203.0.113.1", "2001:db8::1", "fe80::1%2"]})
    announced = AnnouncedAddresses(["192.0.2.7", "media.example.org", "203.0.113.1"], names.look_up)
    await announced.resolve()
    assert announced.has_names
    assert announced.addresses() == ["192.0.2.7", "203.0.113.1", "2001:db8::1"]


async def test_addresses_alone_need_no_name_server() -> None:
    announced = AnnouncedAddresses(["192.0.2.7"], Names().look_up)
    await announced.resolve()
    assert not announced.has_names
    assert announced.addresses() == ["192.0.2.7"]


@pytest.mark.parametrize("answer", [None, [], ["fe80::1"]], ids=["unknown", "empty", "of no use"])
async def test_a_name_without_an_address_is_told_at_the_start(answer: list[str] | None) -> None:
    names = Names() if answer is None else Names(**{"media.example.org": answer})
    with pytest.raises(UnknownHost, match=r"ANNOUNCED_IP: media\.example\.org has no address"):
        await AnnouncedAddresses(["media.example.org"], names.look_up).resolve()


async def test_a_name_that_moves_is_followed_and_one_that_is_lost_stays() -> None:
    names = Names(**{"media.example.org": ["203.0.113.1"]})
    announced = AnnouncedAddresses(["media.example.org"], names.look_up)
    await announced.resolve()
    assert not await announced.refresh()
    names.names.clear()
    assert not await announced.refresh()
    assert announced.addresses() == ["203.0.113.1"]

    told: asyncio.Queue[list[str]] = asyncio.Queue()
    keeping = asyncio.create_task(announced.keep(told.put_nowait, interval=0.01))
    names.names["media.example.org"] = ["203.0.113.2"]
    async with asyncio.timeout(10):
        assert await told.get() == ["203.0.113.2"]
    keeping.cancel()
    await asyncio.wait([keeping])
    assert announced.addresses() == ["203.0.113.2"]


async def test_the_machine_s_own_name_server_is_asked() -> None:
    announced = AnnouncedAddresses(["localhost"])
    await announced.resolve()
    assert set(announced.addresses()) & {"127.0.0.1", "::1"}
    assert all(is_address(address) for address in announced.addresses())
