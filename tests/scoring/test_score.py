"""Scoring a file: order, bad rows, formats, going on after a kill, refusing to mix two jobs."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantlat.deployment import Predictor
from quantlat.errors import DataError, RunConflictError, RuntimeUnavailableError, StorageError
from quantlat.progress import QuietProgress
from quantlat.scoring import ScoreOptions, ScoreSummary, score_file
from quantlat.scoring.engines import score_locally
from quantlat.scoring.parts import Parts
from quantlat.scoring.rows import MAX_ROW_BYTES
from quantlat.scoring.score import describe_job
from quantlat.scoring.scorer import ScoredChunk, ScorerOptions
from tests.serving.bundles import write_tiny_bundle

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0


def question(number: int) -> dict[str, Any]:
    return {
        "id": f"q{number}",
        "question": "When was it built?",
        "context": f"Tower {number} was built in {1800 + number} " + "by a company from Paris " * (number % 7) + "🗼.",
    }


def write_lines(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "in.jsonl", [json.dumps(question(n)).encode() for n in range(23)])


def options(bundle: Path, source: Path, out: Path, **changes: Any) -> ScoreOptions:
    return replace(ScoreOptions(source, out, ScorerOptions(bundle, threads=1), chunk_rows=4), **changes)


def score(bundle: Path, source: Path, out: Path, **changes: Any) -> ScoreSummary:
    return score_file(options(bundle, source, out, **changes), QuietProgress())


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_rows_come_out_in_their_order_as_the_predictor_answers_them(
    bundle: Path, predictor: Predictor, questions: Path, tmp_path: Path
) -> None:
    summary = score(bundle, questions, tmp_path / "out.jsonl")
    rows = read_lines(tmp_path / "out.jsonl")
    assert summary == ScoreSummary(scored=23, rejected=0, rejected_file=None, resumed=0)
    assert [row["row"] for row in rows] == list(range(1, 24))
    assert [row["id"] for row in rows] == [f"q{n}" for n in range(23)]
    first = next(iter(predictor.profiles))
    for number, row in enumerate(rows):
        asked = question(number)
        own = predictor.answer(asked["question"], asked["context"], profile=first)
        assert (row["text"], row["start"], row["end"], row["profile"]) == (own.text, own.start, own.end, first)
        assert row["text"] == asked["context"][row["start"] : row["end"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


BAD = [
    (b"{", "not JSON"),
    (b"\xff", "not UTF-8"),
    (b"[" * 100_000, "nested too deeply"),
    (b"3", "expected an object with question and context, got a number"),
    (b'{"id": 7, "question": "q"}', "context is missing"),
    (b'{"question": "q", "context": 1}', "context must be text, got a number"),
    (b'{"question": " ", "context": "c"}', "question is empty"),
    (b'{"id": [], "question": "q", "context": "c"}', "id must be"),
    (b'{"question": "q", "context": "\\ud800"}', "surrogate"),
    (b'{"question": "q", "context": "' + b"c" * MAX_ROW_BYTES + b'"}', "longer than"),
]


def test_bad_rows_go_to_the_side_file_with_the_reason(bundle: Path, tmp_path: Path) -> None:
    good = json.dumps(question(1)).encode()
    lines = [b"\xef\xbb\xbf" + good, b"", *(line for bad, _ in BAD for line in (bad, good))]
    summary = score(bundle, write_lines(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl")
    assert (summary.scored, summary.rejected) == (len(BAD) + 1, len(BAD))
    assert summary.rejected_file is not None
    refused = read_lines(summary.rejected_file)
    assert [row["row"] for row in refused] == list(range(3, 3 + 2 * len(BAD), 2))
    for row, (_, reason) in zip(refused, BAD, strict=True):
        assert reason in row["reason"]
    assert refused[4]["id"] == 7
    assert [row["row"] for row in read_lines(tmp_path / "out.jsonl")] == [1, *range(4, 4 + 2 * len(BAD), 2)]


def test_parquet_gives_the_same_as_jsonl(bundle: Path, questions: Path, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    score(bundle, questions, tmp_path / "out.jsonl")
    table = pyarrow.Table.from_pylist([question(n) for n in range(23)])
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=5)
    score(bundle, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == read_lines(tmp_path / "out.jsonl")
    parquet.write_table(table.drop_columns(["context"]), tmp_path / "poor.parquet")
    with pytest.raises(DataError, match="no column 'context'"):
        score(bundle, tmp_path / "poor.parquet", tmp_path / "other.parquet")
    (tmp_path / "false.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="not a Parquet file"):
        score(bundle, tmp_path / "false.parquet", tmp_path / "other.parquet")


def test_an_empty_file_gives_an_empty_file(bundle: Path, tmp_path: Path) -> None:
    assert score(bundle, write_lines(tmp_path / "in.jsonl", []), tmp_path / "out.jsonl").scored == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""


@pytest.mark.alone
def test_a_killed_process_is_continued_without_losses_or_duplicates(bundle: Path, tmp_path: Path) -> None:
    lines = [json.dumps(question(n)).encode() for n in range(100)]
    lines[7] = b"no"
    source = write_lines(tmp_path / "in.jsonl", lines)
    score(bundle, source, tmp_path / "whole.jsonl", chunk_rows=2)
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "quantlat.cli", "predict", str(bundle), str(source), str(out)]
    command += ["--threads", "1", "--chunk-rows", "2"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until = time.monotonic() + PATIENCE_S
    while len(list(Parts(out).folder.glob("part-*.jsonl"))) < 5:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    assert not out.exists()
    (Parts(out).folder / ".part-00000099.jsonl.partial").write_bytes(b"half a li")
    summary = score(bundle, source, out, chunk_rows=2)
    assert 0 < summary.resumed < 100 and summary.scored == 99 and summary.rejected == 1
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not Parts(out).folder.exists()


def test_a_full_disk_is_said_and_what_was_scored_is_kept(bundle: Path, questions: Path, tmp_path: Path) -> None:
    """When the output is put together, the process may only write files of 1,000 bytes any more."""
    out = tmp_path / "out.jsonl"
    code = (
        "import resource, sys\n"
        "from quantlat.cli import main\n"
        "from quantlat.scoring.parts import Parts\n"
        "whole = Parts.assemble\n"
        "def assemble(*given):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))\n"
        "    return whole(*given)\n"
        "Parts.assemble = assemble\n"
        "sys.argv = ['quantlat', *sys.argv[1:]]\n"
        "main()\n"
    )
    options = ["predict", str(bundle), str(questions), str(out), "--threads", "1", "--chunk-rows", "4"]
    failed = subprocess.run([sys.executable, "-c", code, *options], cwd=ROOT, capture_output=True, text=True)
    assert failed.returncode == 6 and "is full" in failed.stderr and not out.exists()
    assert len(list(Parts(out).folder.glob("part-*.jsonl"))) == 6
    summary = score(bundle, questions, out)
    assert summary.resumed == summary.scored == 23
    score(bundle, questions, tmp_path / "other.jsonl")
    assert out.read_bytes() == (tmp_path / "other.jsonl").read_bytes()


def test_only_what_is_missing_is_scored_again(
    bundle: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def stop_after_two(*given: Any) -> Any:
        for scored in score_locally(*given):
            if len(seen) == 2:
                raise KeyboardInterrupt
            seen.append(scored.index)
            yield scored

    monkeypatch.setattr("quantlat.scoring.score.score_locally", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        score(bundle, questions, tmp_path / "out.jsonl")
    again: list[ScoredChunk] = []
    monkeypatch.setattr(
        "quantlat.scoring.score.score_locally", lambda *given: (again.append(c) or c for c in score_locally(*given))
    )
    assert score(bundle, questions, tmp_path / "out.jsonl").resumed == 8
    assert seen == [0, 1] and [chunk.index for chunk in again] == [2, 3, 4, 5]


def test_two_jobs_do_not_mix(bundle: Path, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    score(bundle, questions, out)
    with pytest.raises(StorageError, match="exists already"):
        score(bundle, questions, out)
    parts = Parts(out)
    job, _ = describe_job(options(bundle, questions, out))
    with parts.opened(job, overwrite=True):
        parts.write(0, [])
        with pytest.raises(RunConflictError, match="another process"):
            score(bundle, questions, out, overwrite=True)
    with pytest.raises(RunConflictError, match="budget_ms"):
        score(bundle, questions, out, scorer=ScorerOptions(bundle, budget_ms=3.0, threads=1))
    with pytest.raises(StorageError, match="expected 23"):
        score(bundle, questions, out)
    assert score(bundle, questions, out, overwrite=True, chunk_rows=5).scored == 23


def test_mistakes_are_noticed_before_anything_is_scored(bundle: Path, questions: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.jsonl or \.parquet"):
        score(bundle, questions, tmp_path / "out.csv")
    with pytest.raises(DataError, match="no such file"):
        score(bundle, tmp_path / "nothing.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(DataError, match="is the input"):
        score(bundle, questions, questions)
    with pytest.raises(DataError, match="no profile 'quick'"):
        score(bundle, questions, tmp_path / "out.jsonl", scorer=ScorerOptions(bundle, profile="quick"))


def test_a_budget_chooses_the_profile_of_each_row(
    bundle: Path, predictor: Predictor, questions: Path, tmp_path: Path
) -> None:
    score(bundle, questions, tmp_path / "out.jsonl", scorer=ScorerOptions(bundle, budget_ms=1e-6, threads=1))
    assert {row["profile"] for row in read_lines(tmp_path / "out.jsonl")} == {list(predictor.profiles)[-1]}


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_line_that_installs_it_is_said(bundle: Path, questions: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        score(bundle, questions, tmp_path / "out.jsonl", engine="ray")
    assert caught.value.hint == "pip install 'quantlat[ray]'"
    assert score(bundle, questions, tmp_path / "out.jsonl").scored == 23


def test_ray_gives_the_same_file(bundle: Path, questions: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra ray: pip install 'quantlat[ray]'")
    score(bundle, questions, tmp_path / "local.jsonl")
    score(bundle, questions, tmp_path / "ray.jsonl", engine="ray")
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()


def test_a_classifier_scores_texts(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "classifier", "text-classification")
    lines = [json.dumps({"id": n, "text": f"text number {n}"}).encode() for n in range(9)]
    summary = score(folder, write_lines(tmp_path / "in.jsonl", [*lines, b'{"id": 9}']), tmp_path / "out.jsonl")
    rows = read_lines(tmp_path / "out.jsonl")
    assert summary.scored == 9 and summary.rejected == 1
    with Predictor.load(folder, threads=1) as own:
        assert [row["label"] for row in rows] == [own.classify(f"text number {n}").label for n in range(9)]
    assert [row["id"] for row in rows] == list(range(9))


def test_pairs_of_texts_are_classified_as_pairs(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "classifier", "text-classification")
    values = [{"text": f"text {n}", "text_pair": f"its pair {n * n}" if n % 2 else None} for n in range(8)]
    lines = [json.dumps(value).encode() for value in values] + [b'{"text": "a", "text_pair": 3}']
    assert score(folder, write_lines(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl").rejected == 1
    rows = read_lines(tmp_path / "out.jsonl")
    with Predictor.load(folder, threads=1) as own:
        expected = [own.classify(v["text"], v["text_pair"]) for v in values]
    assert [(row["label"], row["tokens"]) for row in rows] == [(e.label, e.tokens) for e in expected]
    assert rows[1]["tokens"] > rows[0]["tokens"]


def test_texts_and_pairs_are_rated_in_both_formats(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "rating", "text-regression")
    values = [{"id": n, "text": f"text {n}", "text_pair": f"its pair {n * n}" if n % 2 else None} for n in range(9)]
    lines = [json.dumps(value).encode() for value in values]
    bad = [b'{"id": 9, "text_pair": "b"}', b'{"id": 10, "text": "a", "text_pair": 3}']
    source = write_lines(tmp_path / "in.jsonl", [*lines, *bad])
    assert score(folder, source, tmp_path / "out.jsonl").rejected == 2
    rows = read_lines(tmp_path / "out.jsonl")
    with Predictor.load(folder, threads=1) as own:
        expected = [own.rate(value["text"], value["text_pair"], profile="full") for value in values]
    assert set(rows[0]) == {"row", "id", "value", "profile", "tokens"}
    assert [row["id"] for row in rows] == list(range(9)) and rows[1]["tokens"] > rows[0]["tokens"]
    assert [(row["profile"], row["tokens"]) for row in rows] == [("full", rating.tokens) for rating in expected]
    np.testing.assert_allclose([row["value"] for row in rows], [e.value for e in expected], atol=2e-6)
    assert all(row["value"] == round(row["value"], 6) for row in rows)
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(values), tmp_path / "in.parquet")
    score(folder, tmp_path / "in.parquet", tmp_path / "out.parquet")
    written = parquet.read_table(tmp_path / "out.parquet")
    assert written.schema.field("value").type == pyarrow.float64()
    assert [{**row, "id": int(row["id"])} for row in written.to_pylist()] == rows


def test_texts_are_embedded_into_lists_of_numbers(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "embedding", "embedding")
    texts = [f"text number {n} " + "and more of it " * (n % 5) * n for n in range(9)]
    lines = [json.dumps({"id": n, "text": text}).encode() for n, text in enumerate(texts)]
    bad = [b'{"id": 9}', b'{"id": 10, "text": ["a"]}']
    source = write_lines(tmp_path / "in.jsonl", [*lines, *bad])
    assert score(folder, source, tmp_path / "out.jsonl").rejected == 2
    rows = read_lines(tmp_path / "out.jsonl")
    with Predictor.load(folder, threads=1) as own:
        expected = own.embed(texts, profile="full")
        tokens = [own.text_window(text, None).length for text in texts]
    assert [(row["id"], row["profile"], row["tokens"]) for row in rows] == [
        (n, "full", t) for n, t in enumerate(tokens)
    ]
    np.testing.assert_allclose([row["vector"] for row in rows], expected, atol=6e-9)
    assert set(rows[0]) == {"row", "id", "vector", "profile", "tokens"}
    fast = ScorerOptions(folder, profile="fast", threads=1)
    score(folder, source, tmp_path / "fast.jsonl", scorer=fast)
    assert np.abs(read_lines(tmp_path / "fast.jsonl")[0]["vector"] - expected[0]).max() > 1e-3


def test_vectors_in_parquet_are_those_of_jsonl(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = write_tiny_bundle(tmp_path / "embedding", "embedding")
    values = [{"id": str(n), "text": f"text {n * n}"} for n in range(1_100)]
    parquet.write_table(pyarrow.Table.from_pylist(values), tmp_path / "in.parquet")
    for ending in ("jsonl", "parquet"):
        score(folder, tmp_path / "in.parquet", tmp_path / f"out.{ending}", chunk_rows=300)
    written, rows = parquet.ParquetFile(tmp_path / "out.parquet"), read_lines(tmp_path / "out.jsonl")
    assert written.schema_arrow.field("vector").type == pyarrow.list_(pyarrow.float32())
    assert [written.metadata.row_group(i).num_rows for i in range(2)] == [1_024, 76]
    found = written.read().to_pylist()
    assert [{**row, "vector": 0} for row in found] == [{**row, "vector": 0} for row in rows]
    vectors = np.array([row["vector"] for row in found], np.float32)
    np.testing.assert_array_equal(vectors, np.array([row["vector"] for row in rows], np.float32))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
