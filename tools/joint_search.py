"""Search retention, width, depth and precision of a finished run's model together, or compare that with fewer axes.

    python tools/joint_search.py runs/squad_dynabert --axes retention,width --trials 40 --seed 0
    python tools/joint_search.py runs/squad_dynabert --compare

Every configuration is a dense smaller model, cut out of one INT8 artefact (layers in fp32 have their trained weights),
scored on the run's search split and timed in place beside the whole model in fp32. Dev data is not touched. The front
is measured once more on questions that the search did not see (``--unseen``). Every measurement is kept in ``--cache``,
so equal configurations are measured once for all searches, and a killed one continues.

``--compare`` gives length alone, width and depth alone, INT8 alone and all of them together the same number of
evaluations with the same seeds, writes ``joint_comparison.json`` and draws it. docs/joint_search.md says more.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlat.errors import QuantlatError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.progress import QuietProgress
from quantlat.search.joint import (
    AXES,
    Axis,
    JointCandidate,
    JointCostModel,
    JointEvaluator,
    JointOptions,
    JointResult,
    JointSpace,
    MeasurementCache,
    area,
    parse_axes,
    search_jointly,
)

if TYPE_CHECKING:
    from quantlat.models import LoadedModel
    from quantlat.pipeline.record import StoredRun
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.runtimes.subnetworks import SubnetworkSession

ARMS: dict[str, tuple[Axis, ...]] = {
    "length": ("retention",),
    "width and depth": ("width", "depth"),
    "INT8": ("precision",),
    "joint": AXES,
}
SEARCH, COMPARISON = "joint_search", "joint_comparison"


@dataclass(frozen=True)
class Subject:
    """A run's model and questions, ready to be searched.

    Attributes:
        widths, depths: multipliers that were trained.
        unseen: whether there are questions beyond those that the search sees.
    """

    cache: MeasurementCache
    costs: JointCostModel
    encoder: EncoderConfig
    widths: tuple[float, ...]
    depths: tuple[float, ...]
    min_ratio: float
    unseen: bool
    facts: dict[str, Any]

    def space(self, axes: tuple[Axis, ...]) -> JointSpace:
        """The space of these axes."""
        return JointSpace(self.encoder, axes, min_ratio=self.min_ratio, widths=self.widths, depths=self.depths)


@dataclass(frozen=True)
class Models:
    """The whole model of a run: fp32 as it was trained, INT8, and the INT8 artefact's form with fp32 linears."""

    whole: LoadedModel
    quantized: QuantizedModel
    floating: QuantizedModel


def load_models(run: StoredRun, axes: tuple[Axis, ...], folder: Path) -> Models:
    """Load or calibrate the models of a run; what is calibrated here is kept in ``folder``."""
    from quantlat.quantization.sensitivity import with_fp32
    from quantlat.recipe.load import resolve_path
    from quantlat.stages.whole_model import quantize_whole, read_whole

    recipe = run.recipe
    run.artifact("quantization")
    assert recipe.quantization is not None
    whole = read_whole(run.artifacts, recipe, axes)
    calibration = resolve_path(recipe.quantization.calibration, Path(run.record.recipe_file).parent)
    quantized = quantize_whole(
        run.artifacts, recipe, whole, calibration=calibration, folder=folder, progress=QuietProgress()
    )
    return Models(whole, quantized, with_fp32(quantized, whole.model, tuple(quantized.layout.linears)))


def _evaluator(run: StoredRun, models: Models, session: SubnetworkSession, args: argparse.Namespace) -> JointEvaluator:
    """On as many windows of the search split as were asked for."""
    from quantlat.evaluation import evaluate_model
    from quantlat.search import EvaluatorOptions
    from quantlat.search.blocks import cut_blocks
    from quantlat.stages.artifacts import read_judged
    from quantlat.tasks import task_of

    whole, fewest = models.whole, task_of(run.recipe).fewest_examples
    windows = read_judged(run.artifacts, "search", run.recipe, whole.tokenizer, progress=QuietProgress())
    order = np.random.default_rng(0).permutation(len(windows.examples))
    used = cut_blocks(windows, order, (args.windows + args.unseen,), fewest=fewest)[0].windows
    reference = evaluate_model(whole.model, used).score.per_example
    options = EvaluatorOptions(windows=args.windows, fewest_questions=fewest)
    return JointEvaluator(session, used, whole.config, reference, options)


def _facts(run: StoredRun, evaluator: JointEvaluator, args: argparse.Namespace) -> dict[str, Any]:
    from quantlat.latency import read_machine_facts
    from quantlat.pipeline.record import now
    from quantlat.stages.artifacts import read_data_card

    return {
        "machine": read_machine_facts().cpu_model,
        "data": read_data_card(run.artifact("data")).name,
        "date": now()[:10],
        "questions": evaluator.questions[0],
        "unseen_questions": evaluator.questions[1] if args.unseen and evaluator.parts > 1 else 0,
        "runtime": args.runtime,
        "threads": args.threads,
        "floor_points": args.floor,
        "worst_drop_points": args.worst_drop,
    }


@contextmanager
def open_subject(args: argparse.Namespace, axes: tuple[Axis, ...]) -> Iterator[Subject]:
    """The whole model of a run in its runtime, on a part of the run's search split."""
    from quantlat.pipeline.record import open_run
    from quantlat.runtimes import availability_for, get_runtime
    from quantlat.runtimes.subnetworks import SubnetworkSession

    run = open_run(args.run)
    models = load_models(run, axes, args.cache.parent)
    runtime, encoder = get_runtime(args.runtime), models.whole.config
    availability_for(runtime, encoder).require(args.runtime)
    asked = f"{args.runtime} {args.threads} threads {args.windows}+{args.unseen} windows"
    signature = f"{models.quantized.fingerprint[:16]} {models.floating.fingerprint[:16]} {asked}"
    trained, search_options = run.recipe.dynabert, run.recipe.search
    with tempfile.TemporaryDirectory(prefix="quantlat-joint-") as graphs:
        session = SubnetworkSession(
            runtime, models.quantized, floating=models.floating, threads=args.threads, cache_dir=Path(graphs), loaded=3
        )
        try:
            evaluator = _evaluator(run, models, session, args)
            facts = _facts(run, evaluator, args)
            yield Subject(
                cache=MeasurementCache(args.cache, evaluator, signature),
                costs=evaluator.costs,
                encoder=encoder,
                widths=trained.widths if trained else (),
                depths=trained.depths if trained else (),
                min_ratio=search_options.min_ratio if search_options else 0.05,
                unseen=bool(facts["unseen_questions"]),
                facts=facts,
            )
        finally:
            session.close()


def search(subject: Subject, axes: tuple[Axis, ...], seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """One search and its front on unseen questions, as plain data."""
    options = JointOptions(
        trials=args.trials, seed=seed, seeds=args.seeds, max_drop=args.floor, worst_drop=args.worst_drop
    )
    result = search_jointly(subject.space(axes), subject.cache.evaluate, subject.costs, options)
    front = [result.candidates[i] for i in result.front]
    unseen = [subject.cache.evaluate(candidate.config, 1) for candidate in front] if subject.unseen else []
    return _record(result, axes, seed, front, unseen, args.worst_drop)


def _record(
    result: JointResult,
    axes: Sequence[Axis],
    seed: int,
    front: Sequence[JointCandidate],
    unseen: Sequence[JointCandidate],
    worst_drop: float,
) -> dict[str, Any]:
    return {
        "axes": list(axes),
        "seed": seed,
        "evaluations": len(result.candidates),
        "exhausted": result.exhausted,
        "hypervolume": list(result.hypervolume),
        "unseen_hypervolume": area(unseen, worst_drop) if unseen else None,
        "front": [candidate.model_dump(mode="json") for candidate in front],
        "unseen_front": [candidate.model_dump(mode="json") for candidate in unseen],
        "candidates": [candidate.model_dump(mode="json") for candidate in result.candidates],
    }


def compare(subject: Subject, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Every arm with every seed."""
    began, found = time.monotonic(), []
    for seed in range(args.seed, args.seed + args.repeats):
        for name, axes in ARMS.items():
            found.append({"arm": name} | search(subject, axes, seed, args))
            print(
                f"{name}, seed {seed}: hypervolume {found[-1]['hypervolume'][-1]:.3f} after "
                f"{found[-1]['evaluations']} evaluations, {subject.cache.measured} measured, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    return found


def summary(searches: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Hypervolume of every arm: mean and range over the seeds, and the mean on unseen questions."""
    table: dict[str, dict[str, float | None]] = {}
    for name in ARMS:
        own = [s for s in searches if s["arm"] == name]
        final = [s["hypervolume"][-1] for s in own]
        unseen = [s["unseen_hypervolume"] for s in own if s["unseen_hypervolume"] is not None]
        table[name] = {
            "mean": float(np.mean(final)),
            "least": min(final),
            "most": max(final),
            "unseen_mean": float(np.mean(unseen)) if unseen else None,
        }
    return table


def draw(data: dict[str, Any], folder: Path) -> None:
    """``joint_comparison.png`` and ``.svg``."""
    from quantlat.reporting.figures.canvas import to_bytes
    from quantlat.reporting.figures.joint import Arm, draw_joint, joint_info

    facts, searches = data["facts"], data["searches"]
    arms = []
    for name in ARMS:
        own = [s for s in searches if s["arm"] == name]
        points = [(c["latency_relative"], c["drop"]) for s in own for c in s["unseen_front"] or s["front"]]
        arms.append(Arm(name, tuple(tuple(s["hypervolume"]) for s in own), tuple(points)))
    unseen = facts["unseen_questions"]
    info = joint_info(
        arms,
        source=f"{facts['machine']} · {facts['data']} · {facts['questions']} questions · {facts['date']}",
        questions=f"{unseen} questions that no search saw" if unseen else "the questions of the search",
        runtime=f"{facts['runtime']}, {facts['threads']} thread{'s' if facts['threads'] > 1 else ''}",
        worst_drop=facts["worst_drop_points"],
    )
    figure = draw_joint(info)
    for kind in ("png", "svg"):
        (folder / f"{COMPARISON}.{kind}").write_bytes(to_bytes(figure, kind, info.heading.title))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run", type=Path, help="folder of a run with a finished quantization stage")
    parser.add_argument("--axes", default=",".join(AXES), help="what may change, separated by commas")
    parser.add_argument("--trials", type=int, default=40, help="configurations of each search")
    parser.add_argument("--seed", type=int, default=0, help="of the search, or the first one of a comparison")
    parser.add_argument("--compare", action="store_true", help="all arms with the same budget and several seeds")
    parser.add_argument("--repeats", type=int, default=3, help="seeds of a comparison")
    parser.add_argument("--seeds", type=int, default=12, help="configurations to begin with")
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    parser.add_argument("--cache", type=Path, default=Path("joint_search.cache/measured.jsonl"))
    parser.add_argument("--windows", type=int, default=440, help="of the search split, for each evaluation")
    parser.add_argument("--unseen", type=int, default=440, help="more windows, for the fronts alone; 0: none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runtime", default="native")
    parser.add_argument("--floor", type=float, default=1.0, help="points that the best may lose")
    parser.add_argument("--worst-drop", type=float, default=10.0, help="points beyond which a model is broken")
    parser.add_argument("--draw-only", action="store_true", help="draw a comparison again from the data in --out")
    return parser.parse_args()


def _run(args: argparse.Namespace) -> None:
    if args.draw_only:
        draw(json.loads((args.out / f"{COMPARISON}.json").read_text(encoding="utf-8")), args.out)
        return
    axes = AXES if args.compare else parse_axes(args.axes)
    with open_subject(args, axes) as subject:
        searches = compare(subject, args) if args.compare else [search(subject, axes, args.seed, args)]
    args.out.mkdir(parents=True, exist_ok=True)
    data: dict[str, Any] = {"facts": subject.facts}
    data |= {"summary": summary(searches), "searches": searches} if args.compare else searches[0]
    path = args.out / f"{COMPARISON if args.compare else SEARCH}.json"
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    if args.compare:
        draw(data, args.out)
    print(f"wrote {path}")


def main() -> None:
    """Search or compare, and write what was found."""
    try:
        _run(_arguments())
    except QuantlatError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
