"""The core's counters match the declared metrics."""

from hubbub_media_core import MediaCore
from hubbub_media_node.adapters.node_status import NodeStatus
from hubbub_media_node.adapters.worker_metrics import _DISTRIBUTIONS, read_worker_metrics
from hubbub_media_node.domain.worker_occupancy import WorkerOccupancy
from hubbub_service.metrics import CATALOGUE, Metrics


async def test_histogram_bounds_of_the_core_equal_the_declared_ones() -> None:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        media = dict(core.counters()[0]["media"])
    histograms = {name for name, value in media.items() if isinstance(value, dict)}
    assert histograms == {name for name, _, _, _ in _DISTRIBUTIONS}
    for name, metric, _, factor in _DISTRIBUTIONS:
        bounds = media[name]["bounds"]  # type: ignore[index]
        assert [round(bound * factor, 6) for bound in bounds] == [round(bound, 6) for bound in metric.buckets], name


async def test_every_scraped_metric_of_the_node_is_read_for_every_worker() -> None:
    async with MediaCore([("127.0.0.1", 0), ("127.0.0.1", 0)]) as core:
        status = NodeStatus(accepts_work=lambda: True, occupancy=(WorkerOccupancy(1, 2), WorkerOccupancy()))
        status.remote_producers = {"node-2": 3}
        readings = list(read_worker_metrics(core, status, "node-1"))
        declared = {one for one in CATALOGUE if one.on_scrape and one.services == ("media-node",)}
        assert {one.metric for one in readings} == declared
        assert {one.labels[0] for one in readings if "worker" in one.metric.labels} == {"0", "1"}
        metrics = Metrics("media-node")
        metrics.on_scrape(lambda: read_worker_metrics(core, status, "node-1"))
        text = metrics.exposition()[0].decode()
    assert 'hubbub_node_peers{worker="0"} 2.0' in text
    assert 'hubbub_node_remote_producers{sender="node-2"} 3.0' in text
    assert 'hubbub_media_loss_ratio_bucket{direction="sent",le="+Inf",worker="1"} 0.0' in text
