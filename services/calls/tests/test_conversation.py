"""The key of a conversation, and the ids of its calls."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from hubbub_calls.domain.conversation import conversation_key
from hubbub_contracts import ids
from hubbub_contracts.types import LiveCallId


def test_both_users_have_the_same_key() -> None:
    assert conversation_key(["ann", "bob"], None) == conversation_key(["bob", "ann", "bob"], None)


def test_conversations_have_different_keys() -> None:
    keys = [
        conversation_key(["ann", "bob"], None),
        conversation_key(["ann", "carol"], None),
        conversation_key(["ann", "bob", "carol"], None),
        conversation_key(["ann,bob", "carol"], None),
        conversation_key(["ann", "bob"], "team"),
        conversation_key([], "other team"),
        conversation_key(["team", "group"], None),
    ]
    assert len(set(keys)) == len(keys)
    assert conversation_key(["ann"], "team") == conversation_key(["bob"], "team")


def test_call_id_contains_its_key_and_is_unique() -> None:
    key = conversation_key(["ann", "bob"], None)
    minted = {ids.mint_call(key) for _ in range(100)}
    assert len(minted) == 100
    for call_id in minted:
        assert ids.call_key(call_id) == key
        TypeAdapter(LiveCallId).validate_python(call_id)


@pytest.mark.parametrize("other", ["", "standup", "c" * 23, "x" * 45])
def test_other_rooms_have_no_key(other: str) -> None:
    assert ids.call_key(other) is None
