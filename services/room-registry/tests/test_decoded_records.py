"""Decoded records live as long as what they were decoded from."""

from __future__ import annotations

import gc

import pytest

from hubbub_registry.domain.decoded_records import DecodedRecords


class Stored:
    """A record of a number."""

    def __init__(self, number: int) -> None:
        self.data = str(number).encode()


@pytest.fixture
def decoded() -> DecodedRecords[Stored, int]:
    return DecodedRecords(int, 3)


def test_a_record_is_decoded_once(decoded: DecodedRecords[Stored, int]) -> None:
    stored = Stored(7)
    assert decoded.of(stored) == 7
    stored.data = b"8"
    assert decoded.of(stored) == 7


def test_a_record_is_forgotten_with_what_it_was_decoded_from(decoded: DecodedRecords[Stored, int]) -> None:
    stored = [Stored(number) for number in range(3)]
    assert [decoded.of(one) for one in stored] == [0, 1, 2]
    del stored[1]
    gc.collect()
    assert len(decoded) == 2


def test_the_oldest_record_makes_room_for_another(decoded: DecodedRecords[Stored, int]) -> None:
    stored = [Stored(number) for number in range(5)]
    assert [decoded.of(one) for one in stored] == [0, 1, 2, 3, 4]
    assert len(decoded) == 3
    stored[0].data = stored[4].data = b"9"
    assert (decoded.of(stored[0]), decoded.of(stored[4])) == (9, 4)


def test_what_cannot_be_decoded_is_not_kept(decoded: DecodedRecords[Stored, int]) -> None:
    stored = Stored(1)
    stored.data = b"one"
    with pytest.raises(ValueError, match="one"):
        decoded.of(stored)
    assert len(decoded) == 0
