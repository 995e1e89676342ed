"""A browser for the tests is found or fetched, and its absence is said and stops nothing."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "install_browser.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script on a machine with playwright and without any Chromium."""
    spec = importlib.util.spec_from_file_location("install_browser", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(module.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return module


class Shell:
    """Records commands; the one that contains ``gives`` makes ``path`` exist."""

    def __init__(self, path: Path, gives: str) -> None:
        self.path, self.gives, self.commands = path, gives, []  # type: ignore[var-annotated]

    def __call__(self, command: Sequence[str], limit_s: float) -> str | None:
        if "-c" in command:
            return f"{self.path}\n"
        self.commands.append(" ".join(command[1:]))
        if self.gives and self.gives in self.commands[-1]:
            self.path.touch()
            return ""
        return None


def test_a_chromium_that_is_there_is_used_and_nothing_is_fetched(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path / "own", "")
    assert script.main([], {"QUANTLAT_CHROMIUM": "/opt/chrome"}, shell) == 0
    assert "browser: /opt/chrome" in capsys.readouterr().out
    (tmp_path / "own").touch()
    assert script.main([], {}, shell) == 0
    assert str(tmp_path / "own") in capsys.readouterr().out
    assert shell.commands == []


def test_playwright_is_asked_for_its_own_before_the_distribution_is(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path / "own", "playwright install")
    assert script.main(["--apt"], {}, shell) == 0
    assert len(shell.commands) == 1
    assert str(tmp_path / "own") in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "tries"), [(["--apt"], 3), ([], 1)])
def test_where_none_can_be_had_that_is_said_and_no_error(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], tries: int
) -> None:
    shell = Shell(tmp_path / "own", "")
    assert script.main(arguments, {}, shell) == 0
    assert len(shell.commands) == tries
    assert "the tests in a browser will be skipped" in capsys.readouterr().out


def test_a_command_that_is_not_there_or_takes_too_long_is_no_error(script: ModuleType) -> None:
    assert script.run(["/nowhere/at/all"], 1.0) is None
    assert script.run(["sleep", "5"], 0.05) is None
    assert script.run(["echo", "here"], 5.0) == "here\n"
