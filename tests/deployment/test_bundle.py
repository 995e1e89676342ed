from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from quantlat.cli.app import app
from quantlat.deployment import Predictor, read_manifest
from quantlat.deployment.golden import Golden, GoldenCase, compare, is_decisive
from quantlat.deployment.manifest import LatencyPoint, verify_files
from quantlat.deployment.promise import SelfCheckReport, _row, lines_of, self_check
from quantlat.deployment.requirements import pinned
from quantlat.deployment.selfcheck import isa_warnings
from quantlat.deployment.wheel import write_bundle_wheel
from quantlat.deployment.writer import write_bundle
from quantlat.errors import BundleError, StorageError
from quantlat.latency.machine import read_machine_facts
from quantlat.runtimes.native import usable_kernels
from tests.deployment import tiny

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "neural_compressor", "torchao", "optuna", "matplotlib", "yaml", "rich", "typer")

pytestmark = pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("bundles") / "qa", docker=True).folder


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "bundle"))


def edit(bundle: Path, change: Callable[[dict[str, object]], object]) -> None:
    path = bundle / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_bundle_lists_every_file_with_size_and_hash(made: Path) -> None:
    manifest = read_manifest(made)
    on_disk = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert set(manifest.files) == on_disk - {"manifest.json"}
    verify_files(made, manifest)
    assert {"model/qparams.safetensors", "licences/NOTICE.md", "requirements.txt", "README.md", "Dockerfile"} <= on_disk
    assert manifest.profile_names == ("full", "fast")  # most accurate first, whatever the order they came in
    assert manifest.fingerprint == tiny.model("question-answering").fingerprint
    for profile in manifest.profiles:
        points = profile.latency_by_tokens["native"]
        assert points[-1].tokens <= 64 and all(point.median_ms > 0 for point in points)
        assert [p.tokens for p in points] == sorted({p.tokens for p in points})


def test_golden_inputs_hold_nothing_that_older_versions_refuse(made: Path) -> None:
    golden = json.loads((made / "golden.json").read_text())
    assert set(golden) == {"format", "tolerance", "cases"}  # a spread only where one is needed, with ratings


def test_it_needs_none_of_the_heavy_packages(made: Path) -> None:
    code = (
        "import sys\n"
        f"heavy = {HEAVY!r}\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in heavy:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from quantlat.deployment import Predictor\n"
        f"predictor = Predictor.load({str(made)!r})\n"
        f"print(predictor.answer({tiny.QUESTIONS[0]!r}, {tiny.PASSAGE!r}).text)\n"
        "from quantlat.deployment.promise import self_check\n"
        "assert not [name for name in heavy if name in sys.modules]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=300
    )
    with Predictor.load(made) as predictor:
        assert done.stdout.strip() == predictor.answer(tiny.QUESTIONS[0], tiny.PASSAGE).text


@pytest.mark.parametrize("name", ["model/qparams.safetensors", "model/tokenizer.json", "golden.json"])
def test_a_changed_a_cut_and_a_missing_file_are_noticed_before_use(bundle: Path, name: str) -> None:
    path = bundle / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BundleError, match="was changed"):
        Predictor.load(bundle)
    path.write_bytes(bytes(data[:-1]))
    with pytest.raises(BundleError, match=f"has {len(data) - 1} bytes, the manifest says {len(data)}"):
        Predictor.load(bundle)
    path.unlink()
    with pytest.raises(BundleError, match="is missing"):
        Predictor.load(bundle)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "model/../../secret", "a\\b", "./a", "", "manifest.json"])
def test_names_that_leave_the_bundle_are_refused(bundle: Path, name: str) -> None:
    edit(bundle, lambda content: content["files"].update({name: {"bytes": 1, "sha256": "0" * 64}}))  # type: ignore[attr-defined]
    with pytest.raises(BundleError, match="not the name of a file in the bundle"):
        Predictor.load(bundle)


def test_a_link_out_of_the_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.json"
    shutil.move(bundle / "golden.json", outside)
    (bundle / "golden.json").symlink_to(outside)
    with pytest.raises(BundleError, match="leads out of the bundle"):
        Predictor.load(bundle)


def test_manifests_that_are_none_are_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not a bundle"):
        Predictor.load(tmp_path / "nothing")
    edit(bundle, lambda content: content.update(format_version=2))
    with pytest.raises(BundleError, match="format version 2"):
        read_manifest(bundle)
    edit(bundle, lambda content: content.update(format_version=1, surprise=1))
    with pytest.raises(BundleError, match="surprise"):
        read_manifest(bundle)
    for text in ("{", "[]", "[" * 100_000):
        (bundle / "manifest.json").write_text(text)
        with pytest.raises(BundleError, match="manifest"):
            read_manifest(bundle)


def with_golden(bundle: Path, change: Callable[[Golden], Golden]) -> None:
    """Change the golden inputs and their hash, as if the model computed something else here."""
    from quantlat.deployment.manifest import sha256_of

    path = bundle / "golden.json"
    path.write_text(change(Golden.model_validate_json(path.read_text())).model_dump_json())
    entry = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    edit(bundle, lambda content: content["files"].update({"golden.json": entry}))  # type: ignore[attr-defined]


def saturated(golden: Golden) -> Golden:
    """Logits as a saturating 8-bit product would give them: a third of them lost."""
    cases = [
        case.model_copy(
            update={"logits": tuple(tuple(v if i % 3 else 0.0 for v in row) for i, row in enumerate(case.logits))}
        )
        for case in golden.cases
    ]
    return golden.model_copy(update={"cases": tuple(cases)})


def test_wrong_results_refuse_to_serve_and_name_the_missing_instructions(bundle: Path) -> None:
    with_golden(bundle, saturated)
    with pytest.raises(BundleError, match="does not answer here as it was validated") as failure:
        Predictor.load(bundle)
    assert "another version of the runtime native" in str(failure.value)
    edit(bundle, lambda content: content["machine"].update(isa=["avx2", "amx_imaginary"]))  # type: ignore[attr-defined]
    with pytest.raises(BundleError) as failure:
        Predictor.load(bundle)
    assert "lacks amx_imaginary" in str(failure.value)
    with Predictor.load(bundle, check=False) as unchecked:
        assert unchecked.answer("Who?", "Ada").text
    report = self_check(bundle, seconds=0)
    assert not report.passed and report.cause is not None and "FAILED" in lines_of(report)[0]


def test_a_missing_instruction_set_alone_is_a_warning(bundle: Path) -> None:
    edit(bundle, lambda content: content["machine"].update(isa=["amx_imaginary"]))  # type: ignore[attr-defined]
    with Predictor.load(bundle) as predictor:
        assert "lacks amx_imaginary" in predictor.warnings[0]
    old = read_machine_facts().model_copy(update={"isa": ("avx2",)})
    manifest = read_manifest(bundle)
    machine = manifest.machine.model_copy(update={"isa": ("avx2", "avx512_vnni")})
    assert "several times" in isa_warnings(manifest.model_copy(update={"machine": machine}), old)[0]


def test_golden_outcomes() -> None:
    case = GoldenCase(text="q", context="c", logits=((1.0, -1.0), (3.0, -3.0)), result="a")
    golden = Golden(tolerance=0.1, cases=(case, case, case, case))
    right = np.array(case.logits)
    assert compare(golden, [right] * 4, ["a"] * 4).error == 0
    assert compare(golden, [right] * 4, ["a", "a", "a", "b"]).passed
    assert not compare(golden, [right] * 4, ["a", "a", "b", "b"]).passed
    spread = np.array(case.logits).std()
    assert compare(golden, [right + 0.05 * spread] * 4, ["a"] * 4).error == pytest.approx(0.05)
    assert not compare(golden, [right + 0.2 * spread] * 4, ["a"] * 4).passed
    assert not compare(golden, [right * np.nan] * 4, ["a"] * 4).passed
    assert not compare(golden, [right[:1]] * 4, ["a"] * 4).passed
    tied = golden.model_copy(update={"cases": (case, *[case.model_copy(update={"decisive": False})] * 3)})
    assert compare(tied, [right] * 4, ["a", "b", "b", "b"]).passed
    assert not compare(tied, [right + 0.2 * spread] * 4, ["a"] * 4).passed


def test_a_near_tie_is_not_decisive() -> None:
    def largest(logits: list[np.ndarray]) -> str:
        return str(int(np.argmax(logits[0][:, 0])))

    assert is_decisive([np.array([[0.0, 0.0], [5.0, 0.0], [1.0, 0.0]])], largest)
    assert not is_decisive([np.array([[0.0, 0.0], [5.0, 0.0], [4.95, 0.0]])], largest)


def test_the_self_check_measures_against_the_promise(made: Path) -> None:
    report = self_check(made, seconds=0.5)
    assert report.passed and report.golden_agreeing == 3 and report.golden_error < report.golden_tolerance
    assert {row.profile for row in report.latency} == {"full", "fast"}
    assert all(row.ci_ms[0] <= row.measured_ms <= row.ci_ms[1] for row in report.latency)
    assert SelfCheckReport.model_validate_json(report.model_dump_json()) == report
    text = "\n".join(lines_of(report))
    assert "tiny: passed" in text and "promised ms" in text
    assert self_check(made, threads=2, seconds=0.2).promise_kept is None


@pytest.mark.parametrize(
    ("interval", "verdict"), [((9.0, 10.9), "kept"), ((11.1, 12.0), "broken"), ((10.0, 12.0), "unclear")]
)
def test_a_promise_is_judged_by_the_interval(interval: tuple[float, float], verdict: str) -> None:
    promise = LatencyPoint(tokens=9, median_ms=10, ci_ms=(9.9, 10.1), n=30)
    now = LatencyPoint(tokens=9, median_ms=interval[0], ci_ms=interval, n=30)
    assert _row("full", promise, now, True).verdict == verdict


def test_nothing_foreign_is_overwritten_and_a_bundle_is_replaced(bundle: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "work"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    with pytest.raises(StorageError, match="not empty and not a bundle"):
        write_bundle(tiny.source(), foreign)
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]
    (bundle / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"notes\.txt"):
        write_bundle(tiny.source(), bundle)
    (bundle / "notes.txt").unlink()
    before = read_manifest(bundle)
    after = write_bundle(tiny.source(), bundle)
    assert "Dockerfile" in before.files and "Dockerfile" not in after.manifest.files
    verify_files(bundle, read_manifest(bundle))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_a_storage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="cannot write the bundle"):
        write_bundle(tiny.source(), tmp_path / "bundle")


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quantlat.deployment.writer.write_serving_wheel", fail)
    with pytest.raises(StorageError, match="No space left"):
        write_bundle(tiny.source(), tmp_path / "bundle")
    assert not list(tmp_path.iterdir())


def test_the_image_starts_a_verb_that_exists_and_installs_files_that_exist(made: Path) -> None:
    lines = (made / "Dockerfile").read_text().splitlines()
    command = json.loads(next(line for line in lines if line.startswith("CMD")).removeprefix("CMD"))
    assert command[0] == "quantlat" and command[1] in {verb.callback.__name__ for verb in app.registered_commands}
    install = next(line for line in lines if line.startswith("RUN pip")).split()
    named = [word for word in install if word.endswith((".txt", ".whl"))]
    assert len(named) >= 3 and all((made / name).is_file() for name in named)


def test_bench_takes_a_bundle_and_its_profiles(made: Path) -> None:
    options = ["--runtimes", "native", "--tokens", "12", "--rounds", "3", "--json"]
    done = CliRunner().invoke(app, ["bench", str(made), "--profile", "fast", *options])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    assert [(row["runtime"], row["profile"], row["tokens"]) for row in rows] == [
        ("native", "full", 12),
        ("native", "fast", 12),
    ]
    unknown = CliRunner().invoke(app, ["bench", str(made), "--profile", "quick", *options])
    assert unknown.exit_code == 2 and "full, fast" in unknown.output


def test_the_serving_wheel_holds_the_program_and_this_pythons_engine(made: Path) -> None:
    (wheel,) = (made / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith("/METADATA"))).decode()
        assert archive.testzip() is None
    assert "quantlat/deployment/predictor.py" in names
    assert [n for n in names if n.endswith(".so")] == [n for n in names if "_engine." in n and "cpython" in n]
    assert not [n for n in names if n.endswith((".cpp", ".h", ".pyc"))]
    assert "Requires-Dist: tokenizers" in metadata and "torch" not in metadata


def test_selfcheck_needs_nothing_but_what_the_bundle_installs(made: Path, tmp_path: Path) -> None:
    pinned_names = {
        line.partition("==")[0]
        for name in ("requirements.txt", "requirements-serving.txt")
        for line in (made / name).read_text().splitlines()
    }
    # also in the processes that it starts
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "from importlib.metadata import packages_distributions\n"
        f"pinned = {pinned_names!r} | {{'quantlat', 'pip', 'setuptools'}}\n"
        "absent = {top for top, names in packages_distributions().items()\n"
        "          if not pinned & {name.lower().replace('_', '-') for name in names}}\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in absent:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "assert {'scipy', 'torch', 'yaml'} <= absent\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "quantlat.cli", "selfcheck", str(made)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )
    assert "not installed" not in done.stdout + done.stderr
    assert ": passed" in done.stdout, done.stdout + done.stderr
    # how fast this machine is while it tests something else, too, is not the question
    assert done.returncode == (BundleError.exit_code if " broken" in done.stdout else 0), done.stdout + done.stderr


def test_a_bundle_wheel_loads_from_a_plain_folder(made: Path, tmp_path: Path) -> None:
    wheel = write_bundle_wheel(made, read_manifest(made), tmp_path)
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = "import quantlat_bundle_tiny as b; print(b.load(check=True).manifest.name)"
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300, env=environment
    )
    assert done.stdout == "tiny\n"


def test_requirements_are_pinned_with_what_they_need_and_without_a_hub() -> None:
    lines = pinned(("tokenizers", "pydantic"))
    names = {line.partition("==")[0] for line in lines}
    assert {"tokenizers", "pydantic", "pydantic-core", "typing-extensions"} <= names
    assert not {"huggingface-hub", "torch", "transformers"} & names
    assert all("==" in line for line in lines)
    assert pinned(("a-package-that-is-not-there",)) == ["a-package-that-is-not-there"]
