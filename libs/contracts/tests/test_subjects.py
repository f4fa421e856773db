"""Subjects, keys and ids for arbitrary call ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from hubbub_contracts import ids, subjects
from hubbub_contracts.types import RoomId

TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@given(st.text(min_size=1, max_size=64))
def test_room_id_of_any_call_id_is_one_token_and_decodes_to_it(call_id: str) -> None:
    room = ids.room_id(call_id)
    assert TOKEN.fullmatch(room)
    assert ids.call_id(room) == call_id


_TENANTS = st.from_regex(r"\A[A-Za-z0-9_-]{1,32}\Z")
_NAMES = st.text(min_size=1, max_size=64)


@given(_NAMES, _TENANTS)
def test_room_id_of_a_tenant_decodes_to_both(call_id: str, tenant: str) -> None:
    room = ids.room_id(call_id, tenant)
    TypeAdapter(RoomId).validate_python(room)
    assert (ids.tenant(room), ids.call_id(room)) == (tenant, call_id)
    assert ids.tenant(ids.room_id(call_id)) is None


@given(_NAMES, _NAMES, st.none() | _TENANTS, st.none() | _TENANTS)
@example("\x00a\x00b", "b", None, "a")
@example("\u00ffa\u00ffb", "b", None, "a")
def test_no_name_of_one_tenant_is_one_of_another(one: str, other: str, first: str | None, second: str | None) -> None:
    if (one, first) == (other, second):
        return
    assert ids.room_id(one, first) != ids.room_id(other, second)
    assert subjects.user_history(one, first) != subjects.user_history(other, second)
    assert subjects.revoked_user_key(first, one, None) != subjects.revoked_user_key(second, other, None)


@pytest.mark.parametrize("room", ["_", "_w", "_2FjbWU", "_2FjbWX_w===", "r"])
def test_what_is_no_room_id_is_refused(room: str) -> None:
    with pytest.raises(ValueError, match="not a room id"):
        ids.call_id(room)


def test_the_only_tenant_has_the_ids_of_before() -> None:
    assert ids.room_id("standup") == "c3RhbmR1cA"
    assert subjects.user_history("alice") == "K9gGyX8OAK8aH8Myj6djqSaXI8jbj6xPk69x2xhtbpA.*"


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
