from __future__ import annotations

import json

import pytest

from quantlat.training.curve import MAX_POINTS, CurveRecorder


def record(steps: int, recorder: CurveRecorder | None = None, first: int = 0) -> CurveRecorder:
    recorder = recorder or CurveRecorder()
    for step in range(first, steps):
        recorder.add({"total": float(step), "hard": 2.0 * step})
    return recorder


def test_a_short_training_keeps_every_step() -> None:
    curve = record(3).finish()
    assert curve.components == ("total", "hard")
    assert curve.points("hard") == ((1, 0.0), (2, 2.0), (3, 4.0))


@pytest.mark.parametrize("steps", [200, 201, 999, 12_345])
def test_a_long_training_is_averaged_to_at_most_200_points(steps: int) -> None:
    curve = record(steps).finish()
    assert MAX_POINTS // 2 <= len(curve.steps) <= MAX_POINTS
    assert curve.steps[-1] == steps
    widths = [after - before for before, after in zip((0, *curve.steps), curve.steps, strict=False)]
    mean = sum(width * value for width, (_, value) in zip(widths, curve.points(), strict=True)) / steps
    assert mean == pytest.approx((steps - 1) / 2)


def test_a_recorder_continues_from_its_json_as_if_nothing_had_happened() -> None:
    saved = json.loads(json.dumps(record(333).to_dict()))
    assert record(1000, CurveRecorder.from_dict(saved), first=333).finish() == record(1000).finish()


def test_a_curve_that_does_not_fit_its_count_is_refused() -> None:
    saved = record(10).to_dict()
    with pytest.raises(ValueError, match="step count"):
        CurveRecorder.from_dict({**saved, "count": 12})
