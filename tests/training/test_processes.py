"""Two processes that train together, started as a launcher starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from safetensors.torch import save_file

from quantlat.models import QAModel, Tokenizer, save_huggingface

# Softmax makes their gradients zero, up to rounding.
WITHOUT_GRADIENT = ("key.bias", "qa_outputs.bias", "1.feed_forward.norm.bias")
SCRIPT = """
import os
import sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from quantlat.data.embedded import generate
from quantlat.data.windows import make_windows
from quantlat.models import load_folder
from quantlat.progress import QuietProgress
from quantlat.recipe.schema import LengthDropStage, TrainOptions
from quantlat.training import compute_soft_labels, finetune_teacher, train_length_drop

torch.set_num_threads(1)
out = Path(sys.argv[1])
loaded = load_folder(out.parent / "model")
windows = make_windows(generate(10, 2, 11)[0], loaded.tokenizer, max_tokens=96, stride=24).windows[:13]
quiet = QuietProgress()
options = TrainOptions(epochs=1, learning_rate=1e-3, batch_size=4, precision="fp32", freeze_embeddings=False)
labels = compute_soft_labels(
    loaded.model, windows, pad_token_id=0, state_dir=out / "b", progress=quiet, precision="fp32", batch_size=3
)
first = finetune_teacher(loaded.model, windows, options, state_dir=out / "a", progress=quiet)
second = train_length_drop(
    loaded.model, windows, LengthDropStage(train=options, layer_drop=0.3), labels=labels, state_dir=out / "c",
    progress=quiet,
)
rank = os.environ.get("RANK", "0")
tensors = {name: p.detach().clone() for name, p in loaded.model.named_parameters()}
tensors["losses"] = torch.tensor([v for r in (first, second) for _, v in r.loss_curve.points()])
tensors["labels"] = torch.cat([torch.from_numpy(row.copy()) for row in labels.logits])
tensors["processes"] = torch.tensor(first.processes)
save_file(tensors, out / f"rank{rank}.safetensors")
"""


def start(folder: Path, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, **variables, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_processes_train_what_one_trains(
    new_model: Callable[..., QAModel], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    model = new_model()
    save_huggingface(model, tokenizer, tmp_path / "model")
    save_file(dict(model.named_parameters()), tmp_path / "before.safetensors")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    together = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    folders = {"one": tmp_path / "one", "two": tmp_path / "two"}
    for folder in folders.values():
        folder.mkdir()
    running = [
        start(folders["one"]),
        start(folders["two"], RANK="0", LOCAL_RANK="0", **together),
        start(folders["two"], RANK="1", LOCAL_RANK="1", **together),
    ]
    for process in running:
        output, _ = process.communicate(timeout=280)
        assert process.returncode == 0, output
    one = load_file(folders["one"] / "rank0.safetensors")
    ranks = [load_file(folders["two"] / f"rank{rank}.safetensors") for rank in (0, 1)]
    assert (int(one.pop("processes")), [int(rank.pop("processes")) for rank in ranks]) == (1, [2, 2])
    before = load_file(tmp_path / "before.safetensors")
    for name, expected in one.items():
        assert np.array_equal(ranks[0][name], ranks[1][name]), name
        if name not in before:
            np.testing.assert_allclose(ranks[0][name], expected, atol=1e-5, rtol=1e-3, err_msg=name)
        elif not name.endswith(WITHOUT_GRADIENT):
            # Not element by element: AdamW makes a step of size lr out of every rounding error.
            difference = np.linalg.norm(ranks[0][name] - expected)
            assert difference < 0.02 * np.linalg.norm(expected - before[name]), name
