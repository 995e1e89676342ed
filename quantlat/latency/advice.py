"""What can make a measurement less than it seems, as data, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from quantlat.latency.machine import MachineFacts


class MeasurementWarning(StrEnum):
    """A reason to doubt a measurement or to expect a better one; ``advice`` says what to do."""

    RUN_DELAY = "run-delay"
    INVOLUNTARY_SWITCHES = "involuntary-switches"
    STEAL = "steal"
    THROTTLED = "throttled"
    BUSY_MACHINE = "busy-machine"
    TOO_FEW_SAMPLES = "too-few-samples"
    NOT_SETTLED = "not-settled"
    WIDE_INTERVAL = "wide-interval"
    NO_INT8_INSTRUCTIONS = "no-int8-instructions"
    SLOW_GOVERNOR = "slow-governor"
    MORE_THREADS_THAN_CORES = "more-threads-than-cores"
    SMT_SIBLINGS = "smt-siblings"
    QUOTA = "quota"
    DEBUG_BUILD = "debug-build"
    INT8_SLOWER = "int8-slower"
    UNRELIABLE = "unreliable"

    @property
    def advice(self) -> str:
        """One sentence for the user: what was seen and what to do."""
        return _ADVICE[self]

    @property
    def disturbs(self) -> bool:
        """Whether the samples themselves are affected, so that measuring again may help."""
        return self in DISTURBANCES


DISTURBANCES = frozenset(
    {
        MeasurementWarning.RUN_DELAY,
        MeasurementWarning.INVOLUNTARY_SWITCHES,
        MeasurementWarning.STEAL,
        MeasurementWarning.THROTTLED,
        MeasurementWarning.BUSY_MACHINE,
    }
)

_ADVICE = {
    MeasurementWarning.RUN_DELAY: (
        "Threads waited for a processor while being measured: stop other programs, or give them other cores."
    ),
    MeasurementWarning.INVOLUNTARY_SWITCHES: (
        "The scheduler took the processor away again and again: stop other programs, or use fewer threads."
    ),
    MeasurementWarning.STEAL: (
        "The host ran other virtual machines on these cores: measure on dedicated cores or at another time."
    ),
    MeasurementWarning.THROTTLED: (
        "The CPU quota of the container stopped the measurement: raise the quota, or use fewer threads."
    ),
    MeasurementWarning.BUSY_MACHINE: (
        "Other tasks wanted the same processors before and after: wait until the machine is idle."
    ),
    MeasurementWarning.TOO_FEW_SAMPLES: ("Too few samples for a 95 % interval of the median: allow more rounds."),
    MeasurementWarning.NOT_SETTLED: (
        "Times were still drifting when warm-up ended: allow a longer warm-up, or check frequency and heat."
    ),
    MeasurementWarning.WIDE_INTERVAL: (
        "The interval is wider than was asked for when the time was used up: allow more seconds."
    ),
    MeasurementWarning.NO_INT8_INSTRUCTIONS: (
        "This processor has no VNNI or AMX, so INT8 may be slower than fp32: measure on the machine that will serve."
    ),
    MeasurementWarning.SLOW_GOVERNOR: (
        "The frequency governor saves power: set it to 'performance' (cpupower frequency-set -g performance)."
    ),
    MeasurementWarning.MORE_THREADS_THAN_CORES: (
        "More threads than physical cores this process may use: lower the number of threads."
    ),
    MeasurementWarning.SMT_SIBLINGS: (
        "Two logical CPUs of one core are in use and share its INT8 units: pin one thread to each core."
    ),
    MeasurementWarning.QUOTA: (
        "The container's CPU quota is below the threads in use, so requests will be stopped now and then: "
        "use as many threads as the quota grants."
    ),
    MeasurementWarning.DEBUG_BUILD: (
        "A debug build, a tracer or a sanitizer slows this process down: measure with a release build, and without "
        "coverage or a profiler."
    ),
    MeasurementWarning.INT8_SLOWER: (
        "INT8 was slower than fp32 here: use another runtime, fewer threads, or a processor with VNNI or AMX."
    ),
    MeasurementWarning.UNRELIABLE: (
        "Too many samples were disturbed, also when measured again: do not use this number; stop other programs and "
        "repeat the report."
    ),
}


def machine_warnings(machine: MachineFacts, *, threads: int) -> tuple[MeasurementWarning, ...]:
    """What is known to spoil a measurement with ``threads`` threads on this machine before it begins."""
    found: list[MeasurementWarning] = []
    if not machine.has_int8_instructions:
        found.append(MeasurementWarning.NO_INT8_INSTRUCTIONS)
    if machine.governor in ("powersave", "conservative", "ondemand"):
        found.append(MeasurementWarning.SLOW_GOVERNOR)
    if machine.cpu_quota is not None and threads > machine.cpu_quota:
        found.append(MeasurementWarning.QUOTA)
    cores = len(machine.core_groups)
    if cores and threads > cores:
        smt = threads <= sum(len(group) for group in machine.core_groups)
        found.append(MeasurementWarning.SMT_SIBLINGS if smt else MeasurementWarning.MORE_THREADS_THAN_CORES)
    elif threads > len(machine.affinity):
        found.append(MeasurementWarning.MORE_THREADS_THAN_CORES)
    return tuple(found)


def merge_warnings(*groups: Iterable[MeasurementWarning]) -> tuple[MeasurementWarning, ...]:
    """All warnings once, in the order of the enum."""
    present = {warning for group in groups for warning in group}
    return tuple(warning for warning in MeasurementWarning if warning in present)
