"""Tiny real objects: a 2-layer encoder, its trained tokenizer, and windows of generated questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from quantlat.data.embedded import generate
from quantlat.data.windows import Window, WindowSet, make_windows
from quantlat.errors import Interrupted
from quantlat.models import EncoderConfig, QAModel, Tokenizer, build_model
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.progress import Progress, ProgressTask, QuietProgress

NewModel = Callable[..., QAModel]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_tokenizer("bert")


@pytest.fixture(scope="session")
def window_set(tokenizer: Tokenizer) -> WindowSet:
    """40-odd windows of up to 96 tokens; some do not hold the answer."""
    train, _ = generate(20, 4, 11)
    return make_windows(train, tokenizer, max_tokens=96, stride=24)


@pytest.fixture(scope="session")
def windows(window_set: WindowSet) -> tuple[Window, ...]:
    return window_set.windows[:32]


@pytest.fixture(scope="session")
def new_model(tokenizer: Tokenizer) -> NewModel:
    config = EncoderConfig(
        family="bert",
        vocab_size=tokenizer.vocab_size,
        hidden_size=32,
        num_layers=2,
        num_heads=2,
        intermediate_size=64,
        max_positions=256,
        type_vocab_size=2,
    )

    def build(seed: int = 0, **changes: int) -> QAModel:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = build_model(replace(config, **changes), "question-answering")
        assert isinstance(model, QAModel)
        return model

    return build


@pytest.fixture
def interrupted_at() -> Callable[[float], Progress]:
    return _InterruptedAt


class _InterruptedAt(QuietProgress):
    """Raises once, after so many units of the task are done, as Ctrl-C between two steps does."""

    def __init__(self, units: float, error: BaseException | None = None) -> None:
        super().__init__()
        self.left = units
        self.error = error or Interrupted("stopped by the test")

    @contextmanager
    def task(
        self, name: str, total: float | None = None, *, unit: str = "step", done: float = 0
    ) -> Iterator[ProgressTask]:
        outer = self

        class Task:
            def advance(self, amount: float = 1, *, tokens: int = 0) -> None:
                outer.left -= amount
                if outer.left <= 0:
                    raise outer.error

            def note(self, text: str) -> None:
                pass

        yield Task()
