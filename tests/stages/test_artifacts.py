"""What stages exchange: the data card decides how long a training runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from quantlat.data import resolve_sources
from quantlat.pipeline.store import Artifact
from quantlat.progress import QuietProgress
from quantlat.recipe.data import EmbeddedSource
from quantlat.recipe.stages import PredictionDistillation
from quantlat.stages.artifacts import options_for, read_data_card, write_data


@pytest.mark.parametrize(("share", "epochs"), [(1.0, 2), (0.65, 1.3)])
def test_an_easy_set_is_trained_for_its_share_of_the_epochs(tmp_path: Path, share: float, epochs: float) -> None:
    source = EmbeddedSource(train_questions=16, dev_questions=4, training_share=share)
    data = resolve_sources([source], task="question-answering", offline=True, progress=QuietProgress())
    write_data(data, {"fit": data.train, "dev": data.dev}, tmp_path)
    artifact = cast(Artifact, cast(Any, tmp_path))
    assert read_data_card(artifact).training_share == share
    wanted = PredictionDistillation(epochs=2, learning_rate=1e-4, temperature=2.0)
    assert options_for(artifact, wanted) == wanted.model_copy(update={"epochs": epochs})
