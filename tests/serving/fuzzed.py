"""A server for the fuzz test, ``python -m tests.serving.fuzzed BUNDLE``: low limits, so that trying them is cheap."""

from __future__ import annotations

import sys
from pathlib import Path

from quantlat.deployment import Predictor
from quantlat.serving import Limits, ServerOptions, serve

LIMITS = Limits(body_bytes=1 << 16, items=5, question_chars=120, text_chars=600)


def main(bundle: str) -> None:
    """Serve until SIGTERM, with the model in a process of its own, as the command line does."""
    with Predictor.load(Path(bundle), threads=1, isolated=True) as predictor:
        serve(predictor, ServerOptions(port=0, limits=LIMITS), lambda text: print(text, file=sys.stderr, flush=True))


if __name__ == "__main__":
    main(sys.argv[1])
