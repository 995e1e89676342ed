from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from quantlat.data.batching import collate
from quantlat.data.windows import Window
from quantlat.models import QAModel
from quantlat.progress import QuietProgress
from quantlat.recipe.schema import TrainOptions
from quantlat.training.losses import span_cross_entropy
from quantlat.training.teacher import finetune_teacher


def test_fine_tuning_learns_the_answers(
    new_model: Callable[..., QAModel], windows: tuple[Window, ...], tmp_path: Path
) -> None:
    model = new_model()
    batch = collate(windows, range(len(windows)), 0)

    def loss() -> float:
        logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        return span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask).item()

    before = loss()
    options = TrainOptions(
        epochs=15, learning_rate=5e-3, batch_size=8, precision="fp32", dropout=0.05, freeze_embeddings=False
    )
    result = finetune_teacher(model, windows, options, state_dir=tmp_path, progress=QuietProgress())
    assert result.loss_curve.points()[0][1] == pytest.approx(before, rel=0.2)
    assert loss() < 0.5 * before
    assert not model.training and model.encoder.embeddings.dropout.rate == 0.0
