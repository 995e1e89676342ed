"""One folder of compiled graphs: an export takes seconds, and several files ask for the same graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.untraced import untraced_exporters as untraced_exporters


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphs")
