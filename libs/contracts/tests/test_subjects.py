"""Subjects, keys and ids for arbitrary call ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub_contracts import ids, subjects

TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@given(st.text(min_size=1, max_size=64))
def test_room_id_of_any_call_id_is_one_token_and_decodes_to_it(call_id: str) -> None:
    room = ids.room_id(call_id)
    assert TOKEN.fullmatch(room)
    assert ids.call_id(room) == call_id


@pytest.mark.parametrize("call_id", [">", "a.b.*", "*", "a b", "$KV.rooms"])
def test_wildcards_in_a_call_id_do_not_reach_the_subject(call_id: str) -> None:
    assert subjects.room(ids.room_id(call_id)).count(".") == 4
    assert "*" not in subjects.settings_key(ids.room_id(call_id))


def test_subject_of_a_republished_change_names_its_record() -> None:
    room, peer = ids.room_id("standup"), ids.mint()
    subject = "hubbub.v1.room." + subjects.peer_key(room, peer)
    assert subjects.split_room_subject(subject) == (room, subjects.PEER, peer)
    with pytest.raises(ValueError, match="not the subject of a room change"):
        subjects.split_room_subject("hubbub.v1.node.a.beat")
    with pytest.raises(ValueError, match="not a key"):
        subjects.split_key("a.b")


def test_minted_ids_are_distinct_tokens() -> None:
    minted = [ids.mint() for _ in range(1_000)]
    assert len(set(minted)) == 1_000
    assert all(TOKEN.fullmatch(one) and not one.startswith("-") for one in minted)
