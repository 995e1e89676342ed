"""One table of models from several runs, measured against each other in one process.

    python tools/model_table.py --out table \\
        "fp32=runs/squad_int8:fp32" "LengthDrop=runs/squad_int8:balanced" "IPEX=runs/squad_int8:full@ipex" \\
        "width 0.75=runs/squad_dynabert:full" "joint search=runs/squad_dynabert:joint_search.json"

An entry is LABEL=RUN:PROFILE, with @RUNTIME where it is not the one of the run's search. PROFILE is a profile of the
run, `fp32` for its student or `teacher` for its teacher in PyTorch, or a file of tools/joint_search.py, of which the
fastest configuration within the floor is taken. Entries whose runs have the same dev split form a group, and its first
entry is what the others are compared with. Latencies of a group are measured in interleaved rounds on the same
requests, accuracies on the whole split, paired. Writes OUT.json, with every sample, and OUT.md.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantlat.allocator import keep_freed_memory
from quantlat.errors import QuantlatError, RecipeError
from quantlat.evaluation import EvaluationResult, evaluate_session
from quantlat.latency import Measurement, MeasureOptions, Workload, measure_interleaved, read_machine_facts
from quantlat.metrics import bootstrap_mean, paired_difference
from quantlat.models import ElasticConfig, load_folder
from quantlat.pipeline.record import StoredRun, now, open_run
from quantlat.pipeline.search import read_search
from quantlat.pipeline.store import file_hash
from quantlat.progress import Progress, QuietProgress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.reporting import formatting as fmt
from quantlat.runtimes import get_runtime
from quantlat.runtimes.base import Session, TokenBatch
from quantlat.stages.artifacts import MODEL, QUANTIZED, newest_student, read_data_card, read_judged
from quantlat.tasks import task_of

if TYPE_CHECKING:
    from quantlat.data import WindowSet

FP32, TEACHER = "fp32", "teacher"
_ENTRY = re.compile(r"(?P<label>[^=]+)=(?P<run>.+):(?P<profile>[^:@]+)(?:@(?P<runtime>\w+))?")
_FEWEST_PASSAGES = 20
_PARAMETER_BYTES, _MIB = 4, 2**20


@dataclass(frozen=True)
class Entry:
    """What a line of the table is of. ``runtime``: ``None`` for the one of the run's search."""

    label: str
    run: StoredRun
    profile: str
    asked_runtime: str | None

    @classmethod
    def parse(cls, text: str) -> Entry:
        """Read ``LABEL=RUN:PROFILE[@RUNTIME]``."""
        found = _ENTRY.fullmatch(text)
        if found is None:
            raise RecipeError(f"{text!r} is not an entry", "Write LABEL=RUN:PROFILE or LABEL=RUN:PROFILE@RUNTIME.")
        return cls(found["label"].strip(), open_run(Path(found["run"])), found["profile"], found["runtime"])

    @property
    def runtime(self) -> str:
        """Name of the runtime that executes it."""
        usual = "pytorch" if self.profile in (FP32, TEACHER) else read_search(self.run, None).runtime
        return self.asked_runtime or usual

    @cached_property
    def group(self) -> str:
        """Equal for runs of one task with one dev split."""
        dev = self.run.artifact("data") / task_of(self.run.recipe).split_file("dev")
        return f"{self.run.recipe.task} {file_hash(dev)}"

    @property
    def model_folder(self) -> Path:
        """Of the model in fp32."""
        stage = self.run.artifact("teacher") if self.profile == TEACHER else newest_student(self.run.artifacts)
        return stage / MODEL


@dataclass(frozen=True)
class Contender:
    """An entry that is loaded. ``size_mib``: of its stored parameters."""

    entry: Entry
    session: Session
    config: ElasticConfig | None
    windows: WindowSet
    size_mib: float


def load(entry: Entry, threads: int, kept: Path, progress: Progress) -> Contender:
    """Load an entry's model in its runtime, and its windows of dev."""
    runtime, recipe = get_runtime(entry.runtime), entry.run.recipe
    fp32 = load_folder(entry.model_folder, task=recipe.task)
    windows = read_judged(entry.run.artifacts, "dev", recipe, fp32.tokenizer, progress=progress)
    if entry.profile in (FP32, TEACHER):
        size = _PARAMETER_BYTES * sum(p.numel() for p in fp32.model.parameters()) / _MIB
        return Contender(entry, runtime.load(fp32.model, threads=threads), None, windows, size)
    if entry.profile.endswith(".json"):
        return _joint(entry, threads, kept, windows)
    quantized = QuantizedModel.load(entry.run.artifact("quantization") / QUANTIZED)
    config = read_search(entry.run, None).profile(entry.profile).config
    return Contender(entry, runtime.load(quantized, threads=threads), config, windows, quantized.size_mib)


def _joint(entry: Entry, threads: int, kept: Path, windows: WindowSet) -> Contender:
    """The fastest configuration within the floor of a joint search, cut out of the run's whole model."""
    from joint_search import load_models

    from quantlat.search.joint import AXES, JointCandidate

    found = json.loads(Path(entry.profile).read_text(encoding="utf-8"))
    searches = [s for s in found.get("searches", [found]) if s.get("arm", "joint") == "joint"]
    front = [JointCandidate.model_validate(c) for s in searches for c in s["front"]]
    within = [candidate for candidate in front if candidate.drop <= found["facts"]["floor_points"]]
    if not within:
        raise RecipeError(f"{entry.profile}: no configuration of the front is within the floor")
    config = min(within, key=lambda candidate: candidate.latency_relative).config
    models = load_models(entry.run, AXES, kept)
    network = models.quantized.subnetwork(config.network, models.floating)
    session = get_runtime(entry.runtime).load(network, threads=threads)
    retention = None if config.retention is None else ElasticConfig(config.retention)
    return Contender(entry, session, retention, windows, network.size_mib)


def measure(group: Sequence[Contender], args: argparse.Namespace, progress: Progress) -> list[dict[str, Any]]:
    """The rows of one group: latency first, side by side, then accuracy."""
    first = group[0]
    tokens = [window.length for window in first.windows.windows]
    workload = Workload.from_lengths(tokens, args.requests, seed=args.seed)

    def run(contender: Contender) -> Callable[[int], object]:
        windows = contender.windows.windows
        if len(windows) != len(tokens):
            raise RecipeError(f"{contender.entry.label} cuts dev into other windows than {first.entry.label}")
        batches = [TokenBatch.from_windows([windows[i]]) for i in workload.indices]
        return lambda i: contender.session.run(batches[i], contender.config)

    latency = measure_interleaved(
        {contender.entry.label: run(contender) for contender in group},
        workload.tokens,
        threads=args.threads,
        options=MeasureOptions(min_rounds=5, max_seconds=args.seconds, attempts=2),
        progress=progress,
    )
    results = [
        evaluate_session(c.session, c.windows, c.config, progress=progress, name=f"dev: {c.entry.label}") for c in group
    ]
    passages = [example.group for example in first.windows.examples]
    groups = passages if len(set(passages)) >= _FEWEST_PASSAGES else None
    return [
        _row(c, result, results[0], latency[c.entry.label], latency[first.entry.label], groups)
        for c, result in zip(group, results, strict=True)
    ]


def _row(
    contender: Contender,
    result: EvaluationResult,
    reference: EvaluationResult,
    latency: Measurement,
    slowest: Measurement,
    groups: Sequence[str] | None,
) -> dict[str, Any]:
    entry, first = contender.entry, result is reference
    points = bootstrap_mean(result.score.per_example, seed=0, groups=groups)
    paired = paired_difference(result.score.per_example, reference.score.per_example, seed=0, groups=groups).interval
    ratio = slowest.ratio_to(latency)
    return {
        "label": entry.label,
        "recipe": entry.run.recipe.name,
        "data": read_data_card(entry.run.artifact("data")).name,
        "profile": Path(entry.profile).name,
        "runtime": entry.runtime,
        "metric": task_of(entry.run.recipe).metric.title,
        "n": result.score.n,
        "points": [points.estimate, points.low, points.high],
        "difference": None if first else [paired.estimate, paired.low, paired.high],
        "median_ms": latency.median_ms,
        "ci_ms": latency.ci_ms,
        "faster": None if first else [ratio.estimate, ratio.low, ratio.high],
        "size_mib": contender.size_mib,
        "warnings": [str(warning) for warning in latency.warnings],
        "samples_ms": latency.samples_ms,
        "rounds": latency.rounds,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = [
        "| model | data | runtime | accuracy | difference | latency | faster | size |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        value, median = row["points"], row["median_ms"]
        faster, difference = row["faster"], row["difference"]
        cells = [
            row["label"],
            row["data"].partition("/")[0],
            row["runtime"],
            f"{row['metric']} {fmt.points(value[0])}",
            f"{fmt.signed(difference[0])} {_limits(difference, fmt.signed)}" if difference else "–",
            f"{fmt.milliseconds(median)} {fmt.span(*row['ci_ms'], median)}",
            f"{fmt.ratio(faster[0], 2)} {fmt.span(faster[1], faster[2], faster[0], 2)}" if faster else "1×",
            fmt.mebibytes(row["size_mib"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _limits(interval: Sequence[float], shown: Callable[[float], str]) -> str:
    return f"[{shown(interval[1])}, {shown(interval[2])}]"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", nargs="+", metavar="LABEL=RUN:PROFILE[@RUNTIME]")
    parser.add_argument("--out", type=Path, default=Path("model_table"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--requests", type=int, default=32, help="of dev, spread over its lengths")
    parser.add_argument("--seconds", type=float, default=120.0, help="most time for the rounds of a group")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of requests")
    return parser.parse_args()


def main() -> None:
    """Measure and write."""
    from quantlat.cli.console import ConsoleProgress

    args = _arguments()
    keep_freed_memory()
    rows: list[dict[str, Any]] = []
    try:
        entries = [Entry.parse(text) for text in args.entries]
        for name in dict.fromkeys(entry.group for entry in entries):
            with ExitStack() as stack:
                group = []
                for entry in (e for e in entries if e.group == name):
                    group.append(load(entry, args.threads, args.out.parent, QuietProgress()))
                    stack.callback(group[-1].session.close)
                with ConsoleProgress() as progress:
                    rows += measure(group, args, progress)
    except QuantlatError as error:
        raise SystemExit(f"error: {error}") from None
    facts = {"machine": read_machine_facts().cpu_model, "threads": args.threads, "date": now()[:10]}
    text = json.dumps({"facts": facts, "rows": rows}, indent=1) + "\n"
    args.out.with_suffix(".json").write_text(text, encoding="utf-8")
    args.out.with_suffix(".md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
