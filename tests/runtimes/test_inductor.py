"""Inductor needs a compiler, and says so before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.errors import RuntimeUnavailableError
from quantlat.runtimes.inductor import InductorRuntime
from tests.quantization.tiny import quantized_model


def test_without_a_compiler_the_runtime_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    availability = InductorRuntime().availability()
    assert not availability.usable and "C++ compiler" in availability.reason
    assert "apt-get install g++" in availability.install
    with pytest.raises(RuntimeUnavailableError, match="'inductor' cannot be used here"):
        InductorRuntime().load(quantized_model(), threads=1)


def test_the_environment_names_the_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "missing-compiler"))
    assert not InductorRuntime().availability().usable
