"""Training: one loop; losses; teacher fine-tuning, TinyBERT and MobileBERT distillation, LengthDrop training."""

from quantlat.training.alignment import reads_alike, require_same_tokens, soft_labels_for_student
from quantlat.training.curve import LossCurve
from quantlat.training.distillation import distill_intermediate, distill_prediction, layer_map
from quantlat.training.length_drop import LengthDropPlan, train_length_drop
from quantlat.training.length_sampling import SAMPLERS, LateDrop, LengthDrop, LengthSampler, make_sampler
from quantlat.training.loop import StepContext, TrainingDiverged, TrainResult, train
from quantlat.training.progressive import distill_progressively
from quantlat.training.soft_labels import SoftLabels, compute_soft_labels
from quantlat.training.teacher import finetune_teacher

__all__ = [
    "SAMPLERS",
    "LateDrop",
    "LengthDrop",
    "LengthDropPlan",
    "LengthSampler",
    "LossCurve",
    "SoftLabels",
    "StepContext",
    "TrainResult",
    "TrainingDiverged",
    "compute_soft_labels",
    "distill_intermediate",
    "distill_prediction",
    "distill_progressively",
    "finetune_teacher",
    "layer_map",
    "make_sampler",
    "reads_alike",
    "require_same_tokens",
    "soft_labels_for_student",
    "train",
    "train_length_drop",
]
