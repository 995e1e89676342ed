"""The whole chain on texts to classify, as a user runs it: through the command line, then evaluated and packaged."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quantlat.data.embedded.texts import generate_texts

ROOT = Path(__file__).parents[2]
OPENED = "opened_by_stages.log"
RUN = "runs/sst2_int8-smoke"
SPIED = (
    "import pathlib; from tests.stages.dev_spy import watch; watch(pathlib.Path('opened_by_stages.log').absolute()); "
    "from quantlat.cli import main; main()"
)


def quantlat(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "QUANTLAT_DATA"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", SPIED, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        env=environment,
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smoke")
    done = quantlat("run", str(ROOT / "recipes/sst2_int8.yaml"), "--smoke", "--offline", cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


def test_no_stage_before_the_report_reads_dev_texts(finished: Path) -> None:
    opened = {tuple(line.split()) for line in (finished / OPENED).read_text().splitlines()}
    assert {stage for stage, split in opened if split == "dev.jsonl"} <= {"data", "report"}
    assert {("report", "dev.jsonl"), ("search", "search.jsonl"), ("teacher", "fit.jsonl")} <= opened


def test_the_model_has_a_head_for_the_classes_of_the_data(finished: Path) -> None:
    record = json.loads((finished / RUN / "run.json").read_text())
    folder = finished / RUN / "artifacts" / record["stages"]["quantization"]["folder"] / "quantized"
    assert json.loads((folder / "quantized.json").read_text())["task"] == "text-classification"
    assert "search_accuracy" in record["stages"]["teacher"]["metrics"]
    assert "search_accuracy_int8" in record["stages"]["quantization"]["metrics"]


def test_the_report_names_the_metric_everywhere(finished: Path) -> None:
    report = finished / "reports/sst2_int8-smoke"
    data = json.loads((report / "report.json").read_text())
    assert data["metric"]["key"] == "accuracy"
    runtimes = {row["runtime"] for row in data["accuracy"] if row["profile"]}
    assert {"pytorch", "openvino", "onnxruntime"} <= runtimes
    example = data["example"]
    assert example["reference"] in ("negative", "positive")
    assert {token["part"] for token in example["tokens"]} == {"special", "text"}
    assert example["profiles"][-1]["survives"][0] == 2  # [CLS] is never dropped
    assert all(len(row["points_per_example"]) == 16 and row["em"] is None for row in data["accuracy"])
    for name in ("report.md", "index.html"):
        text = re.sub("<(script|style).*?</\\1>|<meta.*?>", "", (report / name).read_text(), flags=re.DOTALL)
        assert "Accuracy" in text and "dev texts" in text
        assert not re.findall(r"\bF1\b|\bEM\b|dev questions", text)
    with (report / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"accuracy", "accuracy_low", "accuracy_difference", "texts"} <= set(rows[0])
    assert not [name for name in rows[0] if "f1" in name or name == "em"]
    assert rows[0]["texts"] == "16"


def test_evaluate_scores_a_users_file(finished: Path) -> None:
    _, texts = generate_texts(16, 30, 5)
    path = finished / "mine.tsv"
    names = ("negative", "positive")
    path.write_text("sentence\tlabel\n" + "".join(f"{e.text}\t{names[e.label]}\n" for e in texts) + "torn row\n")
    done = quantlat("evaluate", RUN, "--data", "mine.tsv", "--config", "fast", "--json", cwd=finished)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (set(found["metrics"]), found["metric"], found["n"]) == ({"accuracy"}, "accuracy", 30)
    low, high = found["metric_ci"]
    assert low <= found["metrics"]["accuracy"] <= high
    assert "1 rows unusable" in done.stderr


def test_a_floor_of_another_metric_is_refused(finished: Path) -> None:
    done = quantlat("search", RUN, "--floor", "f1:-1", cwd=finished)
    assert done.returncode == 3
    assert "text-classification is held to accuracy" in done.stderr


def test_a_finished_run_is_searched_again(finished: Path) -> None:
    done = quantlat("search", RUN, "--floor", "accuracy:-60", "--budget", "20s", "--threads", "1", cwd=finished)
    assert done.returncode == 0, done.stderr
    assert "accuracy change" in done.stdout


def test_a_run_becomes_a_bundle_that_classifies(finished: Path) -> None:
    from quantlat.deployment import Predictor

    done = quantlat("package", RUN, "--out", "bundle", "--no-openvino", "--threads", "1", cwd=finished)
    assert done.returncode == 0, done.stderr
    with Predictor.load(finished / "bundle") as predictor:
        assert predictor.manifest.labels == ("negative", "positive")
        assert {profile.metric for profile in predictor.manifest.profiles} == {"accuracy"}
        found = predictor.classify("the film is delightful .")
    assert found.label in ("negative", "positive")
    assert sum(found.scores) == pytest.approx(1.0)


def test_bench_runs_on_the_runs_own_lengths(finished: Path) -> None:
    options = ("--workload", "--requests", "4", "--rounds", "3", "--runtimes", "onnxruntime", "--json")
    done = quantlat("bench", RUN, *options, cwd=finished)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"][0]["tokens"] > 4
