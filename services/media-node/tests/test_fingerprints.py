"""Validation of a client's certificate fingerprints."""

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.transport import Fingerprint
from hubbub_media_node.domain.fingerprints import select_fingerprints


def pairs(count: int) -> str:
    return ":".join(["aB"] * count)


@pytest.mark.parametrize(("algorithm", "size"), [("sha-256", 32), ("SHA-384", 48), ("sha-512", 64)])
def test_a_strong_fingerprint_is_accepted_in_canonical_form(algorithm: str, size: int) -> None:
    (accepted,) = select_fingerprints([Fingerprint(algorithm=algorithm, value=pairs(size))])
    assert (accepted.algorithm, accepted.value) == (algorithm.lower(), pairs(size).upper())


def test_a_weak_fingerprint_next_to_a_strong_one_is_ignored() -> None:
    given = [Fingerprint(algorithm="sha-1", value="nonsense"), Fingerprint(algorithm="sha-256", value=pairs(32))]
    assert [each.algorithm for each in select_fingerprints(given)] == ["sha-256"]


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
    ids=["none", "weak only", "short", "long", "no colons", "not hexadecimal", "one malformed"],
)
def test_missing_and_malformed_fingerprints_are_an_invalid_argument(given: list[Fingerprint]) -> None:
    with pytest.raises(HubbubError) as refused:
        select_fingerprints(given)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
