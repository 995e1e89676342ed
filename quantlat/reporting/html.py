"""``index.html``: the whole report as one page that needs no network and opens from disk.

The page is laid out in Python (``html_pareto``, ``html_waterfall``, …: plain numbers) and written down by the jinja2
templates in ``templates/``. Everything that comes from outside is escaped by jinja2's autoescaping; the data that the
script reads stands in the page as JSON (``html_json``). A Content-Security-Policy lets only the page's own two scripts
run, named by their hashes, and lets nothing be loaded.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from quantlat.latency import samples_needed
from quantlat.reporting import facts
from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting import html_tables as tables
from quantlat.reporting.agreement import runtime_spread, spread_text
from quantlat.reporting.collect import ReportData
from quantlat.reporting.html_chart import Tip
from quantlat.reporting.html_json import script_json
from quantlat.reporting.html_latency import by_length_table, measurement_table, rate_table
from quantlat.reporting.html_lengths import DistributionChart, LengthsChart, distribution_chart, lengths_chart
from quantlat.reporting.html_pareto import ParetoChart, pareto_chart
from quantlat.reporting.html_retention import fading_data, fading_example, retention_table
from quantlat.reporting.html_training import TrainingPlots, training_plots
from quantlat.reporting.html_waterfall import WaterfallChart, waterfall_chart
from quantlat.reporting.latency_tables import PERCENTILES
from quantlat.reporting.rows import Role, profile_key
from quantlat.reporting.same_profiles import same_notes
from quantlat.reporting.verdict import Outcome, runtime_name, verdict

_PARENTHESES = re.compile(r"\([^()]*\)")
_SHORT = 28
NO_BREAK = "\u00a0"
TEMPLATES = Path(__file__).with_name("templates")


def render_html(data: ReportData) -> str:
    """The page. Equal data give equal bytes."""
    pareto, waterfall = pareto_chart(data), waterfall_chart(data)
    lengths, distributions = lengths_chart(data), distribution_chart(data)
    training = training_plots(data)
    spread = runtime_spread(data)
    widest = max(spread, key=lambda name: spread[name].estimate, default="")
    found = verdict(data)
    theme, script = page_source("theme.js"), page_source("page.js")
    return (
        page_environment()
        .get_template("page.html")
        .render(
            data=data,
            verdict=found,
            missed=found.outcome in (Outcome.MISSED, Outcome.MISSED_ON_DEV),
            asked=found.outcome is not Outcome.NO_FLOOR,
            keys=_key_numbers(data),
            pareto=pareto,
            waterfall=waterfall,
            models=tables.model_table(data),
            same=same_notes(data),
            accuracy=tables.accuracy_lines(data),
            exact=any(row.em is not None for row in data.accuracy),
            disagreement=(widest, spread_text(spread[widest])) if widest else None,
            lengths=lengths,
            distributions=distributions,
            measurements=measurement_table(data),
            by_length=by_length_table(data),
            throughput=rate_table(data),
            needed=", ".join(f"p{q}: {samples_needed(q)}" for q in PERCENTILES),
            retention=retention_table(data),
            example=fading_example(data),
            training=training,
            facts={
                "machine": facts.machine_facts(data),
                "process": facts.process_facts(data),
                "versions": facts.version_facts(data),
                "models": facts.model_facts(data),
                "data": facts.data_facts(data),
            },
            style=page_source("style.css"),
            theme=theme,
            script=script,
            policy=page_policy(theme, script),
            page_data=script_json(
                {
                    "tips": _tips(pareto, waterfall, lengths, distributions, training),
                    "example": fading_data(data.example),
                }
            ),
        )
    )


def page_environment() -> jinja2.Environment:
    """Templates that escape what they are given and refuse what they do not know."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["fmt"] = fmt
    environment.filters["prose"] = prose
    environment.filters["verdict_prose"] = verdict_prose
    environment.filters["runtime"] = runtime_name
    return environment


def page_source(name: str) -> Markup:
    """One of our own files, which needs no escaping."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8").strip())


def page_policy(*scripts: str) -> str:
    """A Content-Security-Policy under which only these scripts run."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def prose(text: str) -> Markup:
    """Escaped text in which ```name``` becomes code."""
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:  # a lone backtick is a backtick
        return escape(text)
    return Markup("").join(
        Markup("<code>") + part + Markup("</code>") if i % 2 else part for i, part in enumerate(parts)
    )


def verdict_prose(text: str) -> Markup:
    """:func:`prose` in which what stands in parentheses, intervals above all, steps back; short ones stay on a line."""

    def aside(found: re.Match[str]) -> str:
        inner = found[0].replace(" ", NO_BREAK) if len(found[0]) < _SHORT else found[0]
        return f'<span class="aside">{inner}</span>'

    return Markup(_PARENTHESES.sub(aside, str(prose(text))))


def _tips(
    pareto: ParetoChart | None,
    waterfall: WaterfallChart | None,
    lengths: LengthsChart | None,
    distributions: DistributionChart | None,
    training: TrainingPlots | None,
) -> dict[str, dict[str, object]]:
    """What every mark says, by the id of the mark."""
    tips: dict[str, Tip] = {}
    tips |= {mark.id: mark.tip for view in (pareto.views if pareto else ()) for mark in view.marks}
    tips |= {bar.id: bar.tip for bar in (waterfall.bars if waterfall else ())}
    tips |= {point.id: point.tip for line in (lengths.lines if lengths else ()) for point in line.points}
    tips |= {row.id: row.tip for row in (distributions.rows if distributions else ())}
    tips |= {curve.id: curve.tip for curve in (training.curves if training else ())}
    return {
        name: {"title": tip.title, "lines": tip.lines, **({"ratios": tip.ratios} if tip.ratios else {})}
        for name, tip in tips.items()
    }


def _key_numbers(data: ReportData) -> list[tuple[str, str, num.Quantity, str]]:
    """The few numbers at the top: label, unit, number with interval, and what it refers to."""
    key = profile_key(data.headline.profile)
    found = []
    if (row := data.latency_of(key)) is not None:
        setting = f"{fmt.plural(row.threads, 'thread')}, batch {row.batch}, {runtime_name(row.runtime)}"
        found.append(("Median request", "ms", num.milliseconds(row), setting))
    for role, what in (
        (Role.TEACHER, "the fp32 teacher without padding"),
        (Role.STUDENT, "the fp32 student"),
        (Role.NNCF, "the student in INT8 by NNCF"),
    ):
        value = data.speedup(key, role.value)
        if value is not None and len(found) < 3:
            found.append(("Speedup", "", num.times(value, data.speedup_row(key, role.value)), f"over {what}"))
    accuracy = data.accuracy_of(key)
    if accuracy is not None:
        change = num.difference(accuracy)
        against = f"{change.text} against the {tables.compared_with(data)}" if change is not num.NOTHING else ""
        found.append((f"{data.metric.title} on dev", "", num.points(accuracy.points), against))
    if (sizes := data.quantization) is not None:
        size = num.Quantity(fmt.significant(sizes.int8_mib))
        found.append(("Size", "MiB", size, f"{fmt.mebibytes(sizes.fp32_mib)} in fp32"))
    return found
