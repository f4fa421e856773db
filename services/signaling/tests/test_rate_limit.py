"""The rate limit of a client's messages."""

from __future__ import annotations

from collections import Counter

from hubbub_signaling.domain.rate_limit import RateLimit, Verdict


def test_a_client_below_the_rate_is_never_refused() -> None:
    limit = RateLimit(rate=50, burst=300)
    assert all(limit.check(second / 40) is Verdict.ACCEPT for second in range(10_000))


def test_a_flood_is_refused_and_then_disconnected() -> None:
    limit = RateLimit(rate=50, burst=300, max_refused=500)
    verdicts = [limit.check(message / 1_000) for message in range(2_000)]
    counts = Counter(verdicts)
    assert 300 <= counts[Verdict.ACCEPT] <= 400
    assert counts[Verdict.REFUSE] == 500
    assert verdicts[-1] is Verdict.DISCONNECT
