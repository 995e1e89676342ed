"""How much of the engine's throughput is left when a whole file is scored.

    python tools/predict_throughput.py BUNDLE questions.jsonl

Rounds in turns: the file from its first byte to the finished output, as `quantlat predict` does it with the bundle
loaded, and the engine alone on the very batches that this made. Prints tokens per second of both and their ratio, each
with a 95 % interval over the rounds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from quantlat.latency import ratio_ci
from quantlat.latency.rounds import rate_ci
from quantlat.scoring.engines import score_locally
from quantlat.scoring.parts import Parts
from quantlat.scoring.score import ScoreOptions, describe_job
from quantlat.scoring.scorer import Scorer, ScorerOptions


class Recorder:
    """Stands before a predictor's executor and keeps the batches that pass."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self.batches: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def run(self, *arguments: Any, **options: Any) -> Any:
        self.batches.append((arguments, options))
        return self._executor.run(*arguments, **options)


def score(scorer: Scorer, options: ScoreOptions) -> tuple[float, int]:
    """Seconds and tokens of one file."""
    begin, tokens = time.perf_counter(), 0
    job, source = describe_job(options)
    parts = Parts(options.out)
    with parts.opened(job, overwrite=True):
        for chunk in score_locally(scorer, source.chunks(job.chunk_rows)):
            parts.write(chunk.index, chunk.rows)
            tokens += chunk.tokens
        parts.assemble(job)
    return time.perf_counter() - begin, tokens


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("source", type=Path, help="JSONL or Parquet file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    options = ScorerOptions(bundle=arguments.bundle, threads=arguments.threads)
    scorer = Scorer(options)
    files, engine, tokens = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds + 1):
            recorder = Recorder(scorer.predictor._executor)
            scorer.predictor._executor = recorder  # type: ignore[assignment]
            out = Path(folder) / f"{number}.jsonl"
            seconds, tokens = score(scorer, ScoreOptions(source=arguments.source, out=out, scorer=options))
            scorer.predictor._executor = recorder._executor
            begin = time.perf_counter()
            for batch, extra in recorder.batches:
                recorder._executor.run(*batch, **extra)
            alone = time.perf_counter() - begin
            if number:  # the first one warms up
                files.append([1000 * seconds])
                engine.append([1000 * alone])
                print(
                    f"round {number}: file {tokens / seconds:,.0f} tokens/s, engine alone {tokens / alone:,.0f}",
                    flush=True,
                )
    scorer.close()
    for name, times in (("file", files), ("engine alone", engine)):
        rate = rate_ci(times, tokens)
        print(f"{name}: {rate.estimate:,.0f} tokens/s [{rate.low:,.0f}, {rate.high:,.0f}]")
    share = ratio_ci(engine, files)
    print(f"share of the engine's: {share.estimate:.3f} [{share.low:.3f}, {share.high:.3f}] in {share.n} rounds")


if __name__ == "__main__":
    main()
