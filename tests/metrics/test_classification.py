from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import DataError
from quantlat.metrics import accuracy, correct


def test_accuracy_is_the_share_of_largest_logits_in_points() -> None:
    logits = np.array([[0.1, 0.9], [2.0, -1.0], [0.0, 1.0], [3.0, 4.0]])
    assert correct([1, 0, 0, 1], logits).tolist() == [100, 100, 0, 100]
    assert accuracy([1, 0, 0, 1], logits) == 75.0


def test_nothing_cannot_be_scored() -> None:
    with pytest.raises(DataError):
        accuracy([], np.zeros((0, 2)))
