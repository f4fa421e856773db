"""Which fingerprints are good enough."""

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.transport import Fingerprint
from hubbub_media_node.domain.fingerprints import acceptable


def pairs(count: int) -> str:
    return ":".join(["aB"] * count)


@pytest.mark.parametrize(("algorithm", "size"), [("sha-256", 32), ("SHA-384", 48), ("sha-512", 64)])
def test_a_strong_digest_is_accepted_and_normalised(algorithm: str, size: int) -> None:
    (accepted,) = acceptable([Fingerprint(algorithm=algorithm, value=pairs(size))])
    assert (accepted.algorithm, accepted.value) == (algorithm.lower(), pairs(size).upper())


def test_a_weak_digest_beside_a_strong_one_is_passed_over() -> None:
    given = [Fingerprint(algorithm="sha-1", value="nonsense"), Fingerprint(algorithm="sha-256", value=pairs(32))]
    assert [each.algorithm for each in acceptable(given)] == ["sha-256"]


@pytest.mark.parametrize(
    "given",
    [
        [],
        [Fingerprint(algorithm="sha-1", value=pairs(20))],
        [Fingerprint(algorithm="sha-256", value=pairs(31))],
        [Fingerprint(algorithm="sha-256", value=pairs(33))],
        [Fingerprint(algorithm="sha-256", value="ab" * 32)],
        [Fingerprint(algorithm="sha-256", value=pairs(31) + ":zz")],
        [Fingerprint(algorithm="sha-256", value=pairs(32)), Fingerprint(algorithm="sha-512", value="")],
    ],
    ids=["none", "weak only", "short", "long", "no colons", "no hex", "one malformed"],
)
def test_others_are_refused(given: list[Fingerprint]) -> None:
    with pytest.raises(HubbubError) as refused:
        acceptable(given)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
