"""Losses of fine-tuning and distillation; in all of them padding counts for nothing.

Span and soft-label losses follow BERT's question answering head and Hinton et al. (arXiv 1503.02531);
hidden states and attention scores follow TinyBERT (arXiv 1909.10351), whose attention loss is defined on
unnormalised scores. The published code of the Length-Adaptive Transformer and of Dynamic-TinyBERT takes the
KL divergence in the wrong direction, attention loss on probabilities (where it all but vanishes) and means
over padding; here the divergence is KL(teacher ‖ student), scores are scores, and means run over real
tokens.

Everything is computed in fp32, whatever the autocast type of the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from quantlat.errors import ModelError

# exp() of it is zero in fp32, and it stays finite when divided by a small temperature.
EXCLUDED = -1e30
"""Logit of a position that cannot be chosen."""


def span_cross_entropy(logits: Tensor, starts: Tensor, ends: Tensor, mask: Tensor) -> Tensor:
    """Mean of the start and the end cross-entropy over the batch, a scalar.

    Args:
        logits: ``[b, n, 2]``.
        starts: int64 ``[b]``, token position of the answer's first token; 0 where the window has no answer.
        ends: int64 ``[b]``, the same for its last token.
        mask: ``[b, n]``, nonzero for real tokens; only these are candidates.
    """
    spans = _candidates(logits, mask)
    start_loss = F.cross_entropy(spans[:, 0], starts)
    return 0.5 * (start_loss + F.cross_entropy(spans[:, 1], ends))


def class_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of class ``logits`` ``[b, c]`` and int64 ``labels`` ``[b]``."""
    return F.cross_entropy(logits.float(), labels)


def squared_error(ratings: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of ``ratings`` and ``target``, both ``[b, 1]`` or ``[b]``, a scalar.

    The loss of BERT on STS-B (Devlin et al., arXiv 1810.04805, section 4.1).
    """
    return (ratings.float().flatten() - target.float().flatten()).square().mean()


def soft_cross_entropy(
    student: Tensor, teacher: Tensor, mask: Tensor | None = None, temperature: float = 1.0
) -> Tensor:
    """``T² · −Σ softmax(teacher / T) · log_softmax(student / T)``, averaged over distributions.

    Span logits ``[b, n, 2]`` with their ``mask`` ``[b, n]`` are two distributions per window, over its real
    tokens; class logits ``[b, c]`` without a mask are one. T² keeps the gradient's size independent of T.
    """
    target, _ = _distributions(teacher, mask, temperature)
    log_student = (_candidates(student, mask) / temperature).log_softmax(-1)
    return temperature**2 * -(target * log_student).sum(-1).mean()


def forward_kl(student: Tensor, teacher: Tensor, mask: Tensor | None = None, temperature: float = 1.0) -> Tensor:
    """``T² · KL(teacher ‖ student)``; arguments as in :func:`soft_cross_entropy`.

    It has the same gradient and is 0 when both agree, which makes its curve readable.
    """
    target, log_target = _distributions(teacher, mask, temperature)
    log_student = (_candidates(student, mask) / temperature).log_softmax(-1)
    return temperature**2 * (target * (log_target - log_student)).sum(-1).mean()


def embedding_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """How far embeddings of length 1 ``[b, H]`` are from the teacher's ``[b, H']``, a scalar.

    Of one size: the mean squared distance, ``2 - 2 cos`` (Reimers and Gurevych 2020, arXiv 2004.09813, equation 1).
    Of different sizes, where points have no distance: the mean squared difference of the cosines of all pairs in the
    batch (similarity-preserving distillation, Tung and Mori 2019, arXiv 1907.09682).
    """
    own, theirs = student.float(), teacher.float()
    if own.size(1) == theirs.size(1):
        return (own - theirs).square().sum(1).mean()
    return (own @ own.T - theirs @ theirs.T).square().mean()


def masked_mse(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error of hidden states ``[b, n, H]`` over real tokens (``mask`` ``[b, n]``) and H.

    Raises:
        ModelError: the sizes differ; a learnt projection has to come first.
    """
    if student.shape != teacher.shape:
        raise ModelError(
            f"hidden states of shape {tuple(student.shape)} cannot be compared with {tuple(teacher.shape)}",
            "Student and teacher of different hidden size need a projection.",
        )
    real = mask.to(torch.float32)
    # Summed over H first: the mask then multiplies [b, n], not [b, n, H].
    squares = (student.float() - teacher.float()).square().sum(-1)
    return (squares * real).sum() / (real.sum() * student.size(-1))


def masked_score_mse(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error of unnormalised attention scores over heads and pairs of real tokens.

    Heads are compared one by one; where their numbers differ, the means over heads are compared.

    Args:
        student: ``[b, heads, n, n]``.
        teacher: ``[b, teacher heads, n, n]``.
        mask: ``[b, n]``, nonzero for real tokens.

    Raises:
        ModelError: batch or token counts differ.
    """
    _check_scores(student, teacher)
    if student.size(1) != teacher.size(1):
        student, teacher = student.mean(1, keepdim=True), teacher.mean(1, keepdim=True)
    real = mask.to(torch.float32)
    squares = (student.float() - teacher.float()).square().sum(1)
    pairs = torch.einsum("bqk,bq,bk->", squares, real, real)
    return pairs / (real.sum(1).square().sum() * student.size(1))


def attention_kl(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """MobileBERT's attention transfer (arXiv 2004.02984, §3.4): ``KL(teacher ‖ student)`` of attention distributions.

    Mean over heads and real query rows; where the numbers of heads differ, the mean distributions over heads are
    compared. It differs from the paper's cross-entropy by the teacher's entropy, which has no gradient.

    Args:
        student: unnormalised scores ``[b, heads, n, n]``, padding keys masked.
        teacher: the same of the teacher, ``[b, teacher heads, n, n]``.
        mask: ``[b, n]``, nonzero for real tokens.

    Raises:
        ModelError: batch or token counts differ.
    """
    _check_scores(student, teacher)
    log_student, log_target = student.float().log_softmax(-1), teacher.float().log_softmax(-1)
    if student.size(1) != teacher.size(1):
        # The smallest normal number keeps the logarithm of a probability that rounds to zero finite.
        log_student, log_target = (
            logs.exp().mean(1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny).log()
            for logs in (log_student, log_target)
        )
    divergence = (log_target.exp() * (log_target - log_student)).sum(-1).mean(1)
    real = mask.to(torch.float32)
    return (divergence * real).sum() / real.sum()


@dataclass(frozen=True)
class FeatureMapLosses:
    """The parts of MobileBERT's feature map transfer, scalars."""

    normalized: Tensor
    mean: Tensor
    variance: Tensor


def feature_map_losses(student: Tensor, teacher: Tensor, mask: Tensor) -> FeatureMapLosses:
    """Feature map transfer of MobileBERT (arXiv 2004.02984, §3.4), taken apart as in the published code.

    Of each real token's map, ``[H]`` wide: squared error between the maps normalised to mean 0 and variance 1,
    squared error of their means, absolute error of their variances.

    Args:
        student: ``[b, n, H]``; ``teacher``: the same shape; ``mask``: ``[b, n]``.

    Raises:
        ModelError: the sizes differ; a learnt projection has to come first.
    """
    width = student.shape[-1:]
    mine, target = student.float(), teacher.float()
    normalized = masked_mse(F.layer_norm(mine, width), F.layer_norm(target, teacher.shape[-1:]), mask)
    real = mask.to(torch.float32)
    means = (mine.mean(-1) - target.mean(-1)).square()
    variances = (mine.var(-1, correction=0) - target.var(-1, correction=0)).abs()
    return FeatureMapLosses(normalized, (means * real).sum() / real.sum(), (variances * real).sum() / real.sum())


def _check_scores(student: Tensor, teacher: Tensor) -> None:
    if student.size(0) != teacher.size(0) or student.shape[2:] != teacher.shape[2:]:
        raise ModelError(
            f"attention scores of shape {tuple(student.shape)} cannot be compared with {tuple(teacher.shape)}",
            "Student and teacher have to read the same tokens.",
        )


def _candidates(logits: Tensor, mask: Tensor | None) -> Tensor:
    """fp32 logits with the candidates in the last dimension: ``[b, 2, n]`` of spans, ``[b, c]`` of classes."""
    if mask is None:
        return logits.float()
    padding = (mask == 0)[:, None, :]
    return logits.float().transpose(1, 2).masked_fill(padding, EXCLUDED)


def _distributions(logits: Tensor, mask: Tensor | None, temperature: float) -> tuple[Tensor, Tensor]:
    logs = (_candidates(logits, mask) / temperature).log_softmax(-1)
    return logs.exp(), logs
