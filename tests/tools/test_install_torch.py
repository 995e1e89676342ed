from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "install_torch.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install_torch", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*names: str) -> str:
    entries = ", ".join(f'{{"metadata": {{"name": "{name}"}}}}' for name in names)
    return f'{{"install": [{entries}]}}'


class Pip:
    """Answers each dry run with the next report and records what would be installed."""

    def __init__(self, *reports: str) -> None:
        self.reports = list(reports)
        self.installed: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if "--dry-run" in command:
            answer = self.reports.pop(0)
            return subprocess.CompletedProcess(command, 0 if answer else 1, stdout=answer)
        self.installed.append(command[4:])
        return subprocess.CompletedProcess(command, 0)


CUDA = report("torch", "nvidia-cublas-cu12", "triton", "sympy")
CPU = report("torch", "sympy")


def test_a_cpu_build_on_the_configured_index_is_taken(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(CPU)
    monkeypatch.setattr(script.subprocess, "run", pip)
    assert script.main("2.13.0", {}) == 0
    assert pip.installed == [["torch==2.13.0"]]


def test_cuda_packages_make_it_ask_the_index_of_cpu_builds(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(CUDA, CPU)
    monkeypatch.setattr(script.subprocess, "run", pip)
    assert script.main("2.13.0", {}) == 0
    assert pip.installed == [["--extra-index-url", script.CPU_INDEX, "torch==2.13.0"]]


@pytest.mark.parametrize("second", [CUDA, ""])
def test_it_gives_up_with_advice_rather_than_pull_cuda(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], second: str
) -> None:
    pip = Pip(CUDA, second)
    monkeypatch.setattr(script.subprocess, "run", pip)
    assert script.main("2.13.0", {}) == 1
    assert pip.installed == []
    assert "TORCH_INDEX" in capsys.readouterr().err


def test_a_user_may_name_an_index_or_accept_cuda(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(CPU)
    monkeypatch.setattr(script.subprocess, "run", pip)
    assert script.main("2.13.0", {"TORCH_INDEX": "https://example.org/cpu"}) == 0
    assert script.main("2.13.0", {"ALLOW_CUDA": "1"}) == 0
    assert pip.installed == [
        ["--extra-index-url", "https://example.org/cpu", "torch==2.13.0"],
        ["torch==2.13.0"],
    ]


def test_cuda_packages_are_told_from_others(script: ModuleType) -> None:
    names = ["torch", "nvidia-cudnn-cu12", "Triton", "cuda-bindings", "numpy"]
    found = script.cuda_packages({"install": [{"metadata": {"name": name}} for name in names]})
    assert found == ["cuda-bindings", "nvidia-cudnn-cu12", "triton"]
