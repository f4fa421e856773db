"""How busy workers are, and which of them takes a new room."""

from hubbub_media_node.domain.load import LoadMeter, WorkerRate, WorkerSample
from hubbub_media_node.domain.placement import least_loaded


def test_the_first_sample_tells_nothing() -> None:
    assert LoadMeter().rates(0, [WorkerSample(9.0, 9_000)]) == [WorkerRate(0.0, 0.0)]


def test_rates_are_those_of_the_last_second() -> None:
    meter = LoadMeter()
    meter.rates(0.0, [WorkerSample(0.0, 0)])
    meter.rates(1.0, [WorkerSample(1.0, 1_000)])
    assert meter.rates(2.0, [WorkerSample(1.25, 1_500)]) == [WorkerRate(0.25, 500.0)]


def test_a_core_cannot_be_used_more_than_whole() -> None:
    meter = LoadMeter()
    meter.rates(0.0, [WorkerSample(0.0, 0)])
    assert meter.rates(1.0, [WorkerSample(1.02, 0)])[0].cpu == 1.0


def test_a_room_goes_to_the_least_loaded_worker() -> None:
    assert least_loaded([0.8, 0.2, 0.5], [0, 5, 0], turn=0) == 1


def test_among_equally_loaded_workers_the_one_with_fewer_rooms_is_taken() -> None:
    assert least_loaded([0.01, 0.03], [2, 1], turn=0) == 1


def test_ties_go_round() -> None:
    assert [least_loaded([0.0, 0.0, 0.0], [0, 0, 0], turn) for turn in range(4)] == [0, 1, 2, 0]
