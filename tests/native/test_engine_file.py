"""The engine's model file: what is packed comes back, and no damaged file gets past the reader."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantlat.native.engine_file import engine_bytes, pack_weight
from quantlat.quantization.artifact import QuantizedLinear
from tests.native.random_model import random_model
from tests.quantization.tiny import CONFIG

engine = pytest.importorskip("quantlat.native._engine", reason="the native engine was not built")


@pytest.fixture(scope="module", params=["question-answering", "embedding"])
def content(request: pytest.FixtureRequest) -> bytes:
    return engine_bytes(random_model(CONFIG, request.param))


def sealed(content: bytes | bytearray) -> bytes:
    """The bytes with a size and checksum that match them, so that the reader looks at the rest."""
    body = struct.pack("<Q", len(content)) + bytes(content[24:])
    return bytes(content[:12]) + struct.pack("<I", zlib.crc32(body)) + body


def test_a_weight_is_packed_in_blocks_of_32_outputs_and_steps_of_four_inputs() -> None:
    weight = np.arange(40 * 6, dtype=np.int16).reshape(40, 6).astype(np.int8)
    packed = pack_weight(weight)
    assert packed.shape == (2, 2, 32, 4)
    np.testing.assert_array_equal(packed[0, 0, 5], weight[5, :4])
    np.testing.assert_array_equal(packed[1, 1, 7], [*weight[39, 4:], 0, 0])
    assert not packed[1, :, 8:].any()


def test_a_sound_file_is_read(content: bytes) -> None:
    assert engine.Model.parse(content).layers == 2
    assert engine.Model.parse(sealed(content)).file_bytes == len(content)


@pytest.mark.parametrize("size", [0, 1, 7, 16, 127, 128, 200, 5000])
def test_a_truncated_file_is_refused(content: bytes, size: int) -> None:
    with pytest.raises(ValueError):
        engine.Model.parse(content[:size])
    if size >= 128:
        with pytest.raises(ValueError, match="ends inside"):
            engine.Model.parse(sealed(content[:size]))


def test_one_changed_bit_is_noticed(content: bytes) -> None:
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    with pytest.raises(ValueError, match="checksum"):
        engine.Model.parse(bytes(damaged))


def test_bytes_behind_the_last_section_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="follow the last section"):
        engine.Model.parse(sealed(content + bytes(64)))


@pytest.mark.parametrize("step", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_step_that_is_not_a_positive_number_is_refused(step: float) -> None:
    model = random_model(CONFIG)
    name = "encoder.layers.1.feed_forward.down"
    linear = model.linears[name]
    assert isinstance(linear, QuantizedLinear) and linear.input_multiplier is not None
    multiplier = linear.input_multiplier.copy()
    multiplier[5] = step
    damaged = replace(model, linears={**model.linears, name: replace(linear, input_multiplier=multiplier)})
    with pytest.raises(ValueError, match="layer 1 down"):
        engine.Model.parse(engine_bytes(damaged))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("part", ["weight scale", "bias", "embedding scale", "norm"])
def test_scales_and_biases_that_are_not_finite_are_refused(part: str, value: float) -> None:
    model = random_model(CONFIG)
    name, table, norm = "encoder.layers.0.attention.output", "encoder.embeddings.word", "encoder.embeddings.norm"
    linear = model.linears[name]
    assert isinstance(linear, QuantizedLinear)

    def spoilt(values: np.ndarray) -> np.ndarray:
        copy = values.copy()
        copy[3] = value
        return copy

    damaged = {
        "weight scale": lambda: {name: replace(linear, weight_scale=spoilt(linear.weight_scale))},
        "bias": lambda: {name: replace(linear, bias=spoilt(linear.bias))},
        "embedding scale": lambda: {
            table: replace(model.embeddings[table], weight_scale=spoilt(model.embeddings[table].weight_scale))
        },
        "norm": lambda: {norm: replace(model.norms[norm], weight=spoilt(model.norms[norm].weight))},
    }[part]()
    field = {"embedding scale": "embeddings", "norm": "norms"}.get(part, "linears")
    content = engine_bytes(replace(model, **{field: {**getattr(model, field), **damaged}}))
    with pytest.raises(ValueError, match="not finite"):
        engine.Model.parse(content)


@pytest.mark.parametrize("field", range(12))
def test_configurations_out_of_bounds_are_refused(content: bytes, field: int) -> None:
    damaged = bytearray(content)
    for value in (-1, 2**31 - 1):
        damaged[24 + 4 * field : 28 + 4 * field] = struct.pack("<i", value)
        with pytest.raises(ValueError, match="header"):
            engine.Model.parse(sealed(damaged))


@pytest.mark.parametrize("weight", [-1.0, 8.5, float("nan"), float("inf")])
def test_a_say_of_the_answer_head_out_of_bounds_is_refused(content: bytes, weight: float) -> None:
    damaged = bytearray(content)
    damaged[76:80] = struct.pack("<f", weight)
    with pytest.raises(ValueError, match="answer head's weight"):
        engine.Model.parse(sealed(damaged))


def test_only_a_model_that_answers_has_an_answer_head() -> None:
    damaged = bytearray(engine_bytes(random_model(CONFIG, "embedding")))
    damaged[76:80] = struct.pack("<f", 1.0)
    with pytest.raises(ValueError, match="answer head's weight"):
        engine.Model.parse(sealed(damaged))


def test_heads_larger_than_the_kernels_scratch_are_refused(content: bytes) -> None:
    damaged = bytearray(content)
    damaged[32:36], damaged[40:44] = struct.pack("<i", 1024), struct.pack("<i", 1)  # hidden size, heads
    with pytest.raises(ValueError, match="heads are larger than 512"):
        engine.Model.parse(sealed(damaged))
    with pytest.raises(ValueError, match="not one of an encoder"):
        engine.kernel_timings(8, 1024, 64, 1)


@pytest.mark.parametrize(("place", "value"), [(0, 0), (0, 3), (4, 0), (4, 129), (8, -1), (12, 2**31 - 1)])
def test_layers_wider_than_the_header_says_are_refused(content: bytes, place: int, value: int) -> None:
    damaged = bytearray(content)
    damaged[128 + place : 132 + place] = struct.pack("<i", value)  # heads and neurons of two layers
    with pytest.raises(ValueError, match="expected 1 to 2 and 1 to 128"):
        engine.Model.parse(sealed(damaged))


def test_layers_narrower_than_their_sections_are_refused(content: bytes) -> None:
    damaged = bytearray(content)
    damaged[128:132] = struct.pack("<i", 1)
    with pytest.raises(ValueError):
        engine.Model.parse(sealed(damaged))


@pytest.mark.parametrize("widths", [{}, {"layer_heads": (1, 2), "layer_neurons": (50, 9)}], ids=["whole", "narrow"])
def test_random_damage_never_crashes_the_reader_or_the_engine(widths: dict[str, tuple[int, ...]]) -> None:
    """Bounded fuzzing: a changed header or table is refused, or it still describes a model that can run."""
    content = engine_bytes(random_model(replace(CONFIG, **widths)))
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(int(rng.integers(1, 6))):
            place = rng.integers(0, 400) if rng.random() < 0.8 else rng.integers(0, len(content))
            damaged[int(place)] = int(rng.integers(0, 256))
        if rng.random() < 0.2:
            del damaged[int(rng.integers(0, len(damaged))) :]
        data = sealed(damaged) if len(damaged) >= 24 else bytes(damaged)
        try:
            model = engine.Model.parse(data)
        except ValueError:
            refused += 1
            continue
        engine.Session(model).run(np.arange(9), np.array([0, 2, 9]))
    assert 100 < refused < 400


def test_a_file_is_mapped_into_memory_and_shared(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.engine"
    path.write_bytes(content)
    models = [engine.Model.open(str(path)) for _ in range(2)]
    mappings = [line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(path))]
    assert len(mappings) == 2 and all(" r--p " in line for line in mappings)
    path.unlink()  # what is mapped stays
    assert engine.Session(models[0]).run(np.arange(5), np.array([0, 5])).shape in ((5, 2), (1, CONFIG.hidden_size))


def test_a_truncated_file_on_disk_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.engine"
    for size in (0, 100, 5000, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"model\.engine: "):
            engine.Model.open(str(path))
    with pytest.raises(ValueError, match="not a regular file"):
        engine.Model.open(str(tmp_path))


def test_a_missing_file_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no-such-file"):
        engine.Model.open("no-such-file")
