"""Whether two latencies may be compared, and whether two accuracies are about the same questions.

A latency is a fact about a model *on a machine, in a setting*. Where anything but the model differs, a ratio would
measure that difference too, so none is given and the differences are named instead. What is not known counts as
different: a report that did not record how its measuring process was set up cannot be compared with any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import LatencyRow, MeasureSettingsInfo, Row

DEV_QUESTIONS, DATA_FINGERPRINT = "dev questions, sha256", "data fingerprint"
DATA_MISMATCHES = (DEV_QUESTIONS, DATA_FINGERPRINT)
NOT_RECORDED = "not recorded"
_MACHINE = ("cpu", "isa", "cores", "threads", "sockets", "quota_cores", "governor", "virtualised", "system")


class Mismatch(Row):
    """Something besides the model that differs: what, and its two values."""

    what: str
    values: tuple[str, str]

    @property
    def text(self) -> str:
        """``threads: 1 against 2``."""
        return f"{self.what}: {self.values[0]} against {self.values[1]}"


def setting_mismatches(first: ReportData, second: ReportData) -> tuple[Mismatch, ...]:
    """What differs between two reports: machine, headline, the measuring process, data, versions."""
    found = [*_machine(first, second), *_setting(first, second), *_process(first.settings, second.settings)]
    return (*found, *_data(first, second), *_versions(first, second))


def row_mismatches(first: LatencyRow, second: LatencyRow) -> tuple[Mismatch, ...]:
    """What differs between two measurements of the same role besides their reports."""
    pairs = [
        ("runtime", first.runtime, second.runtime),
        ("threads", first.threads, second.threads),
        ("batch", first.batch, second.batch),
        ("padded", first.padded, second.padded),
        ("precision", first.precision, second.precision),
    ]
    found = list(_differing(pairs))
    if sorted(set(first.sample_tokens)) != sorted(set(second.sample_tokens)):
        means = (f"{first.tokens_mean:.1f} tokens on average", f"{second.tokens_mean:.1f}")
        found.append(Mismatch(what="lengths of the timed requests", values=means))
    if not (first.reliable and second.reliable):
        states = tuple("quiet" if row.reliable else "disturbed" for row in (first, second))
        found.append(Mismatch(what="reliability of the measurement", values=(states[0], states[1])))
    return tuple(found)


def same_questions(first: ReportData, second: ReportData) -> str:
    """Why the accuracies cannot be paired by question; empty when they can."""
    if first.questions is None or second.questions is None:
        return f"not both reports hold the scores of single {first.metric.items}"
    if first.questions.sha256 != second.questions.sha256:
        return f"the dev {first.metric.items} are not the same"
    return ""


def _differing(pairs: list[tuple[str, object, object]]) -> Iterator[Mismatch]:
    for what, one, other in pairs:
        if one != other:
            yield Mismatch(what=what, values=(_shown(one), _shown(other)))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return (
        {None: "unknown", True: "yes", False: "no"}[value]
        if value is None or value is True or value is False
        else str(value)
    )


def _machine(first: ReportData, second: ReportData) -> list[Mismatch]:
    one, other = first.machine, second.machine
    found = list(_differing([(f"machine, {name}", getattr(one, name), getattr(other, name)) for name in _MACHINE]))
    if not found and one.fingerprint != other.fingerprint:
        found = list(_differing([("machine fingerprint", one.fingerprint, other.fingerprint)]))
    return found


def _setting(first: ReportData, second: ReportData) -> Iterator[Mismatch]:
    one, other = first.headline, second.headline
    pairs: list[tuple[str, object, object]] = [
        ("runtime", one.runtime, other.runtime),
        ("threads", one.threads, other.threads),
        ("batch", one.batch, other.batch),
    ]
    return _differing(pairs)


def _process(first: MeasureSettingsInfo | None, second: MeasureSettingsInfo | None) -> Iterator[Mismatch]:
    """What differs in how the measuring processes were set up."""
    if first is None or second is None:
        states = tuple(NOT_RECORDED if settings is None else "recorded" for settings in (first, second))
        yield Mismatch(what="settings of the measuring process", values=(states[0], states[1]))
        return
    pairs: list[tuple[str, object, object]] = [
        ("process that measured", _kind(first), _kind(second)),
        ("threads of the measuring process", first.threads, second.threads),
        ("CPUs it was pinned to", first.cpus, second.cpus),
        ("memory allocator", first.allocator, second.allocator),
        ("signs of a debug build", first.debug, second.debug),
    ]
    yield from _differing(pairs)
    yield from _differing(_by_name("thread pool of", first.thread_pools, second.thread_pools))
    yield from _differing(_by_name("environment variable", first.steering, second.steering))


def _kind(settings: MeasureSettingsInfo) -> str:
    return "one of its own" if settings.own_process else "one that did other things too"


def _by_name(what: str, first: Mapping[str, object], second: Mapping[str, object]) -> list[tuple[str, object, object]]:
    names = sorted(first.keys() | second.keys())
    return [(f"{what} {name}", first.get(name, "not set"), second.get(name, "not set")) for name in names]


def _data(first: ReportData, second: ReportData) -> Iterator[Mismatch]:
    one, other = first.data, second.data
    pairs: list[tuple[str, object, object]] = [("longest window, tokens", one.max_tokens, other.max_tokens)]
    if first.questions is not None and second.questions is not None:
        pairs.append((DEV_QUESTIONS, first.questions.sha256[:12], second.questions.sha256[:12]))
    else:
        pairs.append((DATA_FINGERPRINT, (one.fingerprint or "unknown")[:12], (other.fingerprint or "unknown")[:12]))
    return _differing(pairs)


def _versions(first: ReportData, second: ReportData) -> Iterator[Mismatch]:
    one = {**first.versions, "quantlat": first.quantlat_version}
    other = {**second.versions, "quantlat": second.quantlat_version}
    for row in first.runtimes:
        one.setdefault(f"runtime {row.name}", row.version or "")
    for row in second.runtimes:
        other.setdefault(f"runtime {row.name}", row.version or "")
    names = sorted(one.keys() & other.keys() | {name for name in one.keys() ^ other.keys() if "runtime" not in name})
    return _differing([(f"version of {name}", one.get(name), other.get(name)) for name in names])
