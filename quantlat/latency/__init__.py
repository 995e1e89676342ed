"""Measuring latency: machine facts, workload, interleaved rounds, statistics, contention."""

from quantlat.latency.advice import MeasurementWarning, machine_warnings, merge_warnings
from quantlat.latency.child import ChildContext, measure_in_child
from quantlat.latency.contention import ContentionLimits, ContentionReport, watch_contention
from quantlat.latency.machine import MachineFacts, read_machine_facts
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.latency.measurement import Measurement, int8_warnings
from quantlat.latency.rounds import median_over_rounds_ci, mix_mean_over_rounds_ci, rate_ci, ratio_ci
from quantlat.latency.settings import MeasureSettings
from quantlat.latency.statistics import (
    length_mix_ci,
    length_mix_mean,
    length_parts,
    median_ci,
    percentile_ci,
    percentiles_supported,
    samples_needed,
)
from quantlat.latency.workload import Workload

__all__ = [
    "ChildContext",
    "ContentionLimits",
    "ContentionReport",
    "MachineFacts",
    "MeasureOptions",
    "MeasureSettings",
    "Measurement",
    "MeasurementWarning",
    "Workload",
    "int8_warnings",
    "length_mix_ci",
    "length_mix_mean",
    "length_parts",
    "machine_warnings",
    "measure_in_child",
    "measure_interleaved",
    "median_ci",
    "median_over_rounds_ci",
    "merge_warnings",
    "mix_mean_over_rounds_ci",
    "percentile_ci",
    "percentiles_supported",
    "rate_ci",
    "ratio_ci",
    "read_machine_facts",
    "samples_needed",
    "watch_contention",
]
