"""The token that resumes a session."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_signaling.domain.resume_token import ResumeToken


def test_a_token_is_parsed_into_its_parts() -> None:
    token = ResumeToken("room", "peer", "secret")
    assert str(token) == "room.peer.secret"
    assert ResumeToken.parse(str(token)) == token
    assert "secret" not in repr(token)


@pytest.mark.parametrize(
    "text", ["", "room.peer", "room.peer.secret.more", ".peer.secret", "room.peer.se cret", "r.p.s\n"]
)
def test_other_text_is_not_a_token(text: str) -> None:
    with pytest.raises(HubbubError) as refused:
        ResumeToken.parse(text)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
