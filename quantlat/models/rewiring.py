"""Network rewiring: heads and neurons of every layer in the order of their importance, most important first.

DynaBERT (Hou et al., arXiv 2004.04037, §2.1). Importance is the first-order change of the loss when a head or neuron
is removed. A head's gate ``m`` multiplies its columns of the output projection, so ``dL/dm`` at 1 is the sum of
``w * dL/dw`` over them, and no gates are needed::

    head    sum over batches |sum_columns(w_out * g_out)|
    neuron  sum over batches |sum_in(w_up * g_up) + b_up * g_up_bias| + |sum_out(w_down * g_down)|

Two defects of the published code are avoided: gradients are zeroed between batches (there the magnitude of a running
sum is added up), and the batches are training data, not the dev set.

The reordered model computes the same function: rows of query, key, value and up move together with columns of the
output projection and down.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from quantlat.errors import DataError
from quantlat.models.elastic import ElasticLayer
from quantlat.models.heads import TaskModel, build_model
from quantlat.models.retention import ElasticConfig
from quantlat.models.subnetwork import check_layers, narrow_config, parent_name


@dataclass(frozen=True, eq=False)
class Importance:
    """Of every layer: fp32 ``heads[i]`` ``[heads]`` and ``neurons[i]`` ``[neurons]``, both not negative."""

    heads: tuple[Tensor, ...]
    neurons: tuple[Tensor, ...]


class ImportanceMeter:
    """Adds up importance over batches.

    Call :meth:`add` after the backward pass of each batch, with that batch's gradients alone on the parameters.
    """

    def __init__(self, model: TaskModel) -> None:
        self._layers: list[ElasticLayer] = list(model.encoder.layers)  # type: ignore[arg-type]
        self._heads = [torch.zeros(layer.attention.num_heads) for layer in self._layers]
        self._neurons = [torch.zeros(layer.feed_forward.up.out_features) for layer in self._layers]
        self.batches = 0

    def add(self) -> None:
        """Count the gradients that are on the parameters now."""
        for i, layer in enumerate(self._layers):
            attention, ffn = layer.attention, layer.feed_forward
            columns = _saliency(attention.output.weight).sum(0)
            self._heads[i] += columns.view(attention.num_heads, attention.head_size).sum(1).abs()
            up = _saliency(ffn.up.weight).sum(1) + _saliency(ffn.up.bias)
            self._neurons[i] += up.abs() + _saliency(ffn.down.weight).sum(0).abs()
        self.batches += 1

    def result(self) -> Importance:
        """The importance found.

        Raises:
            DataError: no batch was counted.
        """
        if not self.batches:
            raise DataError("importance of heads and neurons needs at least one batch of training data")
        return Importance(tuple(self._heads), tuple(self._neurons))


def rewire(model: TaskModel, importance: Importance) -> None:
    """Reorder heads and neurons of every layer, in place; the model's function stays the same.

    Equal importance keeps its order, so rewiring twice changes nothing.
    """
    with torch.no_grad():
        for layer, heads, neurons in zip(model.encoder.layers, importance.heads, importance.neurons, strict=True):
            assert isinstance(layer, ElasticLayer)
            attention, ffn = layer.attention, layer.feed_forward
            columns = _columns_of(_most_important_first(heads), attention.head_size)
            for linear in (attention.query, attention.key, attention.value):
                _take(linear.weight, columns, 0)
                _take(linear.bias, columns, 0)
            _take(attention.output.weight, columns, 1)
            order = _most_important_first(neurons)
            _take(ffn.up.weight, order, 0)
            _take(ffn.up.bias, order, 0)
            _take(ffn.down.weight, order, 1)


def _columns_of(heads: Tensor, size: int) -> Tensor:
    return (heads[:, None] * size + torch.arange(size)).flatten()


def extract(model: TaskModel, elastic: ElasticConfig) -> TaskModel:
    """The sub-network of ``elastic``'s width and layers as a dense model of its own, with copies of the weights.

    Raises:
        RecipeError: the model is not so wide or not so deep.
    """
    smaller = build_model(narrow_config(model.config, elastic.width, elastic.layers), model.task)
    views = parameter_views(model, smaller, elastic)
    smaller.load_state_dict({name: view.detach().clone() for name, view in views.items()})
    return smaller.eval()


def parameter_views(model: TaskModel, smaller: TaskModel, elastic: ElasticConfig) -> dict[str, Tensor]:
    """The parameters of a sub-network as views of those of the whole model: gradients arrive in the whole model's.

    Args:
        smaller: a model of the sub-network's configuration; only the shapes of its parameters are looked at.
    """
    layers = check_layers(model.config, elastic.layers)
    whole = dict(model.named_parameters())
    return {
        name: whole[parent_name(name, layers)][tuple(slice(n) for n in parameter.shape)]
        for name, parameter in smaller.named_parameters()
    }


def _saliency(parameter: Tensor) -> Tensor:
    """``w * dL/dw`` in fp32 on the CPU; zero where no gradient has arrived."""
    if parameter.grad is None:
        return torch.zeros(parameter.shape)
    return (parameter.detach() * parameter.grad).float().cpu()


def _most_important_first(importance: Tensor) -> Tensor:
    return torch.argsort(importance, descending=True, stable=True)


def _take(parameter: Tensor, order: Tensor, dim: int) -> None:
    parameter.copy_(parameter.index_select(dim, order.to(parameter.device)).clone())
