"""Worker load from cumulative counters."""

from hubbub_media_node.domain.load_meter import LoadMeter, WorkerRate, WorkerSample


def test_the_first_sample_gives_no_rate() -> None:
    assert LoadMeter().rates(0, [WorkerSample(9.0, 9_000, 900, 900)]) == [WorkerRate()]


def test_rates_cover_the_last_second() -> None:
    meter = LoadMeter()
    meter.rates(0.0, [WorkerSample(0.0, 0, 0, 0)])
    meter.rates(1.0, [WorkerSample(1.0, 1_000, 1_000, 5_000)])
    assert meter.rates(2.0, [WorkerSample(1.25, 1_500, 1_100, 6_000)]) == [WorkerRate(0.25, 500.0, 800.0, 8_000.0)]


def test_cpu_load_is_capped_at_one_core() -> None:
    meter = LoadMeter()
    meter.rates(0.0, [WorkerSample(0.0, 0, 0, 0)])
    assert meter.rates(1.0, [WorkerSample(1.02, 0, 0, 0)])[0].cpu == 1.0
