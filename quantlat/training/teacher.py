"""Fine-tuning with labels: how a pretrained encoder becomes a teacher.

BERT's objectives (Devlin et al., arXiv 1810.04805): for questions the mean of the cross-entropies of the answer's
first and last token (windows without the answer point at ``[CLS]``), for texts the cross-entropy of the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.data.windows import Window
from quantlat.models import TaskModel
from quantlat.progress import Progress
from quantlat.recipe.schema import TrainOptions
from quantlat.training.loop import StepContext, TrainResult, train
from quantlat.training.objective import objective_of


def label_step(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
    """One full-length pass against the labels."""
    logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    context.backward(objective_of(model).hard_loss(logits, batch))
    return {}


def finetune_teacher(
    model: TaskModel,
    windows: Sequence[Window],
    options: TrainOptions,
    *,
    state_dir: Path,
    progress: Progress,
    on_epoch_end: Callable[[int], None] | None = None,
) -> TrainResult:
    """Fine-tune ``model`` in place; arguments and errors as in :func:`quantlat.training.loop.train`."""
    return train(
        model,
        windows,
        label_step,
        options,
        pad_token_id=model.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        name="teacher fine-tuning",
        on_epoch_end=on_epoch_end,
    )
