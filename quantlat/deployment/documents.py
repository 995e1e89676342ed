"""The texts of a bundle for people: README, licence notice, requirements, Dockerfile."""

from __future__ import annotations

import platform
import sys

from quantlat.deployment.manifest import OPENVINO, BundleManifest, BundleProfile

_BOOKWORM_GLIBC = (2, 36)
_CALLS = {
    "question-answering": 'predictor.answer("Who?", "A passage.", budget_ms=10).text',
    "text-classification": 'predictor.classify("A text.").label',
    "text-regression": 'predictor.rate("A text.", "Another text.").value',
    "embedding": 'predictor.embed(["A text.", "Another one."])  # one vector of length 1 for each',
}


def readme(manifest: BundleManifest, wheel: str, size_mib: float) -> str:
    """How to install, check and use the bundle, and what it promises."""
    call = _CALLS[manifest.task]
    role = "runtime" if manifest.runtime == OPENVINO else "fallback"
    openvino = f"\n    pip install --no-deps -r requirements-openvino.txt            # {role}, full length only"
    return f"""# {manifest.name}

{manifest.task} with INT8 weights, packaged {manifest.created[:10]} by quantlat {manifest.quantlat}; {size_mib:.1f} MiB.
Runs without PyTorch, transformers and Intel Neural Compressor.

## Install

Into an empty environment of Python {sys.version_info.major}.{sys.version_info.minor} (no compiler needed):

    pip install --no-deps -r requirements.txt wheels/{wheel}{openvino if manifest.has_openvino else ""}
    pip install --no-deps -r requirements-serving.txt             # command line and server

## Use

    python -m quantlat.deployment .        # self-check: files, CPU, golden inputs, latency against the promise
    quantlat serve .                       # HTTP on http://127.0.0.1:8000, with a page to try it

    from quantlat.deployment import Predictor
    predictor = Predictor.load(".")
    {call}

## Promise

Whole requests, tokenising included, {manifest.threads} thread(s), {manifest.runtime} runtime, median in ms, measured on
{manifest.machine.cpu} ({", ".join(manifest.machine.isa)}):

{_table(manifest)}

Accuracy on the dev set is in `report/`. Licences are in `licences/`.
"""


def notice(manifest: BundleManifest) -> str:
    """Licences of everything that is in the bundle."""
    origin = manifest.origin
    student, teacher = origin.student or "an unknown student", origin.teacher or "no teacher"
    return f"""# Licences

- **Program** (`wheels/`): quantlat, Apache-2.0; see `quantlat.txt`.
- **Model** (`model/`, `fallback/`): weights derived from {student}, taught by {teacher}.
  Licence: {origin.model_licence}
- **Data** the model was trained, calibrated and checked with (a few of its texts are in `golden.json`): {origin.data}.
  Licence: {origin.data_licence}
"""


def dockerfile(wheel: str, openvino: bool) -> str:
    """An image that serves the bundle as an ordinary user, after it has checked itself."""
    fallback = " -r requirements-openvino.txt" if openvino else ""
    return f"""# docker build -t bundle . && docker run --rm -p 8000:8000 bundle
# Python and Debian as the engine was built for: its interface, and a C library that is not older.
FROM {base_image(platform.libc_ver()[1])}
WORKDIR /bundle
COPY requirements*.txt ./
COPY wheels ./wheels
RUN pip install --no-cache-dir --no-deps -r requirements.txt -r requirements-serving.txt{fallback} wheels/{wheel}
COPY . .
RUN useradd --system --no-create-home quantlat
USER quantlat
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \\
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# The server answers the golden inputs before it listens; this also measures latency against the promise:
#   docker run --rm bundle quantlat selfcheck /bundle
CMD ["quantlat", "serve", "/bundle", "--host", "0.0.0.0", "--port", "8000"]
"""


def base_image(glibc: str) -> str:
    """The official image of this Python whose C library is at least ``glibc``, the one the engine was built with."""
    version = tuple(int(part) for part in glibc.split(".")[:2] if part.isdigit())
    debian = "bookworm" if version <= _BOOKWORM_GLIBC else "trixie"
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim-{debian}"


def _table(manifest: BundleManifest) -> str:
    tables = {p.name: p.latency_by_tokens.get(manifest.runtime, ()) for p in manifest.profiles}
    lengths = sorted({point.tokens for points in tables.values() for point in points})
    head = "| profile | accuracy | " + " | ".join(f"{n} tokens" for n in lengths) + " |"
    rows = [head, "|---" * (len(lengths) + 2) + "|"]
    for profile in manifest.profiles:
        times = {point.tokens: f"{point.median_ms:.2f}" for point in tables[profile.name]}
        cells = " | ".join(times.get(n, "") for n in lengths)
        rows.append(f"| {profile.name} | {_accuracy(profile)} | {cells} |")
    return "\n".join(rows)


def _accuracy(profile: BundleProfile) -> str:
    if profile.accuracy is None:
        return ""
    if profile.accuracy_ci is None:
        return f"{profile.metric} {profile.accuracy:.1f}"
    low, high = profile.accuracy_ci
    return f"{profile.metric} {profile.accuracy:.1f} ({low:.1f} to {high:.1f})"
