from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantlat.deployment import Predictor
from tests.serving.bundles import write_tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def predictor(bundle: Path) -> Iterator[Predictor]:
    with Predictor.load(bundle, threads=1) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def embedding_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "embedding", "embedding")


@pytest.fixture(scope="session")
def rating_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "rating", "text-regression")
