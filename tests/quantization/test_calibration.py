"""Calibration sets are drawn as their file declares, the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from quantlat.errors import DataError, RecipeError
from quantlat.quantization.calibration import CalibrationSpec, draw, load_calibration
from tests.quantization.tiny import TinyWindow, window

WINDOWS = [window(n, seed=i) for i, n in enumerate([20] * 30 + [100] * 10 + [300] * 3)]


def lengths(items: list[TinyWindow]) -> list[int]:
    return sorted(len(item.input_ids) for item in items)


def test_every_stratum_gives_the_same_number_of_windows_while_it_lasts() -> None:
    spec = CalibrationSpec(name="strata", windows=15, length_strata=(64, 128), retention="none")
    drawn = [item.window for item in draw(spec, WINDOWS, layers=2)]
    assert lengths(drawn) == [20] * 6 + [100] * 6 + [300] * 3


def test_no_window_is_drawn_twice_and_a_small_set_is_used_whole() -> None:
    spec = CalibrationSpec(name="all", windows=1000, retention="none")
    drawn = [item.window for item in draw(spec, WINDOWS, layers=2)]
    assert len({id(w) for w in drawn}) == len(drawn) == len(WINDOWS)


def test_with_retention_every_window_also_runs_with_dropped_tokens() -> None:
    spec = CalibrationSpec(name="both", windows=10, retention="both")
    items = draw(spec, WINDOWS, layers=4)
    assert len(items) == 20
    for full, dropped in zip(items[::2], items[1::2], strict=True):
        assert full.window is dropped.window and full.lengths is None
        assert dropped.lengths is not None and len(dropped.lengths) == 4
        before = len(full.window.input_ids)
        for kept in dropped.lengths:
            assert 0.8 * before <= kept <= before and kept >= 2
            before = kept


def test_the_same_seed_draws_the_same_and_another_seed_another_set() -> None:
    specs = [CalibrationSpec(name="seeded", windows=8, seed=seed) for seed in (1, 1, 2)]
    first, same, other = ([(id(item.window), item.lengths) for item in draw(spec, WINDOWS, layers=3)] for spec in specs)
    assert first == same != other


def test_a_window_of_two_tokens_keeps_both() -> None:
    items = draw(CalibrationSpec(name="short", windows=1), [window(2)], layers=3)
    assert items[1].lengths == (2, 2, 2)


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(DataError, match="no window to calibrate with"):
        draw(CalibrationSpec(name="empty"), [], layers=2)


def test_strata_must_ascend() -> None:
    with pytest.raises(ValidationError, match="must ascend"):
        CalibrationSpec(name="x", length_strata=(128, 64))


def test_all_mistakes_of_a_file_are_listed_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: x\nwindow: 3\nretention: sometimes\n")
    with pytest.raises(RecipeError) as caught:
        load_calibration(path)
    assert "bad.yaml:2: window: unknown key (did you mean 'windows'?)" in str(caught.value)
    assert "bad.yaml:3: retention" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml"):
        load_calibration(tmp_path / "none.yaml")
