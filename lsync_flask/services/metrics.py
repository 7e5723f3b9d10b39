"""What `/metrics` answers: the ledger's numbers, read when asked, and what all processes have counted in Redis.

Any process can answer, and all answer the same: nothing is kept in the one that is asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from lsync_flask.doorbell import queue
from lsync_flask.errors import LsyncError
from lsync_flask.meters import BOUNDS_S, Reading, read_last, read_sums
from lsync_flask.services.resources import Resources
from lsync_flask.storage.gauges import Gauges, read_gauges

COUNTERS = {
    "lsync_records": "Records whose outcome was stored, by fate.",
    "lsync_credits": "Credits that answered calls have cost, by provider.",
    "lsync_state_changes": "Changes of an activity's status, by the new one.",
}
HISTOGRAMS = {
    "lsync_provider_call_seconds": "How long calls to a provider take, by provider and result.",
    "lsync_salesforce_request_seconds": "How long requests to Salesforce take, by kind and HTTP status.",
}
LAST = {
    "lsync_api_calls_left": "API calls of 24 hours that the org has left, as Salesforce said last.",
}


def metrics_text(resources: Resources, connection: Redis) -> bytes:
    """All metrics in Prometheus' text format. What does not answer is missing, and `lsync_up` says so."""
    registry = CollectorRegistry()
    registry.register(_Collector(resources, connection))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, resources: Resources, connection: Redis) -> None:
        self._resources = resources
        self._connection = connection

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("lsync_up", "1 while this part answers.", labels=["part"])
        parts = {"database": self._of_ledger, "redis": self._of_redis}
        for part, read in parts.items():
            found = _answered(read)
            up.add_metric([part], 0.0 if found is None else 1.0)
            yield from found or ()
        yield up

    def _of_ledger(self) -> Sequence[Metric]:
        month = self._resources.clock().strftime("%Y-%m")
        return list(_gauges(read_gauges(self._resources.database, month)))

    def _of_redis(self) -> Sequence[Metric]:
        depth = GaugeMetricFamily("lsync_queue_depth", "Doorbells that no worker has heard yet.")
        depth.add_metric([], float(queue(self._connection).count))
        sums, last = read_sums(self._connection), read_last(self._connection)
        return [depth, *_counters(sums), *_histograms(sums), *_noted(last)]


def _answered(read: Callable[[], Sequence[Metric]]) -> Sequence[Metric] | None:
    try:
        return read()
    except (LsyncError, RedisError):
        return None


def _gauges(seen: Gauges) -> Iterator[Metric]:
    yield _by("lsync_activities", "Activities that have not ended, by status.", "status", seen.activities)
    yield _by("lsync_bulks", "Bulks that have not ended, by state.", "state", seen.bulks)
    yield _by("lsync_credits_left", "Credits left of the month's cap, by org.", "org", seen.credits_left)
    plain = {
        "lsync_bulks_held": ("Bulks that a worker holds.", seen.held),
        "lsync_lease_age_seconds": ("Since the most silent holder last said that it lives.", seen.lease_age_s),
        "lsync_leases_run_out": ("Bulks whose holder has died and that nobody has taken yet.", seen.leases_run_out),
        "lsync_bulks_due": ("Bulks that a worker could take now.", seen.due),
        "lsync_due_age_seconds": ("How long the bulk that has waited longest could be taken.", seen.due_age_s),
        "lsync_outbox": ("Mails that are due and not sent.", seen.outbox),
        "lsync_outbox_age_seconds": ("How long the oldest of them is due.", seen.outbox_age_s),
    }
    for name, (text, value) in plain.items():
        gauge = GaugeMetricFamily(name, text)
        gauge.add_metric([], float(value))
        yield gauge


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        gauge.add_metric([key], float(value))
    return gauge


def _counters(sums: Sequence[Reading]) -> Iterator[Metric]:
    for name, text in COUNTERS.items():
        found = [one for one in sums if one.name == name]
        family = CounterMetricFamily(name, text, labels=_names(found))
        for one in found:
            family.add_metric(list(one.labels.values()), one.value)
        yield family


def _noted(last: Sequence[Reading]) -> Iterator[Metric]:
    for name, text in LAST.items():
        found = [one for one in last if one.name == name]
        family = GaugeMetricFamily(name, text, labels=_names(found))
        for one in found:
            family.add_metric(list(one.labels.values()), one.value)
        yield family


def _histograms(sums: Sequence[Reading]) -> Iterator[Metric]:
    for name, text in HISTOGRAMS.items():
        total = {tuple(one.labels.values()): one.value for one in sums if one.name == f"{name}_sum"}
        in_bucket: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        for one in sums:
            if one.name == f"{name}_bucket":
                labels = {key: value for key, value in one.labels.items() if key != "le"}
                in_bucket[tuple(labels.values())][one.labels["le"]] = one.value
        family = HistogramMetricFamily(name, text, labels=_names([one for one in sums if one.name == f"{name}_sum"]))
        for values, buckets in sorted(in_bucket.items()):
            family.add_metric(list(values), _cumulated(buckets), total.get(values, 0.0))
        yield family


def _cumulated(buckets: Mapping[str, float]) -> list[tuple[str, float]]:
    found, total = [], 0.0
    for bound in (*(str(one) for one in BOUNDS_S), "+Inf"):
        total += buckets.get(bound, 0.0)
        found.append((bound, total))
    return found


def _names(found: Sequence[Reading]) -> list[str]:
    return list(found[0].labels) if found else []
