from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quantlat.data.batching import collate, length_buckets
from quantlat.data.windows import Window
from quantlat.errors import DataError
from quantlat.models import ElasticConfig, QAModel, WidthConfig, extract
from quantlat.progress import QuietProgress
from quantlat.recipe.schema import DynaBertStage, SubnetworkTraining
from quantlat.training.device import Execution
from quantlat.training.dynabert import DynaBertStep, measure_importance, network_of, train_dynabert
from quantlat.training.length_sampling import make_sampler
from quantlat.training.losses import forward_kl, span_cross_entropy
from quantlat.training.sliced import SubnetworkPasses
from quantlat.training.step import StepContext

Windows = tuple[Window, ...]
NewModel = Callable[..., QAModel]


def options(**changes: Any) -> SubnetworkTraining:
    values = {"epochs": 2, "learning_rate": 2e-3, "batch_size": 8, "precision": "fp32", **changes}
    return SubnetworkTraining(**values)


def sharpened(model: QAModel) -> QAModel:
    """Fresh weights hardly tell tokens apart; larger ones make every sub-network answer differently."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8.0)
    return model


def test_importance_is_the_gradient_of_a_gate_summed_batch_by_batch(new_model: NewModel, windows: Windows) -> None:
    """A gate in front of each head: its gradient is taken by autograd, each batch on its own."""
    model = sharpened(new_model())
    measured = measure_importance(model, windows[:20], seed=3)
    layer = model.encoder.layers[0]
    heads, size = layer.attention.num_heads, layer.attention.head_size  # type: ignore[union-attr]
    expected, neurons = torch.zeros(heads), torch.zeros(model.config.intermediate_size)
    lengths = np.array([window.length for window in windows[:20]], dtype=np.int64)
    batches = length_buckets(lengths, 8, seed=3, epoch=0)
    assert len(batches) > 1
    for indices in batches:
        batch = collate(windows, indices, 0)
        gates, middle = torch.ones(heads, requires_grad=True), torch.ones(len(neurons), requires_grad=True)
        hooks = [
            layer.attention.output.register_forward_pre_hook(  # type: ignore[union-attr]
                lambda _, x, gates=gates: (x[0] * gates.repeat_interleave(size),)
            ),
            layer.feed_forward.down.register_forward_pre_hook(lambda _, x, m=middle: (x[0] * m,)),  # type: ignore[union-attr]
        ]
        logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        loss = span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask)
        head_gradient, neuron_gradient = torch.autograd.grad(loss, (gates, middle))
        expected += head_gradient.abs()
        neurons += neuron_gradient.abs()
        for hook in hooks:
            hook.remove()
    torch.testing.assert_close(measured.heads[0], expected, rtol=1e-3, atol=1e-7)
    assert bool((measured.neurons[0] >= neurons - 1e-6).all())  # the part of down alone; up adds to it
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(DataError, match="training windows"):
        measure_importance(model, [], seed=3)


def test_a_pass_on_slices_equals_the_dense_sub_network_and_teaches_the_whole_model(
    new_model: NewModel, windows: Windows
) -> None:
    model = sharpened(new_model()).train()
    batch = collate(windows, range(4), 0)
    network = network_of(model.config, 0.5, 0.5)
    assert network.layers == (0,) and network.width is not None
    passes = SubnetworkPasses(model)
    result = passes.run(network, batch)
    dense = extract(model, network)
    expected = dense(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    torch.testing.assert_close(result.logits, expected, atol=1e-5, rtol=0)
    assert len(result.states) == 2
    lengths = torch.tensor([[3], [2], [4], [2]])
    dropped = passes.run(network, batch, lengths).logits
    torch.testing.assert_close(
        dropped, dense(batch.input_ids, batch.attention_mask, batch.token_type_ids, lengths), atol=1e-5, rtol=0
    )
    result.logits.square().sum().backward()
    up = model.encoder.layers[0].feed_forward.up.weight.grad  # type: ignore[union-attr]
    kept = network.width.neurons[0]
    assert up[:kept].abs().sum() > 0 and up[kept:].abs().sum() == 0  # type: ignore[index]
    assert model.encoder.layers[1].feed_forward.up.weight.grad is None  # type: ignore[union-attr]


@pytest.mark.parametrize("drop_tokens", [False, True])
def test_a_step_adds_up_the_gradients_of_its_sub_networks(
    new_model: NewModel, windows: Windows, drop_tokens: bool
) -> None:
    model, teacher = sharpened(new_model()).train(), sharpened(new_model(seed=9)).requires_grad_(False)
    before = copy.deepcopy(teacher.state_dict())
    batch = collate(windows, range(4), 0)
    networks = ((1.0, 1.0), (0.5, 1.0), (0.5, 0.5))
    sampler = make_sampler("late") if drop_tokens else None
    step = DynaBertStep(options(hidden_weight=0.0), teacher, networks, True, sampler)
    context = StepContext(0, 10, 42, Execution("fp32"))
    parts = step(model, batch, context)
    assert set(parts) == {"largest", "smallest", "random"} | ({"dropped"} if drop_tokens else set())
    narrow = extract(teacher, network_of(teacher.config, 0.5, 1.0))
    target = narrow(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    logits = SubnetworkPasses(model).run(network_of(model.config, 0.5, 0.5), batch).logits
    torch.testing.assert_close(parts["smallest"], forward_kl(logits, target, batch.attention_mask).detach())
    whole = [parts[name] for name in ("largest", "smallest", "random")]
    mean = torch.stack(whole).mean()
    mean = (mean + parts["dropped"]) / 2 if drop_tokens else mean
    assert context.loss is not None
    torch.testing.assert_close(context.loss, mean)
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())
    assert all(p.grad is not None for name, p in model.named_parameters() if "layers" in name)


def test_sub_networks_are_asked_early_where_the_head_has_a_say(new_model: NewModel, windows: Windows) -> None:
    """Of the states that enter layers in which the second pass of the same sub-network drops tokens."""
    batch, networks = collate(windows, range(4), 0), ((1.0, 1.0), (0.5, 1.0))
    teacher = sharpened(new_model(num_layers=4, seed=9)).requires_grad_(False)
    for say, weight in ((1.0, 2.0), (1.0, 0.0), (0.0, 2.0)):
        model = sharpened(new_model(num_layers=4)).train()
        model.set_answer_weight(say)
        sampler = make_sampler("late")
        step = DynaBertStep(options(hidden_weight=0.0), teacher, networks, False, sampler, weight)
        context = StepContext(0, 10, 42, Execution("fp32"))
        parts = step(model, batch, context)
        assert ("early" in parts) is (say > 0.0 and weight > 0.0)
        if "early" not in parts:
            continue
        rng, mask, told = StepContext(0, 10, 42, Execution("fp32")).rng(), batch.attention_mask.bool(), []
        rng.permutation(0)
        target = teacher(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        tokens = mask.sum(1).numpy()
        for width, depth in networks:
            lengths = sampler.random(tokens, 4, rng)
            first = max(1, next((i for i in range(4) if (lengths[:, i] < tokens).any()), 4))
            states = SubnetworkPasses(model).run(network_of(model.config, width, depth), batch).states[first:-1]
            assert states
            said = [forward_kl(model.head(state, mask), target, batch.attention_mask) for state in states]
            told.append(torch.stack(said).mean().detach())
        torch.testing.assert_close(parts["early"], torch.stack(told).mean())
        whole = torch.stack([parts["largest"], parts["smallest"]]).mean()
        assert context.loss is not None
        torch.testing.assert_close(context.loss, (whole + weight * parts["early"] + parts["dropped"]) / 2)


def test_training_brings_the_sub_networks_closer_to_the_model(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    model = sharpened(new_model())
    stage = DynaBertStage(
        widths=(0.5,), depths=(0.5,), width=options(epochs=6), depth=options(epochs=6), importance_windows=8
    )
    batch, teacher = collate(windows, range(8), 0), copy.deepcopy(model)
    inputs = (batch.input_ids, batch.attention_mask, batch.token_type_ids)

    def distance(elastic: ElasticConfig) -> float:
        with torch.no_grad():
            return float(forward_kl(extract(model, elastic)(*inputs), teacher(*inputs), batch.attention_mask))

    narrow, small = network_of(model.config, 0.5, 1.0), network_of(model.config, 0.5, 0.5)
    before = distance(narrow), distance(small)
    results = train_dynabert(model, windows, stage, state_dir=tmp_path, progress=QuietProgress())
    assert set(results) == {"width", "depth"}
    assert distance(narrow) < 0.8 * before[0]
    assert distance(small) < 0.8 * before[1]
    assert network_of(model.config, 1.0, 1.0).is_whole_network
    assert narrow.width == WidthConfig.uniform(model.config, 0.5)
