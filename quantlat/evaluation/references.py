"""What the fp32 reference model makes of texts, beside the texts: embeddings are scored against it, not against labels.

The reference is the run's teacher at full length, whatever model is judged: the model that its user has now.
"""

from __future__ import annotations

from dataclasses import replace

from quantlat.data.examples import EmbeddingExample
from quantlat.data.windows import WindowSet
from quantlat.evaluation.windows import model_logits
from quantlat.models import LoadedModel
from quantlat.progress import Progress
from quantlat.recipe.schema import DataOptions
from quantlat.tasks import get_task


def with_references(
    window_set: WindowSet, reference: LoadedModel, options: DataOptions, *, progress: Progress | None = None
) -> WindowSet:
    """The same windows of examples that carry the reference's embeddings.

    The reference reads each text in its own tokens, cut to ``options.max_tokens`` as the judged model's are.
    """
    windows = get_task(window_set.task).windows(window_set.examples, reference.tokenizer, options)
    found = model_logits(reference.model, windows, progress=progress, name="reference embeddings, fp32")
    examples = tuple(
        replace(example, reference=row) if isinstance(example, EmbeddingExample) else example
        for example, row in zip(window_set.examples, found, strict=True)
    )
    return replace(window_set, examples=examples)
