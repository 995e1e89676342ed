"""Toy stages that count how often they run, and a command that runs them in a process of its own.

``python toy.py RUN_DIR COUNTS [behaviour]`` runs the stages; ``behaviour`` makes the middle stage hang
(``hang``), hang after it wrote half its payload (``hang-mid-write``), or fail.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel

from quantlat.errors import QuantlatError
from quantlat.pipeline.plan import Plan
from quantlat.pipeline.run import RunOptions, RunResult, run_pipeline
from quantlat.pipeline.stage import PublishContext, Stage, StageContext, StageOutcome
from quantlat.progress import QuietProgress
from quantlat.recipe import LoadedRecipe, Recipe

PAYLOAD = "weights.bin"


def recipe(name: str = "toy", *, trials: int = 60, epochs: int = 3) -> LoadedRecipe:
    """A valid recipe that never touched the disk."""
    parsed = Recipe.model_validate(
        {
            "name": name,
            "data": {"sources": [{"kind": "embedded"}]},
            "teacher": {"model": "random:bert-2x128", "train": {"epochs": epochs, "learning_rate": 1e-4}},
            "stages": [{"kind": "quantization", "calibration": "c.yaml"}],
            "search": {"trials": trials},
        }
    )
    return LoadedRecipe(parsed, Path("toy.yaml"), "", Path("."))


class ToyStage(Stage):
    """Writes a payload that depends on its part and its inputs."""

    version = 1

    def __init__(self, name: str, part: str, inputs: tuple[str, ...], counts: Path, behaviour: str = "") -> None:
        self.name = name
        self._part = part
        self._inputs = inputs
        self._counts = counts
        self.behaviour = behaviour
        self.fingerprint = ""
        self.floor_missed: str | None = None
        self.needed = 1024

    def part(self, recipe: Recipe) -> BaseModel | None:
        part = getattr(recipe, self._part)
        assert part is None or isinstance(part, BaseModel)
        return part

    def inputs(self, plan: Plan) -> Sequence[str]:
        return self._inputs

    def outside(self, loaded: LoadedRecipe, *, offline: bool) -> Mapping[str, str]:
        return {"notes.txt": self.fingerprint} if self.fingerprint else {}

    def needed_bytes(self, recipe: Recipe) -> int:
        return self.needed

    def run(self, context: StageContext) -> StageOutcome:
        with self._counts.open("a") as stream:
            stream.write(self.name + "\n")
        state = context.state_dir / "half.txt"
        resumed = state.exists()
        state.write_text("half of the work")
        if self.behaviour == "hang-mid-write":
            (context.output / PAYLOAD).write_bytes(b"half")
        if self.behaviour.startswith("hang"):
            print("hanging", flush=True)
            time.sleep(60)
        if self.behaviour == "full":
            raise OSError(28, "No space left on device")
        inputs = "".join((artifact / PAYLOAD).read_text() for artifact in context.inputs.values())
        (context.output / PAYLOAD).write_text(f"{self.name}({inputs})")
        return StageOutcome({"resumed": int(resumed)}, self.floor_missed, f"{self.name} says hello")

    def publish(self, context: PublishContext) -> None:
        (context.run_dir.parent / f"published-{self.name}").write_text("x")


def stages(counts: Path, behaviour: str = "") -> list[ToyStage]:
    """Three stages in a row: data, teacher (which misbehaves on request), search."""
    return [
        ToyStage("data", "data", (), counts),
        ToyStage("teacher", "teacher", ("data",), counts, behaviour),
        ToyStage("search", "search", ("data", "teacher"), counts),
    ]


def run(loaded: LoadedRecipe, toys: Sequence[Stage], run_dir: Path, **options: object) -> RunResult:
    """Run the stages quietly."""
    return run_pipeline(loaded, toys, replace(RunOptions(run_dir), **options), QuietProgress())  # type: ignore[arg-type]


def counted(counts: Path) -> list[str]:
    """Which stages ran, in order, over all processes."""
    return counts.read_text().split() if counts.exists() else []


if __name__ == "__main__":
    folder, count_file = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        run(recipe(), stages(count_file, sys.argv[3] if len(sys.argv) > 3 else ""), folder)
    except QuantlatError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
