from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from quantlat.errors import ModelError
from quantlat.training.losses import (
    EXCLUDED,
    class_cross_entropy,
    forward_kl,
    masked_mse,
    masked_score_mse,
    soft_cross_entropy,
    span_cross_entropy,
)

LN2, LN3 = math.log(2), math.log(3)
MASK = torch.tensor([[1, 1, 0]])


def spans(starts: list[float], ends: list[float]) -> Tensor:
    return torch.tensor([starts, ends]).T[None]


def test_span_cross_entropy_is_the_mean_of_start_and_end_over_real_tokens() -> None:
    logits = spans([0.0, LN2, 100.0], [5.0, 5.0, -3.0]).requires_grad_()
    loss = span_cross_entropy(logits, torch.tensor([1]), torch.tensor([0]), MASK)
    assert loss.item() == pytest.approx((math.log(3 / 2) + LN2) / 2, abs=1e-6)
    loss.backward()
    expected = spans([1 / 6, -1 / 6, 0.0], [-1 / 4, 1 / 4, 0.0])
    torch.testing.assert_close(logits.grad, expected, atol=1e-6, rtol=0)


def test_windows_without_the_answer_point_at_the_first_token() -> None:
    logits = spans([LN3, 0.0, 9.0], [LN3, 0.0, 9.0])
    zero = torch.tensor([0])
    assert span_cross_entropy(logits, zero, zero, MASK).item() == pytest.approx(math.log(4 / 3), abs=1e-6)


def test_the_divergence_is_that_of_the_student_from_the_teacher() -> None:
    teacher = spans([math.log(9), 0.0, 4.0], [math.log(9), 0.0, 4.0])
    student = spans([0.0, 0.0, -7.0], [0.0, 0.0, -7.0])
    forward, backward = 0.9 * math.log(1.8) + 0.1 * math.log(0.2), 0.5 * math.log(25 / 9)
    assert forward_kl(student, teacher, MASK).item() == pytest.approx(forward, abs=1e-6)
    assert forward_kl(teacher, student, MASK).item() == pytest.approx(backward, abs=1e-6)
    assert abs(forward - backward) > 0.1


def test_temperature_softens_both_sides_and_scales_by_its_square() -> None:
    teacher = spans([2 * LN3, 0.0, 1.0], [2 * LN3, 0.0, 1.0])  # at T = 2: 3/4, 1/4
    student = torch.zeros(1, 3, 2, requires_grad=True)
    entropy = 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    loss = forward_kl(student, teacher, MASK, temperature=2.0)
    assert loss.item() == pytest.approx(4 * (LN2 - entropy), abs=1e-6)
    loss.backward()
    # T² · (1/T) · (student − teacher probability), and the mean over start and end
    torch.testing.assert_close(student.grad, spans([-0.25, 0.25, 0.0], [-0.25, 0.25, 0.0]), atol=1e-6, rtol=0)


def test_soft_cross_entropy_exceeds_the_divergence_by_the_teachers_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 4, 5, generator=generator).unbind()
    probabilities = teacher.softmax(-1)
    entropy = -(probabilities * probabilities.log()).sum(-1).mean()
    difference = soft_cross_entropy(student, teacher) - forward_kl(student, teacher)
    assert difference.item() == pytest.approx(entropy.item(), abs=1e-6)
    assert forward_kl(teacher, teacher).item() == 0.0


def test_tokens_the_teacher_cannot_point_at_are_pushed_down_without_nan() -> None:
    teacher = torch.zeros(1, 3, 2)
    teacher[0, 1] = EXCLUDED
    student = torch.zeros(1, 3, 2, requires_grad=True)
    forward_kl(student, teacher, torch.ones(1, 3), temperature=0.5).backward()
    assert student.grad is not None and torch.isfinite(student.grad).all()
    assert (student.grad[0, 1] > 0).all() and (student.grad[0, 0] < 0).all()


@pytest.mark.parametrize("content", [0.0, 50.0, -1e4])
def test_what_stands_in_padding_does_not_matter(content: float) -> None:
    generator = torch.Generator().manual_seed(1)
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])
    starts, ends = torch.tensor([1, 0]), torch.tensor([2, 1])
    student, teacher = torch.randn(2, 2, 4, 2, generator=generator).unbind()
    states, others = torch.randn(2, 2, 4, 8, generator=generator).unbind()
    scores, targets = torch.randn(2, 2, 3, 4, 4, generator=generator).unbind()

    def losses() -> list[float]:
        return [
            span_cross_entropy(student, starts, ends, mask).item(),
            soft_cross_entropy(student, teacher, mask, 2.0).item(),
            forward_kl(student, teacher, mask, 2.0).item(),
            masked_mse(states, others, mask).item(),
            masked_score_mse(scores, targets, mask).item(),
        ]

    clean = losses()
    padding = mask == 0
    for tensor in (student, states, teacher, others):
        tensor[padding] = content if tensor is student or tensor is states else -content / 3
    for tensor in (scores, targets):
        tensor.masked_fill_(padding[:, None, None, :] | padding[:, None, :, None], content)
    targets[0, 0, 3, 3] = 7.0
    assert losses() == pytest.approx(clean, rel=1e-6)
    assert all(value > 0.0 for value in clean)


def test_hidden_states_are_compared_over_real_tokens_and_all_features() -> None:
    student = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]], requires_grad=True)
    teacher = torch.tensor([[[1.0, 0.0], [0.0, 4.0], [-5.0, 0.0]]])
    loss = masked_mse(student, teacher, MASK)
    assert loss.item() == pytest.approx((4 + 9) / 4)
    loss.backward()
    torch.testing.assert_close(student.grad, torch.tensor([[[0.0, 1.0], [1.5, 0.0], [0.0, 0.0]]]))


def test_scores_are_compared_over_heads_and_pairs_of_real_tokens() -> None:
    student = torch.zeros(1, 2, 3, 3)
    teacher = torch.zeros(1, 2, 3, 3)
    student[0, 0, 0, 1], student[0, 1, 1, 1], student[0, 0, 2, 0] = 2.0, 4.0, 100.0
    teacher[..., 2] = -1e4  # what the attention bias makes of padding
    assert masked_score_mse(student, teacher, MASK).item() == pytest.approx((4 + 16) / (2 * 4))


def test_scores_of_different_numbers_of_heads_are_compared_as_means() -> None:
    student = torch.tensor([1.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 3, 3)
    teacher = torch.tensor([0.0, 1.0, 2.0, 1.0]).view(1, 4, 1, 1).expand(1, 4, 3, 3)
    assert masked_score_mse(student, teacher, MASK).item() == pytest.approx(1.0)


def test_states_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ModelError, match="projection"):
        masked_mse(torch.zeros(1, 3, 4), torch.zeros(1, 3, 8), MASK)
    with pytest.raises(ModelError, match="same tokens"):
        masked_score_mse(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 4, 4), MASK)


def test_class_logits_need_no_mask() -> None:
    logits = torch.tensor([[LN3, 0.0], [0.0, LN3]])
    assert class_cross_entropy(logits, torch.tensor([0, 0])).item() == pytest.approx(
        (math.log(4 / 3) + math.log(4)) / 2
    )
    zeros = torch.zeros(2, 2)
    expected = LN2 - (0.75 * math.log(4 / 3) + 0.25 * math.log(4))
    assert forward_kl(zeros, logits).item() == pytest.approx(expected, abs=1e-6)


def test_bf16_logits_are_computed_in_fp32() -> None:
    logits = torch.tensor([[[4.0, 4.0], [1.0, 1.0], [0.0, 0.0]]])
    args = (torch.tensor([0]), torch.tensor([0]), torch.ones(1, 3))
    loss = span_cross_entropy(logits.bfloat16(), *args)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(span_cross_entropy(logits, *args).item(), abs=1e-7)
