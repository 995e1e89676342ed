"""What the server counts, in the Prometheus text format at ``/metrics``."""

from __future__ import annotations

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TOKENS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128)

CONTENT_TYPE = CONTENT_TYPE_LATEST

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the page and nobody asks for them


class Metrics:
    """One registry per server, so that several servers can live in one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter("quantlat_requests", "Finished requests", ["endpoint", "status"], registry=registry)
        self.request_seconds = Histogram(
            "quantlat_request_seconds",
            "From the first byte of a request to the last of its response",
            ["endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.requests_in_flight = Gauge("quantlat_requests_in_flight", "Requests under way", registry=registry)
        self.queue_seconds = Histogram(
            "quantlat_queue_seconds", "Time a text waited for its batch", buckets=_SECONDS, registry=registry
        )
        self.queue_items = Gauge("quantlat_queue_items", "Texts that wait", registry=registry)
        self.queue_tokens = Gauge("quantlat_queue_tokens", "Real tokens that wait", registry=registry)
        self.batch_seconds = Histogram(
            "quantlat_batch_seconds", "Computing one batch", ["profile"], buckets=_SECONDS, registry=registry
        )
        self.batch_items = Histogram("quantlat_batch_items", "Texts in a batch", buckets=_ITEMS, registry=registry)
        self.batch_tokens = Histogram(
            "quantlat_batch_tokens", "Real tokens in a batch", buckets=_TOKENS, registry=registry
        )
        self.answers = Counter(
            "quantlat_answers",
            "Texts computed, by the profile used and whether overload made it a faster one",
            ["profile", "degraded"],
            registry=registry,
        )
        self.budget_misses = Counter(
            "quantlat_budget_misses", "Texts whose answer took longer than their budget_ms", registry=registry
        )
        self.rejected = Counter(
            "quantlat_rejected", "Requests and texts that were not computed", ["reason"], registry=registry
        )
        self.restarts = Gauge(
            "quantlat_model_restarts", "How often the model's process had to be started again", registry=registry
        )
        for reason in ("overloaded", "deadline", "disconnected", "failed"):
            self.rejected.labels(reason)

    def text(self) -> bytes:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry)
