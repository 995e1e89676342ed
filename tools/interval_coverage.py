"""How often does the 95 % interval of a median cover what it should? One measurement, repeated.

    python tools/interval_coverage.py runs/squad_int8 --repeats 10

Each repeat is a fresh child process that loads the run's INT8 model and times the same dev requests, ending as the
report's rounds do. The grand median is the median over the rounds of all repeats; on a quiet machine at least nine of
ten intervals should hold it. What differs between processes (frequency, heat, where memory lies) counts against the
interval, as it does for a user who measures twice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quantlat.evaluation.latency import CHILD_FUNCTION
from quantlat.evaluation.latency_job import Ending, LatencyFindings, LatencyJob, Request
from quantlat.latency import Measurement, Workload, measure_in_child, median_over_rounds_ci, read_machine_facts


@dataclass(frozen=True)
class Coverage:
    """How many intervals hold the grand median (ms)."""

    grand_median_ms: float
    covered: tuple[bool, ...]


def coverage(repeats: Sequence[Measurement]) -> Coverage:
    """Compare each repeat's interval of the median with the median over all rounds of all repeats."""
    grand = median_over_rounds_ci([samples for repeat in repeats for samples in repeat.by_round]).estimate
    return Coverage(grand, tuple(repeat.ci_ms[0] <= grand <= repeat.ci_ms[1] for repeat in repeats))


def job_of_run(folder: Path, *, profile: str, requests: int, ending: Ending, runtime: str | None) -> LatencyJob:
    """One profile of a run on its own dev windows, batch 1."""
    from quantlat.data import make_windows, read_squad
    from quantlat.models import Tokenizer
    from quantlat.pipeline.record import open_run
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.stages.artifacts import QUANTIZED
    from quantlat.stages.search_record import SearchRecord

    run = open_run(folder)
    quantized = run.artifact("quantization") / QUANTIZED
    model, options = QuantizedModel.load(quantized), run.recipe.data
    windows = make_windows(
        read_squad(run.artifact("data") / "dev.json").examples,
        Tokenizer.from_json((quantized / "tokenizer.json").read_text(encoding="utf-8"), family=model.config.family),
        max_tokens=options.max_tokens,
        stride=options.stride,
        max_question_tokens=options.max_question_tokens,
    )
    search = SearchRecord.read(run.artifact("search"))
    config = search.profiles[profile].config
    drawn = [windows.windows[i] for i in Workload.from_windows(windows, requests).indices]
    return LatencyJob(
        task=model.task,
        quantized=quantized.resolve(),
        profiles={profile: None if config is None or config.retention is None else config.retention.ratios},
        requests=tuple(
            Request(input_ids=tuple(w.input_ids.tolist()), token_type_ids=tuple(w.token_type_ids.tolist()))
            for w in drawn
        ),
        teacher_requests=(),
        runtime=runtime or search.runtime,
        max_tokens=options.max_tokens,
        same_shape=False,
        ending=ending,
        batches=(),
    )


def table(repeats: Sequence[Measurement], found: Coverage) -> str:
    """One line for each repeat, and the count."""
    lines = ["repeat  median ms  95 % interval      rounds  flagged  covers"]
    for number, (repeat, covers) in enumerate(zip(repeats, found.covered, strict=True), 1):
        low, high = repeat.ci_ms
        numbers = (
            f"{repeat.median_ms:9.3f}  {low:8.3f} {high:8.3f}  {len(repeat.by_round):8d}  {len(repeat.flagged):7d}"
        )
        doubt = "" if repeat.reliable else "  (disturbed)"
        lines.append(f"{number:6d}  {numbers}  {'yes' if covers else 'no'}{doubt}")
    lines.append(f"grand median {found.grand_median_ms:.3f} ms: in {sum(found.covered)} of {len(repeats)} intervals")
    return "\n".join(lines)


def main() -> None:
    """Parse, repeat, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="run folder with a quantised model and a search")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--profile", default="full", help="profile of the run (default: full)")
    parser.add_argument("--runtime", help="runtime (default: the run's)")
    parser.add_argument("--requests", type=int, default=60, help="dev windows per round")
    parser.add_argument("--rounds", type=int, default=5, help="fewest rounds")
    parser.add_argument("--width", type=float, default=0.03, help="of the interval, at which a repeat ends")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of a repeat")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=Path, help="write the raw samples there, as JSON")
    args = parser.parse_args()
    ending = Ending(rounds=args.rounds, budget_s=args.budget, width=args.width)
    job = job_of_run(args.run, profile=args.profile, requests=args.requests, ending=ending, runtime=args.runtime)
    machine = read_machine_facts()
    repeats = []
    for number in range(args.repeats):
        found = measure_in_child(CHILD_FUNCTION, job, LatencyFindings, threads=args.threads, machine=machine)
        repeats.append(found.latency[f"profile:{args.profile}"])
        print(f"repeat {number + 1} of {args.repeats}: {repeats[-1].median_ms:.3f} ms", file=sys.stderr)
    if args.samples:
        records = [repeat.model_dump(mode="json") for repeat in repeats]
        args.samples.write_text(json.dumps(records) + "\n", encoding="utf-8")
    print(table(repeats, coverage(repeats)))


if __name__ == "__main__":
    main()
