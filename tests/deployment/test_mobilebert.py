"""A MobileBERT in a bundle: the engine does not know its blocks, so OpenVINO is its runtime, not a fallback."""

from __future__ import annotations

import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from quantlat.deployment import Predictor, read_manifest
from quantlat.deployment.executors import choose_runtime
from quantlat.deployment.manifest import BundleProfile
from quantlat.deployment.promise import self_check
from quantlat.deployment.wheel import write_bundle_wheel
from quantlat.deployment.writer import BundleSource, WrittenBundle, write_bundle
from quantlat.errors import BundleError, RuntimeUnavailableError
from quantlat.models.random_tokenizer import train_tokenizer
from tests.deployment import tiny
from tests.quantization.tiny_mobilebert import CONFIG, quantized_model

pytest.importorskip("openvino", reason="OpenVINO is not installed")


def source(*, openvino: bool = True) -> BundleSource:
    plain = tiny.source(openvino=openvino)
    tokenizer = train_tokenizer("bert", CONFIG.vocab_size)
    return replace(plain, name="thin", model=quantized_model(), tokenizer_json=tokenizer.json)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> WrittenBundle:
    return write_bundle(source(), tmp_path_factory.mktemp("bundles") / "thin")


def test_the_manifest_says_that_it_runs_in_openvino_at_full_length(written: WrittenBundle) -> None:
    manifest = read_manifest(written.folder)
    assert manifest.runtime == "openvino" and manifest.has_openvino and manifest.machine.kernels == ""
    assert manifest.profile_names == ("full",)
    assert set(manifest.profiles[0].latency_by_tokens) == {"openvino"}
    assert "without fast: only the engine drops tokens in a bundle, and it cannot run this" in written.notes
    readme = (written.folder / "README.md").read_text()
    assert "# runtime, full length only" in readme and "openvino runtime, median in ms" in readme


def test_it_answers_and_passes_its_self_check(written: WrittenBundle) -> None:
    with Predictor.load(written.folder) as predictor:
        assert predictor.runtime == "openvino" and list(predictor.profiles) == ["full"]
        answer = predictor.answer(tiny.QUESTIONS[0], tiny.PASSAGE)
        assert answer.text == tiny.PASSAGE[answer.start : answer.end] != ""
        assert predictor.choose_profile(50, 1e-6) == "full"
        with Predictor.load(written.folder, isolated=True) as isolated:
            assert isolated.answer(tiny.QUESTIONS[0], tiny.PASSAGE).text == answer.text
    report = self_check(written.folder, seconds=0.2)
    assert report.passed and report.runtime == "openvino" and report.golden_agreeing == report.golden_cases
    assert 0 < report.golden_error < report.golden_tolerance and report.latency


def test_asking_for_the_engine_is_refused_with_the_runtime_that_works(written: WrittenBundle) -> None:
    with pytest.raises(RuntimeUnavailableError, match="does not run mobilebert") as caught:
        Predictor.load(written.folder, runtime="native")
    assert caught.value.hint is not None and "OpenVINO alone" in caught.value.hint
    assert choose_runtime(written.manifest, CONFIG, "auto") == "openvino"


def test_without_openvino_neither_packaging_nor_loading_works(
    written: WrittenBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeUnavailableError, match="does not run mobilebert") as caught:
        write_bundle(source(openvino=False), tmp_path / "bundle")
    assert caught.value.hint is not None and "package with it" in caught.value.hint
    monkeypatch.setitem(sys.modules, "openvino", None)  # what an import finds where it is not installed
    for attempt in (lambda: write_bundle(source(), tmp_path / "bundle"), lambda: Predictor.load(written.folder)):
        with pytest.raises(RuntimeUnavailableError, match="openvino is not installed") as caught:
            attempt()
        assert caught.value.hint == "pip install openvino"
    assert not list(tmp_path.iterdir())


def test_a_changed_graph_is_noticed_before_use(written: WrittenBundle, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(written.folder, tmp_path / "bundle"))
    path = bundle / "fallback/model.bin"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BundleError, match=r"model\.bin was changed"):
        Predictor.load(bundle)


def test_profiles_that_all_drop_tokens_are_no_bundle(tmp_path: Path) -> None:
    falling = replace(source(), profiles=(BundleProfile(name="fast", ratios=(0.5, 0.25)),))
    with pytest.raises(BundleError, match="runs at full length only"):
        write_bundle(falling, tmp_path / "bundle")


def test_its_wheel_asks_for_openvino(written: WrittenBundle, tmp_path: Path) -> None:
    wheel = write_bundle_wheel(written.folder, written.manifest, tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(next(n for n in archive.namelist() if n.endswith("/METADATA"))).decode()
    assert "Requires-Dist: quantlat[openvino] >=" in metadata
