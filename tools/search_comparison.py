"""Compare search strategies: hypervolume of the front against evaluations, on a finished run's INT8 model.

    python tools/search_comparison.py runs/squad_int8

Random search, the published evolutionary search (Length-Adaptive Transformer) and quantlat's own measure the same
configurations in the same way: drop of F1 on the same questions of the run's search split, latency by one latency
table. Only what they choose to measure differs. Hypervolume is the area between the front and the point (latency
of full length, ``--worst-drop`` points lost). Every evaluation is kept in ``--cache``, so that equal configurations
are measured once for all strategies and seeds, and a killed comparison continues. Dev data is not touched.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from quantlat.models.retention import RetentionConfig
from quantlat.search import AccuracyFloor, Candidate, EvaluatorOptions, RetentionSpace, SessionEvaluator
from quantlat.search.latency_table import LatencyTable
from quantlat.search.pareto import hypervolume
from quantlat.search.proposers import make_proposer
from quantlat.search.trials import TrialQueue

STRATEGIES = {
    "guided": "quantlat",
    "evolutionary": "evolutionary, as published",
    "random": "random",
}


@dataclass(frozen=True)
class Trace:
    """One search: hypervolume after each evaluation, in points times share of full-length latency.

    Attributes:
        best_latency: after each evaluation, relative latency of the fastest within the floor by its estimate.
    """

    strategy: str
    seed: int
    hypervolume: tuple[float, ...]
    best_latency: tuple[float, ...]


class Cache:
    """Measures a configuration once and remembers it in a file, one JSON object a line."""

    def __init__(self, path: Path, evaluator: SessionEvaluator, signature: str) -> None:
        self._path, self._evaluator, self._signature = path, evaluator, signature
        self._known: dict[str, Candidate] = {}
        self.measured = 0
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            record = json.loads(line)
            if record["signature"] != signature:
                continue
            if "table" in record:
                evaluator.latency_table(LatencyTable.model_validate(record["table"]))
            else:
                candidate = Candidate.model_validate(record["candidate"])
                self._known[str(candidate.config)] = candidate
        if not self._known:
            self._append({"table": evaluator.latency_table().model_dump()})

    def evaluate(self, config: RetentionConfig) -> Candidate:
        """The configuration's drop and predicted latency."""
        key = str(config)
        if key not in self._known:
            self._known[key] = self._evaluator.evaluate(config).without_samples()
            self._append({"candidate": self._known[key].model_dump(mode="json")})
            self.measured += 1
        return self._known[key]

    def _append(self, record: dict[str, object]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"signature": self._signature, **record}) + "\n")


def run_strategy(
    name: str, seed: int, cache: Cache, evaluator: SessionEvaluator, layers: int, args: argparse.Namespace
) -> Trace:
    """One search with nothing but the strategy's own proposals."""
    space = RetentionSpace(layers, ratio_step=0.05, min_ratio=0.05)
    floor = AccuracyFloor(args.floor)
    proposer = make_proposer(
        name,
        space,
        floor=floor,
        predict=lambda configs: evaluator.predict_costs(configs, "latency"),
        cost="latency",
    )
    queue = TrialQueue(space, storage=None, seed=seed, sampler=name, proposer=proposer, population=16)
    found: list[Candidate] = []
    areas: list[float] = []
    best: list[float] = []
    while (proposal := queue.ask(args.evaluations)) is not None:
        candidate = cache.evaluate(proposal.config)
        queue.tell(proposal, candidate, floor)
        found.append(candidate)
        areas.append(
            hypervolume(
                [c.latency_relative for c in found],
                [-c.drop for c in found],
                worst_cost=1.0,
                worst_accuracy=-args.worst_drop,
            )
        )
        best.append(min((c.latency_relative for c in found if c.drop <= args.floor), default=1.0))
    return Trace(name, seed, tuple(areas), tuple(best))


def draw(traces: Sequence[Trace], facts: dict[str, object], folder: Path) -> None:
    """``search_comparison.png`` and ``.svg``: the mean over seeds as a line, their range as a band."""
    from quantlat.reporting.figures.canvas import BLUE, GREY, VERMILION, Canvas, Heading, style

    colours = {"guided": BLUE, "evolutionary": VERMILION, "random": GREY}
    final = {name: np.mean([t.hypervolume[-1] for t in traces if t.strategy == name]) for name in STRATEGIES}
    ahead = final["guided"] / final["evolutionary"] - 1.0
    evaluations = len(traces[0].hypervolume)
    verb = "covers more of" if ahead > 0.005 else "covers less of" if ahead < -0.005 else "covers as much of"
    heading = Heading(
        f"After {evaluations} evaluations quantlat's search {verb} the trade-off than the published one",
        "Left: area under the front (higher is better). Right: latency of the fastest within the floor (lower is "
        "better). Lines are means of the seeds, bands their range.",
        f"{facts['machine']} · {facts['data']} · {facts['questions']} questions of the search split · {facts['date']}",
    )
    with style():
        canvas = Canvas(heading, 3.6)
        for left, attribute, label in (
            (0.75, "hypervolume", "hypervolume (points × share of full latency)"),
            (4.75, "best_latency", "latency of the best, relative to full length"),
        ):
            axes = canvas.axes(left, 0.55, 3.0, 2.75)
            for name, title in STRATEGIES.items():
                rows = np.array([getattr(t, attribute) for t in traces if t.strategy == name])
                steps = np.arange(1, rows.shape[1] + 1)
                axes.fill_between(steps, rows.min(0), rows.max(0), color=colours[name], alpha=0.15, linewidth=0)
                axes.plot(steps, rows.mean(0), color=colours[name], linewidth=1.8, label=title)
            axes.set_xlabel("evaluations")
            axes.set_title(label, loc="left", fontsize=9.5)
            if attribute == "best_latency":
                axes.legend(frameon=False, loc="lower left", fontsize=8.5)
        folder.mkdir(parents=True, exist_ok=True)
        canvas.figure.savefig(folder / "search_comparison.png", dpi=200)
        canvas.figure.savefig(folder / "search_comparison.svg", metadata={"Date": None})


@dataclass(frozen=True)
class Subject:
    """A run's model and questions, ready to be searched."""

    evaluator: SessionEvaluator
    cache: Cache
    layers: int
    facts: dict[str, object]


@contextmanager
def open_subject(args: argparse.Namespace) -> Iterator[Subject]:
    """The INT8 model of a run in its runtime, on a part of the run's search split."""
    from quantlat.evaluation import evaluate_model
    from quantlat.latency import read_machine_facts
    from quantlat.pipeline.record import now, open_run
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.runtimes import get_runtime
    from quantlat.search.blocks import cut_blocks
    from quantlat.stages.artifacts import QUANTIZED, newest_student, read_data_card, read_model, read_windows

    run = open_run(args.run)
    student = read_model(newest_student(run.artifacts), task=run.recipe.task)
    windows = read_windows(run.artifact("data"), "search", run.recipe, student.tokenizer)
    order = np.random.default_rng(0).permutation(len(windows.examples))
    part = cut_blocks(windows, order, (args.windows,))[0].windows
    quantized = QuantizedModel.load(run.artifact("quantization") / QUANTIZED)
    reference = evaluate_model(student.model, part).score.per_example
    session = get_runtime(args.runtime).load(quantized, threads=args.threads)
    options = EvaluatorOptions(windows=len(part.windows), part_shares=(1.0,))
    evaluator = SessionEvaluator(session, part, student.config, reference, options)
    signature = f"{quantized.fingerprint} {args.runtime} {args.threads} {args.windows}"
    cache = Cache(args.cache, evaluator, signature)
    facts: dict[str, object] = {
        "machine": read_machine_facts().cpu_model,
        "data": read_data_card(run.artifact("data")).name,
        "date": now()[:10],
        "questions": len(part.examples),
        "windows": len(part.windows),
        "runtime": args.runtime,
        "threads": args.threads,
        "floor_points": args.floor,
        "worst_drop_points": args.worst_drop,
        "latency_table_mean_error": evaluator.latency_table().check.mean_error,
    }
    try:
        yield Subject(evaluator, cache, student.config.num_layers, facts)
    finally:
        session.close()


def compare(subject: Subject, args: argparse.Namespace) -> list[Trace]:
    """Every strategy with every seed."""
    began, traces = time.monotonic(), []
    for seed in range(args.seeds):
        for name in STRATEGIES:
            traces.append(run_strategy(name, seed, subject.cache, subject.evaluator, subject.layers, args))
            print(
                f"{name} seed {seed}: hypervolume {traces[-1].hypervolume[-1]:.3f}, best "
                f"{traces[-1].best_latency[-1]:.3f}, {subject.cache.measured} measured, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    return traces


def main() -> None:
    """Run every strategy with every seed, write the data, draw the figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run", type=Path, help="folder of a run with a finished quantization stage")
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    parser.add_argument("--cache", type=Path, default=Path("search_comparison.cache.jsonl"))
    parser.add_argument("--evaluations", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=440, help="of the search split, for each evaluation")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runtime", default="native")
    parser.add_argument("--floor", type=float, default=1.0, help="points that the best may lose")
    parser.add_argument("--draw-only", action="store_true", help="draw again from the data in --out")
    parser.add_argument("--worst-drop", type=float, default=10.0, help="points beyond which a model is broken")
    args = parser.parse_args()
    record = args.out / "search_comparison.json"
    if args.draw_only:
        data = json.loads(record.read_text(encoding="utf-8"))
        draw([Trace(**trace) for trace in data["traces"]], data["facts"], args.out)
        return
    with open_subject(args) as subject:
        traces = compare(subject, args)
    args.out.mkdir(parents=True, exist_ok=True)
    data = {"facts": subject.facts, "traces": [asdict(trace) for trace in traces]}
    record.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    draw(traces, subject.facts, args.out)


if __name__ == "__main__":
    main()
