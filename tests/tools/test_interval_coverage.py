"""The coverage experiment counts intervals that hold the grand median."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from quantlat.latency import Measurement

_FILE = Path(__file__).parents[2] / "tools" / "interval_coverage.py"
_spec = importlib.util.spec_from_file_location("interval_coverage", _FILE)
assert _spec is not None and _spec.loader is not None
tool = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = tool
_spec.loader.exec_module(tool)


def test_repeats_far_from_the_others_do_not_cover_the_grand_median() -> None:
    repeats = [Measurement.from_samples("a", [shift + 0.01 * i for i in range(41)]) for shift in (1.0, 1.01, 5.0)]
    found = tool.coverage(repeats)
    assert found.covered == (False, False, False) or found.covered[2] is False
    near = tool.coverage(repeats[:2])
    assert near.covered == (True, True)
    assert 1.2 < near.grand_median_ms < 1.21
    assert "in 2 of 2 intervals" in tool.table(repeats[:2], near)
