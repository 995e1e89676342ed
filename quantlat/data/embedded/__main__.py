"""Write the generated set as SQuAD v1.1 files: ``python -m quantlat.data.embedded OUT_DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path

from quantlat.data.embedded.generator import generate
from quantlat.data.squad import write_squad


def main() -> None:
    """Write ``train.json`` and ``dev.json``."""
    parser = argparse.ArgumentParser(prog="python -m quantlat.data.embedded", description=main.__doc__)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--train-questions", type=int, default=2400)
    parser.add_argument("--dev-questions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    parts = generate(options.train_questions, options.dev_questions, options.seed)
    options.out_dir.mkdir(parents=True, exist_ok=True)
    for name, part in zip(("train", "dev"), parts, strict=True):
        path = options.out_dir / f"{name}.json"
        write_squad(part, path)
        print(f"{path}: {len(part)} questions on {len({example.context for example in part})} passages")


if __name__ == "__main__":
    main()
