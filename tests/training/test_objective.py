"""Classification through every training: fine-tuning, soft labels, distillation, LengthDrop."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from quantlat.data import TextExample, WindowSet, collate, make_text_windows
from quantlat.data.examples import RatedExample
from quantlat.errors import DataError, ModelError
from quantlat.evaluation import evaluate_model
from quantlat.models import ClassificationModel, EncoderConfig, Tokenizer, build_model
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.progress import QuietProgress
from quantlat.recipe.schema import IntermediateDistillation, LengthDropStage, PredictionDistillation, TrainOptions
from quantlat.training import (
    SoftLabels,
    compute_soft_labels,
    distill_intermediate,
    distill_prediction,
    finetune_teacher,
    soft_labels_for_student,
    train_length_drop,
)
from quantlat.training.length_sampling import SubNetwork
from quantlat.training.objective import objective_of
from quantlat.training.sandwich import Sandwich

QUIET = QuietProgress()
_GOOD, _BAD = "new", "old"
OPTIONS = TrainOptions(epochs=16, learning_rate=3e-3, batch_size=16, freeze_embeddings=False, precision="fp32")


@pytest.fixture(scope="module")
def texts(tokenizer: Tokenizer) -> WindowSet:
    """Every text says whether it is good or bad, somewhere among other words."""
    rng = Random(3)
    examples = []
    for number in range(96):
        words = rng.choices(("the", "was", "of", "and", "in"), k=rng.randrange(6, 16))
        words.insert(rng.randrange(len(words)), (_BAD, _GOOD)[number % 2])
        examples.append(TextExample(str(number), " ".join(words), None, number % 2))
    return make_text_windows(examples, tokenizer, max_tokens=64)


def classifier(tokenizer: Tokenizer, seed: int = 0, hidden: int = 32, classes: int = 2) -> ClassificationModel:
    torch.manual_seed(seed)
    config = EncoderConfig(
        family="bert",
        vocab_size=tokenizer.vocab_size,
        hidden_size=hidden,
        num_layers=2,
        num_heads=2,
        intermediate_size=64,
        max_positions=64,
        type_vocab_size=2,
        num_labels=classes,
    )
    model = build_model(config, "text-classification")
    with torch.no_grad():  # fresh weights are so small that every input looks alike
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(5.0)
    assert isinstance(model, ClassificationModel)
    return model.eval()


def test_fine_tuning_learns_the_labels(tokenizer: Tokenizer, texts: WindowSet, tmp_path: Path) -> None:
    model = classifier(tokenizer)
    before = evaluate_model(model, texts).score.points
    result = finetune_teacher(model, texts.windows, OPTIONS, state_dir=tmp_path, progress=QUIET)
    assert result.steps == 96
    assert evaluate_model(model, texts).score.points > max(before, 80.0)


def test_soft_labels_are_a_row_per_text_and_survive_a_file(
    tokenizer: Tokenizer, texts: WindowSet, tmp_path: Path
) -> None:
    teacher = classifier(tokenizer, classes=3)
    labels = compute_soft_labels(
        teacher, texts.windows, pad_token_id=0, state_dir=tmp_path / "s", progress=QUIET, precision="fp32"
    )
    labels.save(tmp_path / "labels.safetensors")
    again = SoftLabels.load(tmp_path / "labels.safetensors")
    assert again.one_row_each
    again.check(texts.windows)
    batch = collate(texts.windows, [5, 0, 90], 0)
    with torch.no_grad():
        expected = teacher(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    torch.testing.assert_close(again.for_batch(batch), expected, atol=1e-5, rtol=1e-4)
    with pytest.raises(DataError, match="do not belong to 95 windows"):
        again.check(texts.windows[1:])


def test_a_teacher_with_another_tokenizer_reads_the_texts_in_its_own_tokens(
    tokenizer: Tokenizer, texts: WindowSet, tmp_path: Path
) -> None:
    from quantlat.models.random_tokenizer import train_tokenizer

    other = train_tokenizer("bert", 500)
    teacher = classifier(other)
    labels = soft_labels_for_student(
        teacher, other, tokenizer, texts, state_dir=tmp_path, progress=QUIET, precision="fp32"
    )
    own = make_text_windows(texts.examples, other, max_tokens=64)  # type: ignore[arg-type]
    batch = collate(own.windows, [7], 0)
    with torch.no_grad():
        expected = teacher(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    np.testing.assert_allclose(labels.logits[7], expected.numpy(), atol=1e-5)


def test_distillation_brings_the_student_to_the_teachers_classes(
    tokenizer: Tokenizer, texts: WindowSet, tmp_path: Path
) -> None:
    teacher, student = classifier(tokenizer, 1), classifier(tokenizer, 2, hidden=24)
    finetune_teacher(teacher, texts.windows, OPTIONS, state_dir=tmp_path / "t", progress=QUIET)
    inner = IntermediateDistillation(epochs=1, learning_rate=1e-3, precision="fp32", freeze_embeddings=False)
    distill_intermediate(student, teacher, texts.windows, inner, state_dir=tmp_path / "i", progress=QUIET)
    labels = compute_soft_labels(
        teacher, texts.windows, pad_token_id=0, state_dir=tmp_path / "s", progress=QUIET, precision="fp32"
    )
    options = PredictionDistillation(
        epochs=20, learning_rate=5e-3, precision="fp32", freeze_embeddings=False, temperature=2.0, hard_label_weight=0.1
    )
    result = distill_prediction(student, texts.windows, labels, options, state_dir=tmp_path / "p", progress=QUIET)
    assert {"soft", "hard"} <= set(result.loss_curve.components)
    said = [int(np.argmax(row)) for row in labels.logits]
    agree = [int(p) for p in evaluate_model(student, texts).predictions.values()]
    assert np.mean(np.equal(said, agree)) > 0.85


def test_a_branch_of_the_sandwich_is_the_elastic_model(tokenizer: Tokenizer, texts: WindowSet) -> None:
    model = classifier(tokenizer)
    batch = collate(texts.windows, [0, 1, 2, 3], 0)
    tokens = batch.attention_mask.sum(1).numpy().astype(np.int64)
    lengths = np.stack([np.maximum(2, tokens // 3)] * 2, axis=1)  # what the last layer drops, [CLS] never misses
    with torch.no_grad():
        sandwich = Sandwich.start(model, batch, tokens)
        branch = sandwich.branch(SubNetwork(lengths, frozenset()))
        expected = model(batch.input_ids, batch.attention_mask, batch.token_type_ids, torch.from_numpy(lengths))
    assert branch is not None
    torch.testing.assert_close(branch, expected, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(branch, sandwich.logits, atol=1e-5, rtol=0.0)


def test_length_drop_training_helps_where_tokens_are_dropped(
    tokenizer: Tokenizer, texts: WindowSet, tmp_path: Path
) -> None:
    model = classifier(tokenizer, 3)
    stage = LengthDropStage(train=OPTIONS, sandwich=1, teacher_weight=0.0, hard_label_weight=1.0)
    train_length_drop(model, texts.windows, stage, labels=None, state_dir=tmp_path, progress=QUIET)
    config = ElasticConfig(RetentionConfig((0.8, 0.3)))
    assert evaluate_model(model, texts, config).score.points > 75.0


def test_ratings_are_learnt_and_followed_with_dropped_tokens(tokenizer: Tokenizer, tmp_path: Path) -> None:
    rng = Random(5)
    examples = []
    for number in range(96):
        good = rng.randrange(5)
        words = rng.choices(("the", "was", "of", "and", "in"), k=8) + [_GOOD] * good + [_BAD] * (4 - good)
        rng.shuffle(words)
        examples.append(RatedExample.of(str(number), " ".join(words), None, good / 2))
    rated = make_text_windows(examples, tokenizer, max_tokens=64, task="text-regression")
    batch = collate(rated.windows, [0, 1, 2], 0)
    assert batch.labels.dtype == torch.float32 and batch.labels.tolist() == [e.rating for e in examples[:3]]
    torch.manual_seed(0)
    model = build_model(classifier(tokenizer, classes=1).config, "text-regression")
    finetune_teacher(model, rated.windows, OPTIONS, state_dir=tmp_path / "t", progress=QUIET)
    assert evaluate_model(model, rated).score.points > 80.0
    labels = compute_soft_labels(
        model, rated.windows, pad_token_id=0, state_dir=tmp_path / "s", progress=QUIET, precision="fp32"
    )
    config = ElasticConfig(RetentionConfig((0.6, 0.2)))
    before = evaluate_model(model, rated, config).score.points
    stage = LengthDropStage(train=OPTIONS, sandwich=1, teacher_weight=1.0, hard_label_weight=0.3)
    train_length_drop(model, rated.windows, stage, labels=labels, state_dir=tmp_path / "l", progress=QUIET)
    assert evaluate_model(model, rated, config).score.points > max(before, 80.0)


def test_a_model_without_a_head_has_no_objective() -> None:
    with pytest.raises(ModelError, match="Linear has no head"):
        objective_of(torch.nn.Linear(2, 2))
