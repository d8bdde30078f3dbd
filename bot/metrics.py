"""What is counted and measured, for Prometheus. Knows nobody: no label names a person, a mission or a chat.

One registry for each bot, made where the bot is built. What the database knows is asked for when somebody
looks, see `bot.condition`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

ANSWER_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30, 150)
DECISION_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 10)
LATE_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters and histograms of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.updates = Counter(
            "smt_updates",
            "Updates of Telegram: received (kept for the first time), done, again (failed, to be tried"
            " again), set_aside (failed for good), taken_over (by another worker).",
            ["end"],
            registry=self.registry,
        )
        for end in ("received", "done", "again", "set_aside", "taken_over"):
            self.updates.labels(end)
        self.answer_seconds = Histogram(
            "smt_answer_seconds",
            "From the moment a tap was kept to its answer at Telegram.",
            buckets=ANSWER_BUCKETS,
            registry=self.registry,
        )
        self.decision_seconds = Histogram(
            "smt_decision_seconds",
            "From the beginning of the work on an update to its end, the answer included.",
            buckets=DECISION_BUCKETS,
            registry=self.registry,
        )
        self.timer_late_seconds = Histogram(
            "smt_timer_late_seconds",
            "By how much a timer rang after its moment.",
            buckets=LATE_BUCKETS,
            registry=self.registry,
        )

    def written(self, *more: Metric) -> bytes:
        """Everything in Prometheus' text, with what was looked up just now."""
        now = CollectorRegistry()
        now.register(_Given(more))
        return generate_latest(self.registry) + generate_latest(now)


class _Given:
    """A collector of what is given to it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def gauge(name: str, words: str, value: float | None) -> GaugeMetricFamily:
    """One number of now; no sample where there is none."""
    metric = GaugeMetricFamily(name, words)
    if value is not None:
        metric.add_metric([], value)
    return metric


def gauges(name: str, words: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """Several of now, by one label."""
    metric = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric


def counters(name: str, words: str, label: str, values: Mapping[str, Any]) -> CounterMetricFamily:
    """Several that only grow, by one label."""
    metric = CounterMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric
