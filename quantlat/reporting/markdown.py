"""``report.md``: the verdict first, then the evidence, then what is needed to check and to repeat it."""

from __future__ import annotations

from collections.abc import Mapping

from quantlat.reporting import formatting as fmt
from quantlat.reporting.agreement import runtime_spread, spread_text
from quantlat.reporting.collect import ReportData
from quantlat.reporting.facts import machine_facts, process_facts, version_facts
from quantlat.reporting.markdown_latency import by_length_markdown, latency_markdown, median_text, throughput_markdown
from quantlat.reporting.rows import AccuracyRow, profile_key
from quantlat.reporting.same_profiles import same_text
from quantlat.reporting.tables import escape, markdown_table, summary_markdown
from quantlat.reporting.verdict import runtime_name, verdict


def render_markdown(data: ReportData, figures: Mapping[str, tuple[str, str]]) -> str:
    """The report as Markdown.

    Args:
        figures: by figure name, its path relative to the report and the sentence it is titled with.
    """
    sections = [
        f"# {escape(data.recipe.name)}\n\n**{escape(verdict(data).sentence)}**",
        _alert(data),
        summary_markdown(data).rstrip(),
        _pictures(figures, "pareto", "baselines"),
        _profiles(data, figures),
        _speed(figures),
        _accuracy(data),
        _quantization(data),
        _latency(data, figures),
        _throughput(data),
        _data(data),
        _stages(data, figures),
        _machine(data),
        _warnings(data),
        _reproduce(data),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _alert(data: ReportData) -> str:
    if not data.warnings:
        return ""
    return f"[{fmt.plural(len(data.warnings), 'warning')}](#warnings) below."


def _pictures(figures: Mapping[str, tuple[str, str]], *names: str) -> str:
    return "\n\n".join(f"![{escape(figures[n][1])}]({figures[n][0]})" for n in names if n in figures)


def _profiles(data: ReportData, figures: Mapping[str, tuple[str, str]]) -> str:
    rows = []
    for profile in data.profiles:
        latency = data.latency_of(profile_key(profile.name))
        row = (
            f"`{profile.name}`" + (f" ({same_text(profile)})" if profile.same_as is not None else ""),
            fmt.ratios(profile.ratios),
            fmt.percent(profile.macs_relative),
            median_text(latency) if latency is not None else "–",
        )
        rows.append(row)
    text = "Share of the real tokens alive after each layer. One INT8 model serves all profiles, chosen per request."
    table = markdown_table(("profile", "layers 1 …", "MACs left", "latency (95 %)"), rows)
    return _section("Profiles", text, table, _search(data), _pictures(figures, "retention"))


def _search(data: ReportData) -> str:
    search = data.search
    if search is None:
        return "No search was asked for."
    sampler = f" (sampler: {search.sampler})" if search.sampler else ""
    text = (
        f"The search measured {fmt.plural(search.trials, 'configuration')}{sampler} in "
        f"{fmt.duration(search.seconds)} on {fmt.plural(search.windows, 'window')} of the search split (part of the "
        f"training data); the floor was {fmt.points(search.floor, 2)} {data.metric.name}, "
        f"{search.max_drop:.2f} points under the {search.reference} ({fmt.points(search.reference_accuracy, 2)})"
    )
    if search.missed_by is not None:
        return f"{text}, and was missed by {fmt.points(search.missed_by, 2)} points."
    return f"{text}, and was met. The dev {data.metric.items} were not used to choose."


def _speed(figures: Mapping[str, tuple[str, str]]) -> str:
    if "waterfall" not in figures:
        return ""
    text = (
        "Each step is a measurement of its own; the factors multiply to the whole. The order matters: what is "
        "done first acts on the largest time. Published speedups start at (a); (b) and (d) are the fair comparisons."
    )
    return _section("Where the speed comes from", _pictures(figures, "waterfall"), text)


def _accuracy(data: ReportData) -> str:
    title, exact = data.metric.title, any(row.em is not None for row in data.accuracy)
    rows = [
        (
            row.label if row.profile is None else f"`{row.profile}`",
            runtime_name(row.runtime),
            _with_interval(row),
            *((_exact_match(row),) if exact else ()),
            _difference_text(row),
        )
        for row in data.accuracy
        if row.split == "dev"
    ]
    heads = (f"{title} (95 %)", *(("EM (95 %)",) if exact else ()), f"{title} difference (95 %)")
    table = markdown_table(("model", "runtime", *heads), rows)
    spreads = runtime_spread(data)
    text = ""
    if spreads:
        widest = max(spreads, key=lambda name: spreads[name].estimate)
        text = (
            "All runtimes execute the same quantised numbers; the largest disagreement is "
            f"{spread_text(spreads[widest])} {data.metric.name} points (`{widest}`)."
        )
    return _section("Accuracy by runtime", table, text)


def _with_interval(row: AccuracyRow) -> str:
    text = fmt.points(row.points.estimate, 2)
    return f"{text} [{fmt.points(row.points.low, 2)}, {fmt.points(row.points.high, 2)}]" if row.points.known else text


def _exact_match(row: AccuracyRow) -> str:
    text, limits = "–" if row.em is None else fmt.points(row.em), row.em_interval
    known = limits is not None and limits.known
    return f"{text} [{fmt.points(limits.low)}, {fmt.points(limits.high)}]" if limits and known else text


def _difference_text(row: AccuracyRow) -> str:
    if row.difference is None:
        return "–"
    interval = row.difference.interval
    text = fmt.signed(interval.estimate)
    if interval.known:
        text += f" [{fmt.signed(interval.low)}, {fmt.signed(interval.high)}]"
    text += f" against {row.difference.reference}"
    return text if row.difference.distinguishable else f"{text}: not distinguishable from zero at this sample size"


def _quantization(data: ReportData) -> str:
    info = data.quantization
    if info is None:
        return ""
    items = [
        f"Method: {info.method}",
        f"Size on disk: {fmt.mebibytes(info.fp32_mib)} → {fmt.mebibytes(info.int8_mib)} "
        f"({fmt.percent(info.int8_mib / info.fp32_mib)})",
        f"Runs in INT8: {fmt.percent(info.coverage_linears)} of the linear layers, "
        f"{fmt.percent(info.coverage_macs)} of the MACs",
        f"Kept in fp32: {', '.join(f'`{n}`' for n in info.fp32_linears) if info.fp32_linears else 'no linear layer'}",
    ]
    if info.calibration is not None:
        windows = f", {fmt.plural(info.calibration_windows, 'window')}" if info.calibration_windows is not None else ""
        items.append(f"Calibration: `{info.calibration}`{windows}")
    return _section("INT8", _bullets(items))


def _latency(data: ReportData, figures: Mapping[str, tuple[str, str]]) -> str:
    return _section("Latency", latency_markdown(data), _pictures(figures, "lengths"), by_length_markdown(data))


def _throughput(data: ReportData) -> str:
    return _section("Throughput", throughput_markdown(data))


def _data(data: ReportData) -> str:
    source = data.data
    items = [
        f"{source.name}: {source.description}",
        f"Licence: {source.licence}",
        f"{fmt.count(source.train_questions)} {data.metric.items} to train, "
        f"{fmt.count(source.dev_questions)} to evaluate",
    ]
    if source.tokens_mean is not None:
        items.append(f"{source.tokens_mean:.0f} real tokens per window on average, at most {source.max_tokens}")
    if source.notice:
        items.append(source.notice)
    items += [f"Passed over: {text}" for text in source.tried]
    caveats = f"Read the numbers with this in mind:\n\n{_bullets(data.caveats)}" if data.caveats else ""
    return _section("Data and caveats", _bullets(items), caveats)


def _stages(data: ReportData, figures: Mapping[str, tuple[str, str]]) -> str:
    rows = [
        (
            stage.name.replace("_", " "),
            fmt.duration(stage.seconds),
            f"{fmt.significant(stage.tokens_per_second)}" if stage.tokens_per_second is not None else "–",
            ", ".join(f"{name} {fmt.metric(value)}" for name, value in stage.metrics.items()) or "–",
        )
        for stage in data.stages
    ]
    table = markdown_table(("stage", "time", "tokens/s", "metrics"), rows, ["---", "---:", "---:", "---"])
    return _section("Stages", _pictures(figures, "training"), table) if rows else ""


def _machine(data: ReportData) -> str:
    tables = [
        markdown_table((name, ""), rows)
        for name, rows in (("machine", machine_facts(data)), ("measuring process", process_facts(data)))
        if rows
    ]
    return _section("Machine and versions", *tables, markdown_table(("package", "version"), version_facts(data)))


def _warnings(data: ReportData) -> str:
    return _section("Warnings", _bullets(data.warnings) if data.warnings else "None.")


def _reproduce(data: ReportData) -> str:
    command = f"```sh\n{data.command}\n```" if data.command else ""
    runtimes = [
        f"{runtime_name(r.name)} {r.version or ''}".strip() if r.usable else f"{runtime_name(r.name)}: {r.reason}"
        for r in data.runtimes
    ]
    used = f"Runtimes: {'; '.join(escape(text) for text in runtimes)}." if runtimes else ""
    fence = "````" if "```" in data.recipe.text else "```"
    origin = f" (`{data.recipe.path}`)" if data.recipe.path else ""
    recipe = (
        f"<details><summary>Recipe{origin}, sha256 {data.recipe.sha256}</summary>\n\n"
        f"{fence}yaml\n{data.recipe.text.rstrip()}\n{fence}\n\n</details>"
    )
    raw = "Every number, with the raw samples, is in `report.json`; `results.csv` holds the table."
    data_hash = f"Data fingerprint: `{data.data.fingerprint}`." if data.data.fingerprint else ""
    return _section("How to reproduce", command, raw, used, data_hash, recipe)


def _section(title: str, *parts: str) -> str:
    body = "\n\n".join(part for part in parts if part)
    return f"## {title}\n\n{body}" if body else ""


def _bullets(items: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"- {escape(item)}" for item in items)
