"""Dropping and restoring tokens computes what it should, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from quantlat.models import EncoderConfig, QAModel, RetentionConfig, build_model
from quantlat.models.elastic import Survivors, restore_rows, select_rows, significance

CONFIG = EncoderConfig("bert", 200, 64, 4, 2, 128, 96, 2)
FALLING = RetentionConfig((0.9, 0.7, 0.4, 0.15))


@pytest.fixture(scope="module", params=[0.0, 1.5], ids=["attention", "answers"])
def model(request: pytest.FixtureRequest) -> QAModel:
    torch.manual_seed(0)
    model = build_model(replace(CONFIG, answer_weight=request.param), "question-answering")
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    assert isinstance(model, QAModel)
    return model.eval()


def inputs(*lengths: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    n = max(lengths)
    generator = torch.Generator().manual_seed(sum(lengths))
    ids = torch.randint(5, 200, (len(lengths), n), generator=generator)
    mask = (torch.arange(n)[None, :] < torch.tensor(lengths)[:, None]).long()
    types = (torch.arange(n)[None, :] >= n // 4).long().expand(len(lengths), n) * mask
    return ids * mask, mask, types


def reference_forward(model: QAModel, ids: torch.Tensor, types: torch.Tensor, lengths: tuple[int, ...]) -> torch.Tensor:
    """The method written down once more, for one sequence, row by row."""
    encoder = model.encoder
    hidden = encoder.embeddings(ids[None], types[None])[0]
    alive, restored = torch.arange(len(ids)), hidden.clone()
    for layer, keep in zip(encoder.layers, lengths, strict=True):
        a = layer.attention
        q, k, v = (p(hidden).view(-1, 2, 32) for p in (a.query, a.key, a.value))
        probabilities = torch.einsum("qhd,khd->hqk", q, k).div(32**0.5).softmax(-1)
        received = probabilities.sum((0, 1))
        if model.config.answer_weight:
            opinions = model.qa_outputs(hidden).softmax(0).amax(1)
            received = received * opinions**model.config.answer_weight
        order = sorted(range(1, len(alive)), key=lambda j: -float(received[j]))
        chosen = torch.tensor(sorted([0, *order[: keep - 1]]))
        context = torch.einsum("hqk,khd->qhd", probabilities, v).reshape(-1, 64)
        hidden = a.norm(hidden[chosen] + a.output(context[chosen]))
        hidden = layer.feed_forward.norm(hidden + layer.feed_forward(hidden))
        alive = alive[chosen]
        restored[alive] = hidden
    return model.qa_outputs(restored)


@torch.no_grad()
def test_elastic_pass_equals_the_method_written_row_by_row(model: QAModel) -> None:
    ids, mask, types = inputs(37)
    lengths = FALLING.lengths(37)
    expected = reference_forward(model, ids[0], types[0], lengths)
    found = model(ids, mask, types, torch.tensor(lengths))[0]
    assert torch.allclose(found, expected, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("n", [2, 3, 15, 16, 17, 96])
def test_full_lengths_equal_the_plain_pass(model: QAModel, n: int) -> None:
    ids, mask, types = inputs(n)
    plain = model(ids, mask, types)
    assert torch.allclose(model(ids, mask, types, torch.full((4,), n)), plain, atol=1e-5)


@torch.no_grad()
def test_dropping_only_padding_changes_nothing(model: QAModel) -> None:
    ids, mask, types = inputs(40, 25, 9)
    plain = model(ids, mask, types)
    real = mask.bool()
    per_sequence = mask.sum(1)[:, None].expand(3, 4)
    assert torch.allclose(model(ids, mask, types, per_sequence)[real], plain[real], atol=1e-5)
    alone = model(ids[1:2], mask[1:2], types[1:2])
    shrunk = model(ids[1:2], mask[1:2], types[1:2], torch.tensor([30, 25, 25, 25]))
    assert torch.allclose(shrunk[0, :25], alone[0, :25], atol=1e-5)


@torch.no_grad()
def test_a_mixed_batch_gives_each_sequence_its_own_lengths(model: QAModel) -> None:
    ids, mask, types = inputs(50, 33, 12, 2)
    lengths = torch.tensor([FALLING.lengths(int(n)) for n in mask.sum(1)])
    together = model(ids, mask, types, lengths)
    for row, n in enumerate(mask.sum(1).tolist()):
        alone = model(ids[row : row + 1, :n], mask[row : row + 1, :n], types[row : row + 1, :n], lengths[row])
        assert torch.allclose(together[row, :n], alone[0], atol=1e-5)


@torch.no_grad()
def test_what_stands_in_the_padding_does_not_matter(model: QAModel) -> None:
    ids, mask, types = inputs(30, 11)
    lengths = torch.tensor([FALLING.lengths(int(n)) for n in mask.sum(1)])
    other = torch.where(mask.bool(), ids, 77)
    before, after = model(ids, mask, types, lengths), model(other, mask, types, lengths)
    assert torch.equal(before[mask.bool()], after[mask.bool()])


@torch.no_grad()
def test_the_first_token_survives_even_if_nobody_looks_at_it(model: QAModel) -> None:
    probabilities = torch.zeros(1, 2, 6, 6)
    probabilities[..., 1:] = 0.2
    scores = significance(probabilities, torch.ones(1, 6, dtype=torch.bool))
    rows, _ = select_rows(scores, torch.tensor(2), 6)
    assert rows[0, 0] == 0


def test_padding_queries_have_no_vote() -> None:
    probabilities = torch.zeros(1, 1, 4, 4)
    probabilities[0, 0, :2, 1] = 1.0  # the two real queries look at token 1
    probabilities[0, 0, 2:, 2] = 1.0  # padding looks at token 2, which is padding too
    mask = torch.tensor([[True, True, False, False]])
    scores = significance(probabilities, mask)
    assert scores[0, :2].tolist() == [float("inf"), 2.0]
    assert (scores[0, 2:] < -1e6).all()


@torch.no_grad()
def test_likely_answers_stay_where_the_head_has_a_say(model: QAModel) -> None:
    wanted = QAModel(replace(CONFIG, answer_weight=4.0)).eval()
    wanted.load_state_dict(model.state_dict())
    ids, mask, types = inputs(40)
    hidden = wanted.encoder.embeddings(ids, types)
    opinion = wanted.answer_scores(hidden, mask.bool())[0]
    for weight, spared in ((0.0, False), (4.0, True)):
        wanted.set_answer_weight(weight)
        rows = Survivors(hidden, mask.bool(), torch.arange(40)[None])
        kept = wanted.encoder.layers[0].drop(rows, torch.tensor(6), scorer=wanted.scorer).positions[0].tolist()
        assert set(opinion[1:].topk(3).indices.add(1).tolist()).issubset(kept) == spared


def test_padding_has_no_part_in_what_the_head_thinks(model: QAModel) -> None:
    hidden = torch.randn(1, 12, 64, generator=torch.Generator().manual_seed(4))
    mask = torch.arange(12)[None] < 9
    padded, alone = model.answer_scores(hidden, mask), model.answer_scores(hidden[:, :9], mask[:, :9])
    assert torch.allclose(padded[:, :9], alone, atol=1e-6)


def test_kept_rows_stay_in_order_and_short_sequences_are_marked() -> None:
    scores = torch.tensor([[9.0, 1.0, 5.0, 3.0], [9.0, 8.0, 7.0, 6.0]])
    rows, valid = select_rows(scores, torch.tensor([3, 1]), 4)
    assert rows[0].tolist() == [0, 2, 3]
    assert valid is not None and valid.tolist() == [[True] * 3, [True, False, False]]


def test_more_rows_may_be_computed_than_any_sequence_keeps() -> None:
    scores = torch.tensor([[9.0, 1.0, 3.0, 2.0, 5.0], [9.0, 4.0, 1.0, 0.0, -1.0]])
    rows, valid = select_rows(scores, torch.tensor([3, 2]), 5, 4)
    assert valid is not None and rows.shape == (2, 4)
    assert [row[keep].tolist() for row, keep in zip(rows, valid, strict=True)] == [[0, 2, 4], [0, 1]]
    assert select_rows(scores, torch.tensor([3, 2]), 5, 8)[0].shape == (2, 5)


def test_thrown_away_rows_land_in_the_scratch_row() -> None:
    restored = torch.zeros(1, 4, 1)
    rows = Survivors(torch.ones(1, 2, 1), torch.tensor([[True, False]]), torch.tensor([[2, 1 << 30]]))
    assert restore_rows(restored, rows)[0, :3, 0].tolist() == [0.0, 0.0, 1.0]


def test_skipped_layers_leave_rows_untouched(model: QAModel) -> None:
    ids, mask, types = inputs(20)
    everything = frozenset(range(4))
    hidden = model.encoder(ids, mask, types, torch.full((4,), 20), everything)
    assert torch.equal(hidden, model.encoder.embeddings(ids, types))


@torch.no_grad()
def test_observation_matches_the_plain_pass(model: QAModel) -> None:
    ids, mask, types = inputs(21, 13)
    seen = model.encoder.observe(ids, mask, types)
    assert len(seen.hidden_states) == 5 and len(seen.scores) == 4
    assert torch.allclose(seen.hidden_states[-1], model.encoder(ids, mask, types), atol=1e-5)


def test_gradients_reach_every_layer_through_dropped_rows(model: QAModel) -> None:
    ids, mask, types = inputs(24)
    model.zero_grad()
    model(ids, mask, types, torch.tensor(FALLING.lengths(24))).square().sum().backward()
    for layer in model.encoder.layers:
        assert layer.feed_forward.up.weight.grad.abs().sum() > 0
    model.zero_grad()


@torch.no_grad()
def test_one_exported_graph_runs_every_configuration(model: QAModel) -> None:
    ids, mask, types = inputs(30)
    n = torch.export.Dim("n", min=3, max=96)
    program = torch.export.export(
        model,
        (ids, mask, types, torch.tensor(FALLING.lengths(30))),
        dynamic_shapes=({1: n}, {1: n}, {1: n}, None),
        strict=False,
    )
    for tokens, config in ((30, FALLING), (61, RetentionConfig((1, 0.5, 0.3, 0.1))), (17, RetentionConfig.full(4))):
        batch = inputs(tokens)
        lengths = torch.tensor(config.lengths(tokens))
        assert torch.allclose(program.module()(*batch, lengths), model(*batch, lengths), atol=1e-5)
