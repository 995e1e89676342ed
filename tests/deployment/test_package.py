"""The real thing, where a finished run is at hand: QUANTLAT_RUN names its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quantlat.deployment import Predictor
from quantlat.deployment.selfcheck import check_golden
from quantlat.pipeline.package import package_run
from quantlat.progress import QuietProgress
from quantlat.runtimes.native import usable_kernels
from tests.deployment import tiny

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
RUN = os.environ.get("QUANTLAT_RUN")


@pytest.fixture(scope="module", params=["question-answering", "text-classification", "text-regression"])
def fallback(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("bundles") / "both", request.param, openvino=True).folder


def test_the_openvino_fallback_answers_like_the_engine_at_full_length(fallback: Path) -> None:
    with Predictor.load(fallback, runtime="openvino") as predictor:
        assert list(predictor.profiles) == ["full"]  # dropping needs the engine
        assert predictor.choose_profile(50, 1e-6) == "full"
        outcome = check_golden(predictor, fallback)
        assert outcome.passed
        assert outcome.agreeing == outcome.cases
    size = (fallback / "fallback/model.bin").stat().st_size
    assert size < 1.3 * (fallback / "model/qparams.safetensors").stat().st_size  # tables are INT8 there too


@pytest.mark.skipif(RUN is None, reason="QUANTLAT_RUN does not name the folder of a finished run")
@pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")
def test_a_real_run_becomes_a_small_bundle(tmp_path: Path) -> None:
    packaged = package_run(
        Path(str(RUN)),
        tmp_path / "bundle",
        wheel=False,
        docker=False,
        openvino=False,
        threads=1,
        progress=QuietProgress(),
    )
    weights = packaged.bundle.manifest.files["model/qparams.safetensors"].bytes
    assert weights <= 24 * 2**20
    assert "report/index.html" in packaged.bundle.manifest.files
    with Predictor.load(packaged.bundle.folder) as predictor:
        assert next(iter(predictor.profiles)) == "full"
        assert all(profile.accuracy for profile in predictor.profiles.values())
