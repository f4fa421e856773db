"""The end of a cut between NATS servers is noticed once for each replica that announces it."""

from hubbub_bus import Rejoins


def test_each_end_of_a_cut_is_new_once() -> None:
    rejoins = Rejoins()
    assert not rejoins.are_new({})
    assert rejoins.are_new({"far": 1_000})
    assert not rejoins.are_new({"far": 1_000})
    assert rejoins.are_new({"far": 1_000, "farther": 500})
    assert not rejoins.are_new({"far": 900}), "another replica noticed it earlier"
    assert rejoins.are_new({"far": 9_000})
