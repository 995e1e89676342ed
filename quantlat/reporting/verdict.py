"""The verdict in one sentence, honest about what was missed and about what cannot be told from zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import AccuracyRow, Interval, Role, profile_key

# A difference under this many points reads as "no loss" in a sentence; tables always show the number.
_NO_LOSS = 0.005
_COMPARED = (
    (Role.TEACHER, "the fp32 teacher without padding"),
    (Role.STUDENT, "the fp32 student"),
    (Role.NNCF, "the same student in INT8 by NNCF"),
)


class Outcome(StrEnum):
    """How the run ended with respect to the accuracy floor."""

    MET = "floor met"
    MISSED = "floor missed"
    MISSED_ON_DEV = "floor met in the search, missed on dev"
    NO_FLOOR = "no floor was asked for"


@dataclass(frozen=True)
class Verdict:
    """One sentence (plain text) and the outcome behind it."""

    outcome: Outcome
    sentence: str


def dev_drop(data: ReportData) -> float | None:
    """Points that the headline profile loses on dev against the search's reference; < 0 is a gain."""
    profile = data.accuracy_of(profile_key(data.headline.profile))
    reference = reference_accuracy(data)
    if profile is None or reference is None:
        return None
    return reference.points.estimate - profile.points.estimate


def reference_accuracy(data: ReportData) -> AccuracyRow | None:
    """The dev accuracy of the model that accuracy drops are counted from."""
    role = data.search.reference_role if data.search is not None else Role.STUDENT
    return data.accuracy_of(role.value)


def outcome(data: ReportData) -> Outcome:
    """Compare what was asked with what the search found and what the dev questions confirmed."""
    if data.search is None:
        return Outcome.NO_FLOOR
    if data.search.missed_by is not None:
        return Outcome.MISSED
    drop = dev_drop(data)
    return Outcome.MISSED_ON_DEV if drop is not None and drop > data.search.max_drop else Outcome.MET


def verdict(data: ReportData) -> Verdict:
    """State speed, accuracy and whether the floor was met, in one sentence."""
    found, search = outcome(data), data.search
    name, metric = f"`{data.headline.profile}`", data.metric
    speed = _speed(data)
    if search is None:
        return Verdict(found, f"{name} {speed} and {_loss(data)}.")
    allowed = f"{search.max_drop:.2f} allowed"
    loss = _loss(data) if found is Outcome.MISSED else _loss(data, f"; {allowed}")
    if found is Outcome.MISSED:
        return Verdict(
            found,
            f"The accuracy floor was missed by {fmt.points(search.missed_by or 0.0, 2)} {metric.name} points "
            f"({allowed}); the nearest profile, {name}, {speed} and {loss} on the dev {metric.items}.",
        )
    if found is Outcome.MISSED_ON_DEV:
        return Verdict(
            found,
            f"{name} {speed.removesuffix(',')}, but on the dev {metric.items} it {loss}, "
            "more than the search had shown.",
        )
    return Verdict(found, f"{name} {speed} and {loss}.")


def _speed(data: ReportData) -> str:
    row = data.latency_of(profile_key(data.headline.profile))
    if row is None:
        return "was not timed"
    precision = row.precision.upper() if row.precision == "int8" else row.precision
    level = fmt.percent(min(row.level, 0.95))
    limits = f"{level} interval {fmt.limits(*row.ci_ms, row.median_ms)}"
    setting = f"median request, {fmt.plural(row.threads, 'thread')}, {precision} in {runtime_name(row.runtime)}"
    disturbed = "" if row.reliable else ", by a measurement that was disturbed and should be repeated"
    compared = _comparisons(data, row.key)
    text = f"answers in {fmt.milliseconds(row.median_ms)} ({limits}; {setting}{disturbed})"
    return f"{text}, {joined(compared)}," if compared else text


def _comparisons(data: ReportData, key: str) -> list[str]:
    """``33.2× (32.5 to 33.9) faster than …``, ``3.57× (…) than …``: the word is said again only where it changes."""
    phrases, last = [], ""
    for role, what in _COMPARED:
        value, row = data.speedup(key, role.value), data.speedup_row(key, role.value)
        if value is None:
            continue
        ratio = row.ratio if row is not None and row.ratio.known else None
        if ratio is not None and ratio.low <= 1.0 <= ratio.high:
            phrases.append(f"not measurably faster than {what} ({_times(ratio)})")
            last = ""
            continue
        phrase = fmt.faster(value, what)
        word = next((w for w in (" faster", " slower") if w in phrase), "")
        if ratio is not None:
            phrase = _with_limits(phrase, word, ratio)
        phrases.append(phrase.replace(word, "", 1) if word and word == last else phrase)
        last = word
    return phrases


def _times(ratio: Interval) -> str:
    """``0.97× to 1.12×``."""
    return f"{fmt.ratio(ratio.low)} to {fmt.ratio(ratio.high)}"


def _with_limits(phrase: str, word: str, ratio: Interval) -> str:
    """The interval behind the factor, or behind the phrase where that has none."""
    if not word:
        return f"{phrase} ({_times(ratio)})"
    low, high = (ratio.low, ratio.high) if word == " faster" else (1 / ratio.high, 1 / ratio.low)
    estimate = ratio.estimate if word == " faster" else 1 / ratio.estimate
    rest = phrase.split(" ", 1)[1]
    return f"{fmt.ratio(estimate)} ({fmt.limits(low, high, estimate)}) {rest}"


def joined(parts: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _loss(data: ReportData, allowed: str = "") -> str:
    profile = data.accuracy_of(profile_key(data.headline.profile))
    reference, drop, metric = reference_accuracy(data), dev_drop(data), data.metric.name
    if profile is None or reference is None or drop is None:
        return "has no measured accuracy"
    name = data.search.reference if data.search is not None else reference.label
    if abs(drop) < _NO_LOSS:
        known = profile.difference is not None and profile.difference.interval.known
        limits = f"; difference{_drop_limits(profile, drop)}" if known else ""
        return f"has the {metric} of the {name} ({fmt.points(profile.points.estimate)}{limits})"
    scores = f"({fmt.points(profile.points.estimate)} against {fmt.points(reference.points.estimate)}{allowed})"
    limits = _drop_limits(profile, drop)
    text = f"{'loses' if drop > 0 else 'gains'} {abs(drop):.2f} {metric} points{limits} against the {name} {scores}"
    if profile.difference is not None and not profile.difference.distinguishable:
        text += ", a difference not distinguishable from zero at this sample size"
    return text


def _drop_limits(profile: AccuracyRow, drop: float) -> str:
    """The interval of what is lost, or gained, where the difference has one."""
    if profile.difference is None or not profile.difference.interval.known:
        return ""
    found = profile.difference.interval
    low, high = (-found.high, -found.low) if drop > 0 else (found.low, found.high)
    return f" ({fmt.points(low, 2)} to {fmt.points(high, 2)})"


_RUNTIME_NAMES = {
    "pytorch": "PyTorch",
    "native": "the native engine",
    "inductor": "PyTorch inductor",
    "openvino": "OpenVINO",
    "onnxruntime": "ONNX Runtime",
    "ipex": "IPEX",
}


def runtime_name(name: str) -> str:
    """How a runtime is written in prose: ``openvino`` is OpenVINO."""
    return _RUNTIME_NAMES.get(name, name)
