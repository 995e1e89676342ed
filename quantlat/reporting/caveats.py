"""Caveats and warnings that follow from the data itself, so that no report can forget to state them."""

from __future__ import annotations

from quantlat.reporting import formatting as fmt
from quantlat.reporting.agreement import RUNTIME_AGREEMENT, runtime_spread, spread_text
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import Role, profile_key
from quantlat.reporting.verdict import Outcome, dev_drop, outcome, runtime_name

SQUAD_TRAIN_QUESTIONS = 87_599
_TOTALS = ("questions", "texts")  # what was read, beside what was wrong with it


def with_caveats(data: ReportData) -> ReportData:
    """``data`` with the caveats and warnings that its own content implies; adding twice changes nothing."""
    caveats = _merged(data.caveats, _caveats(data))
    warnings = _merged(data.warnings, _warnings(data))
    return data.model_copy(update={"caveats": caveats, "warnings": warnings})


def _merged(given: tuple[str, ...], derived: list[str]) -> tuple[str, ...]:
    return given + tuple(text for text in derived if text not in given)


def _caveats(data: ReportData) -> list[str]:
    found = []
    source = data.data
    made = "passages" if data.metric.item == "question" else data.metric.items
    if source.kind == "embedded":
        found.append(
            f"Trained and evaluated on generated {made}, because no real data was at hand: the accuracies say "
            f"that the chain works, not how good the model is on real {data.metric.items}."
        )
    elif "squad" in source.name.lower() and source.train_questions < SQUAD_TRAIN_QUESTIONS:
        found.append(
            f"Trained on {fmt.count(source.train_questions)} questions, not on the "
            f"{fmt.count(SQUAD_TRAIN_QUESTIONS)} of the SQuAD 1.1 training set: the scores are lower than published "
            "ones and must not be compared with them."
        )
    issues = [
        f"{fmt.count(n)} {what.replace('_', ' ')}" for what, n in source.issues.items() if n and what not in _TOTALS
    ]
    if issues:
        found.append(f"Found in the data: {', '.join(issues)}.")
    profile = data.accuracy_of(profile_key(data.headline.profile))
    if profile is not None and profile.difference is not None and profile.difference.interval.known:
        interval = profile.difference.interval
        found.append(
            f"With {fmt.count(profile.n)} dev {data.metric.items}, an {data.metric.name} difference of less than about "
            f"{max((interval.high - interval.low) / 2, 100.0 / profile.n):.1f} points cannot be told from zero."
        )
    if data.machine.virtualised:
        found.append("Measured on a virtual machine: what its neighbours did cannot be seen from inside.")
    return found


def _warnings(data: ReportData) -> list[str]:
    found = _floor_warnings(data) + _speed_warnings(data)
    found += _measurement_warnings(data)
    found += [f"{runtime_name(r.name)} was not used: {r.reason}" for r in data.runtimes if not r.usable]
    for name, spread in runtime_spread(data).items():
        if spread.estimate > RUNTIME_AGREEMENT:
            found.append(
                f"Runtimes disagree on `{name}` by {spread_text(spread)} {data.metric.name} points; expected: at most "
                f"{RUNTIME_AGREEMENT}."
            )
    sizes = data.quantization
    if sizes is not None and sizes.int8_mib >= sizes.fp32_mib:
        found.append(
            f"The INT8 file is not smaller: {fmt.mebibytes(sizes.int8_mib)} after {fmt.mebibytes(sizes.fp32_mib)}."
        )
    return found


def _measurement_warnings(data: ReportData) -> list[str]:
    """Each warning once, with the measurements it concerns."""
    concerned: dict[str, list[str]] = {}
    for row in data.latency:
        own = row.warnings if row.reliable else (*row.warnings, "The measurement was disturbed: repeat it.")
        for text in own:
            threads = "" if row.threads == data.headline.threads else f", {fmt.plural(row.threads, 'thread')}"
            concerned.setdefault(text, []).append(f"{row.label} ({runtime_name(row.runtime)}{threads})")
    everywhere = len(data.latency)
    return [
        f"{text} Concerns {'every measurement' if len(labels) == everywhere > 1 else ', '.join(labels)}."
        for text, labels in concerned.items()
    ]


def _floor_warnings(data: ReportData) -> list[str]:
    search = data.search
    if search is None:
        return []
    found = outcome(data)
    if found is Outcome.MISSED:
        return [
            f"The accuracy floor of {fmt.points(search.floor, 2)} {data.metric.name} on the search split was missed by "
            f"{fmt.points(search.missed_by or 0.0, 2)} points; the profiles are the nearest that exist."
        ]
    if found is Outcome.MISSED_ON_DEV:
        return [
            f"`{data.headline.profile}` was within {search.max_drop:.2f} points in the search, but loses "
            f"{dev_drop(data) or 0.0:.2f} on the dev {data.metric.items}."
        ]
    return []


def _speed_warnings(data: ReportData) -> list[str]:
    found = []
    full, best = profile_key("full"), profile_key(data.headline.profile)
    over_fp32 = data.speedup(full, Role.STUDENT.value)
    if over_fp32 is not None and over_fp32 < 1.0:
        found.append(f"INT8 at full length is {fmt.ratio(1 / over_fp32)} slower than fp32 here: see `quantlat doctor`.")
    over_full = data.speedup(best, full) if best != full else None
    if over_full is not None and over_full < 1.0:
        found.append(
            f"`{data.headline.profile}` is {fmt.ratio(1 / over_full)} slower than `full`: dropping tokens does not "
            "pay in this runtime."
        )
    return found
