"""The ``stages`` of a recipe: distillation, LengthDrop training, DynaBERT training and INT8 quantisation.

Papers: TinyBERT (arXiv 1909.10351), MobileBERT (arXiv 2004.02984), Length-Adaptive Transformer (arXiv 2010.07003),
Dynamic-TinyBERT (arXiv 2111.09645), QuaLA-MiniLM (arXiv 2210.17114), DynaBERT (arXiv 2004.04037).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quantlat.recipe.base import Count, Part, Weight
from quantlat.recipe.training import TrainOptions


class IntermediateDistillation(TrainOptions):
    """TinyBERT's first step: hidden states, attention scores and embeddings follow the teacher's (MSE)."""

    layer_map: Literal["uniform"] | Annotated[tuple[Count, ...], Field(strict=False)] = "uniform"
    """Teacher layer (counted from 1) that each student layer follows; uniform: g(m) = m * N / M."""
    hidden_weight: Weight = 1.0
    attention_weight: Weight = 1.0
    embedding_weight: Weight = 1.0


class ProgressiveDistillation(TrainOptions):
    """MobileBERT's transfer: feature map and attention of one layer after the other follow the teacher's.

    The steps are divided evenly between the student's layers. The weights' defaults are those of the published code.
    """

    layer_map: Literal["uniform"] | Annotated[tuple[Count, ...], Field(strict=False)] = "uniform"
    """Teacher layer (counted from 1) that each student layer follows; uniform: g(m) = m * N / M."""
    feature_map_weight: Weight = 100.0
    """Of the feature maps' mean squared error, both normalised over the width."""
    mean_weight: Weight = 5000.0
    """Of the mean squared error of the feature maps' means over the width."""
    variance_weight: Weight = 5.0
    """Of the mean absolute error of the feature maps' variances over the width."""
    attention_weight: Weight = 1.0
    """Of the divergence of the attention distributions, KL(teacher || student)."""
    lower_layers_rate: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the learning rate that layers have after their turn; 0 freezes them."""
    copy_from_teacher: bool = False
    """Begin with the teacher's embeddings and task head; needs a teacher that has them in the same shape."""


class PredictionDistillation(TrainOptions):
    """TinyBERT's second step: the predicted distributions follow the teacher's (soft cross-entropy)."""

    temperature: Annotated[float, Field(gt=0)] = 1.0
    hard_label_weight: Weight = 0.0


class DistillationStage(Part):
    """Task-specific distillation in two steps, of which one may be left out with null.

    First hidden states and attention, as TinyBERT does it (``intermediate``) or as MobileBERT does (``progressive``),
    then predictions.
    """

    kind: Literal["distillation"] = "distillation"
    intermediate: IntermediateDistillation | None = None
    progressive: ProgressiveDistillation | None = None
    prediction: PredictionDistillation | None = None

    @model_validator(mode="after")
    def _has_a_step(self) -> Self:
        if self.intermediate is None and self.progressive is None and self.prediction is None:
            raise ValueError(
                "give intermediate or prediction, or both (progressive may stand for intermediate): a distillation "
                "needs a step to do"
            )
        if self.intermediate is not None and self.progressive is not None:
            raise ValueError("give intermediate or progressive, not both: the second would undo the first")
        return self


class LengthDropStage(Part):
    """LengthDrop training: sandwich rule and in-place distillation on the real token counts."""

    kind: Literal["length_drop"] = "length_drop"
    train: TrainOptions
    sandwich: Annotated[int, Field(ge=0)] = 2
    """Random sub-networks per step, besides the full and the smallest one."""
    sampler: Literal["late", "length_drop"] = "late"
    """How sub-networks are drawn: late keeps the first layers whole, as searched configurations do; length_drop is
    the paper's chain of uniform drops."""
    length_drop_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """p of the length_drop sampler: each layer keeps between (1 - p) of its tokens and all of them."""
    layer_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that a sub-network skips a layer; the full pass never does."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    teacher_weight: Weight = 1.0
    """Weight of the teacher's soft labels on the full-length pass."""
    hard_label_weight: Weight = 0.3
    early_answer_weight: Weight = 0.3
    """Weight of what the answer head says of the states at which tokens may leave, where it has a say in which leave
    (student.answer_weight)."""


Multiplier = Annotated[float, Field(gt=0, le=1)]


class SubnetworkTraining(TrainOptions):
    """One of DynaBERT's two trainings; sub-networks follow a frozen copy of the model."""

    logit_weight: Weight = 1.0
    hidden_weight: Weight = 0.1
    """Weight of the hidden states' squared error; 0.1 in the paper's first training, 1.0 in its second."""
    sandwich: Annotated[int, Field(ge=0)] = 1
    """Random sub-networks per step, besides the largest and the smallest one."""


class DeployedSubnetwork(Part):
    """The sub-network that later stages quantise, search and report."""

    width: Multiplier = 1.0
    depth: Multiplier = 1.0


class DynaBertStage(Part):
    """Adaptive width and depth: rewiring by importance, then width, then width and depth training."""

    kind: Literal["dynabert"] = "dynabert"
    widths: tuple[Multiplier, ...] = Field((1.0, 0.75, 0.5, 0.25), min_length=1, strict=False)
    """Width multipliers; the whole width always takes part."""
    depths: tuple[Multiplier, ...] = Field((1.0, 0.75, 0.5), min_length=1, strict=False)
    """Depth multipliers; the whole depth always takes part."""
    width: SubnetworkTraining | None = None
    depth: SubnetworkTraining | None = None
    importance_windows: Count = 256
    """Training windows on which heads and neurons are ranked."""
    drop_tokens: bool = False
    """Every sub-network also learns with dropped tokens; for models that went through LengthDrop training."""
    early_answer_weight: Weight = 0.3
    """As length_drop.early_answer_weight, for the sub-networks; nothing without drop_tokens."""
    deploy: DeployedSubnetwork = DeployedSubnetwork()

    @model_validator(mode="after")
    def _has_a_training(self) -> Self:
        if self.width is None and self.depth is None:
            raise ValueError("give width or depth, or both: DynaBERT needs a training to do")
        if self.width is not None and min(self.widths) == 1.0:
            raise ValueError("widths: name at least one below 1, or leave width out")
        if self.depth is not None and min(self.depths) == 1.0:
            raise ValueError("depths: name at least one below 1, or leave depth out")
        return self


class SensitivityOptions(Part):
    """Which linears stay in fp32, by a measured ranking and an accuracy criterion."""

    enabled: bool = True
    max_fp32_linears: Annotated[int, Field(ge=0)] = 4
    max_drop: Weight = 0.3
    """Points that INT8 at full length may lose; linears go back to fp32 until it holds."""
    windows: Count = 128


class QuantizationStage(Part):
    """Static INT8 quantisation through Intel Neural Compressor."""

    kind: Literal["quantization"] = "quantization"
    calibration: str = Field(min_length=1)
    """Path of a calibration file, relative to the recipe, its parent folder or the working folder."""
    fp32_linears: tuple[str, ...] = Field((), strict=False)
    """Names or fnmatch patterns of linears that stay in fp32."""
    sensitivity: SensitivityOptions = SensitivityOptions()


StageOptions = Annotated[
    DistillationStage | LengthDropStage | DynaBertStage | QuantizationStage, Field(discriminator="kind")
]
STAGE_ORDER = ("distillation", "length_drop", "dynabert", "quantization")
