"""How many messages a client may send."""

from __future__ import annotations

from collections import Counter

from hubbub_signaling.domain.rate import RateLimit, Verdict


def test_an_honest_client_is_never_refused() -> None:
    limit = RateLimit(rate=50, burst=300)
    assert all(limit.judge(second / 40) is Verdict.ACCEPT for second in range(10_000))


def test_a_flood_is_refused_and_then_disconnected() -> None:
    limit = RateLimit(rate=50, burst=300, patience=500)
    verdicts = [limit.judge(message / 1_000) for message in range(2_000)]
    seen = Counter(verdicts)
    assert 300 <= seen[Verdict.ACCEPT] <= 400
    assert seen[Verdict.REFUSE] == 500
    assert verdicts[-1] is Verdict.DISCONNECT
