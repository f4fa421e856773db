"""Both ends of a link come to the same secrets, which are of this link and of one direction."""

from __future__ import annotations

import base64

import pytest

from hubbub_contracts.bus.pipe import LinkEnd
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_node.domain.link_ends import agree, new_end

A, B = new_end("10.0.0.1", 40000), new_end("fd00::2", 40001)
LINK = "link"


def test_both_ends_agree() -> None:
    ours, theirs = agree(LINK, A, B.described), agree(LINK, B, A.described)
    assert (ours.outbound, ours.inbound) == (theirs.inbound, theirs.outbound)
    assert (ours.addresses.ice, ours.addresses.remote_ice) == (theirs.addresses.remote_ice, theirs.addresses.ice)
    assert (ours.addresses.remote, theirs.addresses.remote) == ("[fd00::2]:40001", "10.0.0.1:40000")


def test_no_secret_is_used_twice() -> None:
    links = [
        agree(LINK, A, B.described),
        agree("another link", A, B.described),
        agree(LINK, A, new_end("10.0.0.3", 1).described),
    ]
    assert len({key for link in links for key in (link.outbound, link.inbound)}) == 6
    assert {len(link.outbound) for link in links} == {44}
    passwords = {ice.pwd for link in links for ice in (link.addresses.ice, link.addresses.remote_ice)}
    assert len(passwords) == 6
    assert {len(password) for password in passwords} == {32}


def test_secrets_are_in_no_representation() -> None:
    link = agree(LINK, A, B.described)
    shown = repr(A) + repr(link) + repr(link.addresses) + repr(link.srtp_keys(1))
    secrets = (A.private_key.private_bytes_raw(), link.outbound, link.inbound)
    for secret in (*map(repr, secrets), link.addresses.ice.pwd, link.addresses.remote_ice.pwd):
        assert secret not in shown


@pytest.mark.parametrize(
    "changed",
    [
        {"public_key": "?" * 44},
        {"public_key": base64.b64encode(bytes(31)).decode()},
        {"public_key": base64.b64encode(bytes(32)).decode()},
        {"public_key": A.described.public_key},
        {"ip": "nowhere"},
        {"ip": "0.0.0.0"},
        {"ip": "224.0.0.1"},
    ],
    ids=["not base64", "too short", "low order", "our own", "no address", "unspecified", "multicast"],
)
def test_an_end_that_is_no_end_is_refused(changed: dict[str, str]) -> None:
    theirs: LinkEnd = B.described.model_copy(update=changed)
    with pytest.raises(HubbubError) as caught:
        agree(LINK, A, theirs)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
