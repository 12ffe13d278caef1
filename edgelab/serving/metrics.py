"""What the application counts and times, for Prometheus to fetch at /metrics.

    metrics = Metrics()
    metrics.answered("/predict", "POST", 200, seconds=0.004)
    metrics.text()

A counter only rises, a gauge goes up and down, a histogram counts how many values fell below each of
its bounds. The customary bounds begin at 5 ms: a network that takes 0.1 ms would never be seen, so these
begin at 0.1 ms. A label may take few values only (a route, never a full address): every combination
is a series of numbers that is kept as long as the process lives. Lessons 43 and 44.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STAGES = ("wait", "decode", "inference")
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE")


class Metrics:
    """The counters of one application; several in one process don't mix."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, processor time and open files, on Linux
        name = "edgelab_"
        self._requests = Counter(
            f"{name}requests", "Requests answered", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            f"{name}request_seconds",
            "Time to answer a request",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            f"{name}stage_seconds",
            "Time of a part of /predict",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._refused = Counter(
            f"{name}refused", "Requests refused, by reason", ["code"], registry=registry
        )
        self._images = Counter(
            f"{name}images",
            "Images answered",
            ["model", "version", "from_cache"],
            registry=registry,
        )
        self._batches = Histogram(
            f"{name}batch_images",
            "Images in a batch, with micro-batching",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a number that is read whenever somebody looks."""
        Gauge(f"edgelab_{name}", text, registry=self.registry).set_function(value)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer to a request, whatever it was."""
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def staged(self, milliseconds: dict[str, float]) -> None:
        """Count how long the parts of a prediction took."""
        for stage in STAGES:
            self._stages.labels(stage).observe(milliseconds[stage] / 1000)

    def refused(self, code: str) -> None:
        """Count a refusal by its reason."""
        self._refused.labels(code).inc()

    def images(self, model: str, version: str, computed: int, from_cache: int) -> None:
        """Count images that were answered."""
        self._images.labels(model, version, "no").inc(computed)
        self._images.labels(model, version, "yes").inc(from_cache)

    def batch(self, size: int) -> None:
        """Count a batch."""
        self._batches.observe(size)

    def text(self) -> bytes:
        """Return everything in Prometheus's format."""
        return generate_latest(self.registry)
