"""The whole chain, as a user runs it: every stage, on a tiny model, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from quantlat.latency import read_machine_facts
from quantlat.recipe import load_recipe, smoke_recipe

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
# The first two have tests of their own; on generated texts the third is the second.
APART = ("squad_int8", "sst2_int8", "trec_int8")
OTHERS = [path for path in RECIPES if path.stem not in APART]
# MobileBERT's recipe leaves out the transfer, which its published checkpoint has had; its smoke run goes through it.
ADDED: dict[str, tuple[str, ...]] = {
    "squad_mobilebert": ("--set", "stages.distillation.progressive={epochs: 1, learning_rate: 1.0e-3}"),
}
# Texts whose baselines would be those of sst2_int8 again, which has tests of its own.
for text_recipe in ("cola_int8", "mnli_int8", "stsb_int8"):
    ADDED[text_recipe] = ("--set", "report.baselines=false")
# Other runs use the other cores. What a run measures has the threads that it asks for all the same.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
Completed = subprocess.CompletedProcess[str]
Runs = dict[str, tuple[Path, Future[Completed]]]


OPENED = "opened_by_stages.log"
SPIED = (
    "import pathlib; from tests.stages.dev_spy import watch; watch(pathlib.Path('opened_by_stages.log').absolute()); "
    "from quantlat.cli import main; main()"
)


def quantlat(*arguments: str, cwd: Path) -> Completed:
    environment = {key: value for key, value in os.environ.items() if key != "QUANTLAT_DATA"}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [sys.executable, "-c", SPIED, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        env=environment | ONE_THREAD,
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the flagship recipe has been run in smoke mode."""
    folder = tmp_path_factory.mktemp("smoke")
    done = quantlat("run", str(ROOT / "recipes/squad_int8.yaml"), "--smoke", "--offline", cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


def run_record(folder: Path) -> dict[str, object]:
    return json.loads((folder / "runs/squad_int8-smoke/run.json").read_text())


def test_every_stage_left_an_artefact(finished: Path) -> None:
    stages = [
        "data",
        "teacher",
        "student",
        "soft_labels",
        "distillation",
        "length_drop",
        "quantization",
        "search",
        "report",
    ]
    record = run_record(finished)
    assert list(record["stages"]) == stages
    assert record["complete"] is True


def test_the_report_is_published_and_complete(finished: Path) -> None:
    report = finished / "reports/squad_int8-smoke"
    data = json.loads((report / "report.json").read_text())
    runtimes = {row["runtime"] for row in data["accuracy"] if row["profile"]}
    assert {"pytorch", "openvino", "onnxruntime"} <= runtimes
    assert {profile["name"] for profile in data["profiles"]} == {"full", "balanced", "fast"}
    assert all(row["samples_ms"] for row in data["latency"])
    assert {row["threads"] for row in data["latency"]} == {1, read_machine_facts().usable_cores}
    assert (report / "results.csv").stat().st_size > 0
    assert (report / "report.md").read_text().startswith("#")
    assert len(list(report.glob("figures/*.png"))) == len(list(report.glob("figures/*.svg"))) >= 4


def test_training_speed_and_padding_are_in_the_manifests(finished: Path) -> None:
    metrics = run_record(finished)["stages"]["length_drop"]["metrics"]  # type: ignore[index]
    assert metrics["tokens_per_second"] > 0
    assert 0.0 <= metrics["padding_waste"] < 0.5


def test_a_model_answers_the_search_split_once(finished: Path) -> None:
    log = (finished / "runs/squad_int8-smoke/log.jsonl").read_text().splitlines()
    tasks = [event["task"] for event in map(json.loads, log) if event["event"] == "task started"]
    assert tasks.count("search-split accuracy") == 3  # teacher, distillation, LengthDrop
    assert "accuracy of INT8" in tasks and "searching retention configurations" in tasks
    # the last of them answers for quantization and search
    assert "accuracy of fp32" not in tasks and "reference: fp32 student" not in tasks


def test_no_stage_before_the_report_reads_dev_data(finished: Path) -> None:
    opened = {tuple(line.split()) for line in (finished / OPENED).read_text().splitlines()}
    assert {stage for stage, split in opened if split == "dev.json"} <= {"data", "report"}
    # what the watch must have seen, or it watches nothing
    assert {("report", "dev.json"), ("search", "search.json"), ("teacher", "fit.json")} <= opened


def test_the_answer_head_has_its_say_in_every_model_behind_the_student_stage(finished: Path) -> None:
    run = finished / "runs/squad_int8-smoke/artifacts"
    written = [*run.glob("*/model/config.json"), *run.glob("*/quantized/quantized.json")]
    weights = {path.parent.parent.name.split("-")[0]: path.read_text().count('answer_weight": 1.0') for path in written}
    assert weights == {"teacher": 0, "student": 1, "distillation": 1, "length_drop": 1, "quantization": 1}


def test_running_again_computes_nothing(finished: Path) -> None:
    before = run_record(finished)["stages"]
    again = quantlat("run", str(ROOT / "recipes/squad_int8.yaml"), "--smoke", "--offline", cwd=finished)
    assert again.returncode == 0
    assert run_record(finished)["stages"] == before
    assert "running" not in again.stderr + again.stdout


def test_evaluate_prints_one_json_object(finished: Path) -> None:
    done = quantlat(
        "evaluate", "runs/squad_int8-smoke", "--runtime", "onnxruntime", "--config", "fast", "--json", cwd=finished
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["metrics"]) == {"f1", "em"}
    assert (found["n"], found["runtime"], found["profile"]) == (16, "onnxruntime", "fast")


def test_evaluate_refuses_a_profile_that_is_not_there(finished: Path) -> None:
    done = quantlat("evaluate", "runs/squad_int8-smoke", "--config", "balancd", cwd=finished)
    assert done.returncode == 3
    assert "balanced" in done.stderr and "Traceback" not in done.stderr


def test_a_finished_run_is_searched_again_for_another_floor_without_touching_its_own_search(finished: Path) -> None:
    run, before = "runs/squad_int8-smoke", run_record(finished)
    (finished / OPENED).unlink()
    done = quantlat(
        "search", run, "--budget", "20s", "--floor", "f1:-60", "--threads", "1", "--batch", "2", "--json", cwd=finished
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["max_drop"], found["threads"], found["batch"]) == (60.0, 1, 2)
    assert found["latency_table"]["checked"] > 0
    assert found["candidates"][found["profiles"]["balanced"]["candidate"]]["stage"] == "final"
    assert run_record(finished) == before
    assert [path.name for path in (finished / run / "searches").iterdir()] == ["floor-60-threads-1-batch-2.json"]
    assert "dev.json" not in (finished / OPENED).read_text()
    config = "floor-60-threads-1-batch-2:fast"
    done = quantlat("evaluate", run, "--config", config, "--json", cwd=finished)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ratios"] == found["profiles"]["fast"]["ratios"]
    wrong = quantlat("evaluate", run, "--config", "floor-61:fast", cwd=finished)
    assert wrong.returncode == 3
    assert "floor-60-threads-1-batch-2" in wrong.stderr and "Traceback" not in wrong.stderr


def test_a_latency_that_cannot_be_had_ends_with_its_own_code_and_the_nearest(finished: Path) -> None:
    done = quantlat("search", "runs/squad_int8-smoke", "--target", "1us", "--budget", "20s", cwd=finished)
    assert done.returncode == 12, done.stderr
    assert "no configuration meets 0.001 ms; the nearest takes" in done.stderr
    assert "balanced" in done.stdout


def test_a_floor_of_no_loss_is_met_or_ends_with_its_own_code_and_the_nearest_model(finished: Path) -> None:
    done = quantlat("search", "runs/squad_int8-smoke", "--floor", "f1:0", "--budget", "20s", "--json", cwd=finished)
    found = json.loads(done.stdout)
    assert found["max_drop"] == 0.0 and set(found["profiles"]) == {"full", "balanced", "fast"}
    # whether INT8 loses an answer of so small a model is chance; the exit code must say what the search found
    assert done.returncode == (0 if found["missed_by"] is None else 10), done.stderr
    assert ("was missed by" in done.stderr) == (found["missed_by"] is not None)


def test_profiles_of_one_configuration_are_measured_once(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished / "runs", tmp_path / "runs")
    recipe, only_full = str(ROOT / "recipes/squad_int8.yaml"), ("--set", "search.min_ratio=1.0")
    done = quantlat("run", recipe, "--smoke", "--offline", *only_full, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "fast: the same configuration as full" in done.stdout + done.stderr
    report = tmp_path / "reports/squad_int8-smoke"
    data = json.loads((report / "report.json").read_text())
    assert {p["name"]: p["same_as"] for p in data["profiles"]} == {"full": None, "balanced": "full", "fast": "full"}

    for threads in {row["threads"] for row in data["latency"]}:
        own = {r["profile"]: r for r in data["latency"] if r["profile"] and r["threads"] == threads}
        assert list(own) == ["full", "balanced", "fast"]
        assert all(_measured(row) == _measured(own["full"]) for row in own.values())
        assert len({row["median_ms"] for row in data["latency"] if row["threads"] == threads}) > 2  # others differ
    for key in ("accuracy", "throughput"):
        by_profile: dict[str, list[object]] = {}
        for row in data[key]:
            if row["profile"] and (key == "throughput" or row["runtime"] != data["headline"]["runtime"]):
                by_profile.setdefault(row["profile"], []).append(_measured(row))
        assert set(by_profile) <= {"full", "balanced"} and by_profile.get("full") == by_profile.get("balanced")
    here = [r for r in data["accuracy"] if r["profile"] and r["runtime"] == data["headline"]["runtime"]]
    assert [row["profile"] for row in here] == ["full", "balanced", "fast"]
    assert len({json.dumps(_measured(row)) for row in here}) == 1
    among = [s for s in data["speedups"] if s["of"].startswith("profile:") and s["over"].startswith("profile:")]
    assert len(among) == 3 and all(s["ratio"]["low"] == s["ratio"]["high"] == 1.0 for s in among)

    log = (tmp_path / "runs/squad_int8-smoke/log.jsonl").read_text()
    evaluated = {json.loads(line).get("task") for line in log.splitlines()[-400:]}
    assert "dev: openvino, full" in evaluated and not {name for name in evaluated if name and name.endswith("fast")}
    assert "“balanced” and “fast” are the same configuration as “full”" in (report / "report.md").read_text()


def _measured(row: dict[str, object]) -> dict[str, object]:
    """A row without the name that it has."""
    return {name: value for name, value in row.items() if name not in ("label", "profile")}


@pytest.fixture(scope="module")
def other_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Smoke runs of the other recipes, two at a time: each is one busy core for most of its time."""

    def smoke(recipe: Path, folder: Path) -> Completed:
        options = ("--smoke", "--offline", "--set", "report.runtimes=[openvino]", *ADDED.get(recipe.stem, ()))
        return quantlat("run", str(recipe), *options, cwd=folder)

    folders = {path: tmp_path_factory.mktemp(path.stem) for path in OTHERS}
    with ThreadPoolExecutor(2) as pool:
        yield {path.stem: (folder, pool.submit(smoke, path, folder)) for path, folder in folders.items()}


@pytest.mark.parametrize("name", [path.stem for path in OTHERS])
def test_every_other_recipe_runs_through(name: str, other_runs: Runs) -> None:
    done = other_runs[name][1].result()
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_a_mobilebert_has_its_progressive_transfer(other_runs: Runs) -> None:
    folder, run = other_runs["squad_mobilebert"]
    assert run.result().returncode == 0
    run_dir = folder / "runs/squad_mobilebert-smoke"
    stage = json.loads((run_dir / "run.json").read_text())["stages"]["distillation"]
    assert (stage["metrics"]["progressive.steps"], stage["metrics"]["prediction.steps"]) == (2, 2)
    trainings = json.loads((run_dir / "artifacts" / stage["folder"] / "trainings.json").read_text())
    curve = trainings["progressive"]["loss_curve"]
    assert {"mean", "variance", "attention"} < set(curve["components"]) and curve["steps"] == [1, 2]  # one for a layer
    maps = [losses[curve["components"].index("feature map")] for losses in curve["values"]]
    assert len(maps) == 2 and min(maps) > 0.0


def model_table(*arguments: str) -> Completed:
    """tools/model_table.py."""
    return subprocess.run(
        [sys.executable, ROOT / "tools/model_table.py", "--threads", "1", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | ONE_THREAD,
        check=False,
    )


def joint_search(run: Path, *arguments: str) -> Completed:
    """tools/joint_search.py on a smoke run, with few questions and all of its files beside the run."""
    out = run.parent / f"joint-{run.name}"
    settings = (
        *("--windows", "6", "--unseen", "5", "--runtime", "pytorch"),
        *("--out", out),
        *("--cache", out / "m.jsonl"),
    )
    return subprocess.run(
        [sys.executable, ROOT / "tools/joint_search.py", run, *settings, *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | ONE_THREAD,
        check=False,
    )


def test_a_run_with_a_dynabert_stage_is_searched_on_all_axes_and_compared(
    other_runs: Runs,
) -> None:
    folder, run_through = other_runs["squad_dynabert"]
    assert run_through.result().returncode == 0
    run = folder / "runs/squad_dynabert-smoke"
    done = joint_search(run, "--compare", "--trials", "3", "--repeats", "2", "--seeds", "2", "--worst-drop", "100")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    out = folder / "runs/joint-squad_dynabert-smoke"
    data = json.loads((out / "joint_comparison.json").read_text())
    assert set(data["summary"]) == {"length", "width and depth", "INT8", "joint"}
    assert [(s["arm"], s["seed"], s["evaluations"]) for s in data["searches"]] == [
        (arm, seed, 3) for seed in (0, 1) for arm in data["summary"]
    ]
    assert data["facts"]["unseen_questions"] > 0
    assert all(len(s["unseen_front"]) == len(s["front"]) >= 1 for s in data["searches"])
    assert (out / "joint_comparison.png").stat().st_size > 10_000 and (out / "joint_comparison.svg").is_file()
    measured = len((out / "m.jsonl").read_text().splitlines())
    again = joint_search(run, "--axes", "retention", "--trials", "3", "--seeds", "2")
    assert again.returncode == 0, again.stderr[-4000:]
    assert len((out / "m.jsonl").read_text().splitlines()) == measured  # all of it was known
    assert json.loads((out / "joint_search.json").read_text())["axes"] == ["retention"]


def test_width_and_depth_of_a_run_without_a_dynabert_stage_are_refused(finished: Path) -> None:
    done = joint_search(finished / "runs/squad_int8-smoke", "--axes", "retention,depth")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "depth cannot be searched: this run (squad_int8-smoke) has no dynabert stage" in done.stderr
    assert "recipes/squad_dynabert.yaml" in done.stderr


def test_all_shipped_recipes_are_covered() -> None:
    assert {path.stem for path in RECIPES} - {path.stem for path in OTHERS} == set(APART)
    assert len(OTHERS) >= 7
    sst2, trec = (smoke_recipe(load_recipe(ROOT / f"recipes/{name}_int8.yaml").recipe) for name in ("sst2", "trec"))
    assert (sst2.task, sst2.metric, sst2.data.sources) == (trec.task, trec.metric, trec.data.sources)
    assert [stage.kind for stage in sst2.stages] == [stage.kind for stage in trec.stages]


def test_models_of_several_runs_are_measured_against_each_other(
    finished: Path, other_runs: Runs, tmp_path: Path
) -> None:
    folder, run_through = other_runs["squad_dynabert"]
    assert run_through.result().returncode == 0
    narrow, wide = folder / "runs/squad_dynabert-smoke", finished / "runs/squad_int8-smoke"
    searched = joint_search(narrow, "--axes", "retention,width", "--trials", "2", "--seeds", "2", "--floor", "100")
    assert searched.returncode == 0, searched.stderr[-4000:]
    found = folder / "runs/joint-squad_dynabert-smoke/joint_search.json"
    entries = [f"fp32={wide}:fp32", f"INT8={wide}:full@openvino", f"narrow={narrow}:fast", f"joint={narrow}:{found}"]
    done = model_table(*entries, "--out", str(tmp_path / "table"), "--requests", "3", "--seconds", "1")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert [(row["label"], row["n"]) for row in rows] == [(label, 16) for label in ("fp32", "INT8", "narrow", "joint")]
    assert rows[1]["runtime"] == "openvino" and rows[0]["difference"] is rows[0]["faster"] is None
    for row in rows[1:]:
        assert row["size_mib"] < rows[0]["size_mib"] / 3
        assert row["faster"][0] == pytest.approx(rows[0]["median_ms"] / row["median_ms"], rel=0.5)
        assert row["difference"][0] == pytest.approx(row["points"][0] - rows[0]["points"][0])
    table = (tmp_path / "table.md").read_text()
    assert table.count("\n") == 6 and table in done.stdout


def test_what_is_no_entry_of_the_table_is_refused(finished: Path) -> None:
    done = model_table("squad")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "Write LABEL=RUN:PROFILE" in done.stderr
    done = model_table(f"x={finished / 'runs/squad_int8-smoke'}:balancd")
    assert done.returncode != 0 and "did you mean 'balanced'" in done.stderr and "Traceback" not in done.stderr
