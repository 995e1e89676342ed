"""Makes the golden inputs of a bundle: the results that the INT8 model has by definition, from its PyTorch reference.

PyTorch is needed here; :mod:`quantlat.deployment.golden` compares without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quantlat.data.windows import Window
from quantlat.deployment.decoding import decode
from quantlat.deployment.golden import Golden, GoldenCase, is_decisive
from quantlat.deployment.predictor import Predictor
from quantlat.deployment.requests import AnswerRequest
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.layout import QUESTION_ANSWERING, TEXT_CLASSIFICATION, TEXT_REGRESSION

if TYPE_CHECKING:
    from torch import Tensor, nn

_Floats = NDArray[np.float32]


def make_golden(model: QuantizedModel, texts: Sequence[tuple[str, str | None]], predictor: Predictor) -> Golden:
    """Golden inputs with the results of the model's definition.

    Args:
        texts: question and passage, or text and maybe second text; at least one.
        predictor: tokenises them.
    """
    from quantlat.quantization.reference import build_task_model

    reference = build_task_model(model).eval()
    terms = HeadTerms(reference.get_submodule("classifier")) if model.task == TEXT_REGRESSION else None
    cases = []
    for text, context in texts:
        if model.task == QUESTION_ANSWERING:
            windows = predictor.prepare(AnswerRequest(text, context or "")).windows
            logits = [_reference_logits(reference, window) for window in windows]
            decide: Callable[[list[_Floats]], str] = partial(_answer, context or "", windows)
        else:
            logits = [_reference_logits(reference, predictor.text_window(text, context))[None]]
            decide = _label if model.task == TEXT_CLASSIFICATION else _no_decision
        cases.append(
            GoldenCase(
                text=text,
                context=context,
                logits=tuple(tuple(round(float(value), 5) for value in row) for row in logits[0]),
                result=decide(logits),
                decisive=is_decisive(logits, decide),
            )
        )
    return Golden(cases=tuple(cases), spread=None if terms is None else terms.spread(cases))


class HeadTerms:
    """The terms ``w_i h_i`` of the sum that is a rating, for every text that goes through the head.

    A rating is one number. Those of a few texts may be nearly alike, while rounding moves them as much as ever, so
    their standard deviation alone is no measure of errors. The root of the sum of the squared terms is one for any
    texts: the standard deviation of a sum whose terms have random signs.
    """

    def __init__(self, head: nn.Module) -> None:
        self._squares: list[float] = []
        head.register_forward_hook(self._add)

    def spread(self, cases: Sequence[GoldenCase]) -> float | None:
        """The larger one of the two, in the unit of the ratings; ``None`` for a head of zeros."""
        ratings = [case.logits[0][0] for case in cases]
        return max(float(np.std(ratings)), float(np.sqrt(np.mean(self._squares)))) or None

    def _add(self, head: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        terms = inputs[0] * getattr(head, "input_multiplier", 1.0) * head.weight
        self._squares.append(float(terms.square().sum()))


def _answer(context: str, windows: Sequence[Window], logits: list[_Floats]) -> str:
    start, end, _ = decode(context, windows, logits)
    return context[start:end]


def _no_decision(logits: list[_Floats]) -> str:
    """An embedding or a rating is compared by its numbers alone."""
    return ""


def _label(logits: list[_Floats]) -> str:
    return str(int(np.argmax(logits[0])))


def _reference_logits(reference: Any, window: Window) -> _Floats:
    import torch

    ids = torch.from_numpy(window.input_ids)[None]
    with torch.inference_mode():
        output = reference(ids, torch.ones_like(ids), torch.from_numpy(window.token_type_ids)[None], None)
    return output[0].float().numpy()  # type: ignore[no-any-return]
